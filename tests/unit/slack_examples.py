"""What the views of the tests show: a case in every state, and every view made of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from bot.analysis import audit
from bot.analysis.audit import AuditAction
from bot.analysis.case_profile import CaseProfile, FailureExcerpt, ListedCase
from bot.analysis.case_state import CaseState, VariantScore
from bot.analysis.commit_state import CaseFailure, FailureClass
from bot.analysis.connection import Component, ServiceConnection
from bot.analysis.explanation.counterfactual import ReleaseAfter
from bot.analysis.explanation.evidence import Evidence, FailureKind
from bot.analysis.explanation.explanation import Explanation
from bot.analysis.explanation.regression import FirstBad
from bot.analysis.home import Home, Page, Pages
from bot.analysis.impact import Impact
from bot.analysis.incident import Incident, Kind
from bot.analysis.model import (
    SYSTEM,
    Actor,
    ActorKind,
    CaseId,
    Channel,
    Problem,
    QuarantineId,
    RepositoryId,
    RunId,
    Status,
    Verdict,
    WorkspaceId,
)
from bot.analysis.quarantine.lifecycle import Quarantine, Scope, State
from bot.analysis.quarantine.policy import DEFAULT, ApprovalPolicy, PathOverride, Policy, Team
from bot.analysis.repository_summary import RepositorySummary
from bot.analysis.subscription import Filters, NamedSubscription, Subscription
from bot.slack.block_kit import Message, View
from bot.slack.form_metadata import CaseMetadata
from bot.slack.ids import CaseAction
from bot.slack.views import (
    card,
    case,
    case_list,
    confirmation,
    home,
    impact,
    modal,
    news,
    policy,
    repository,
    response,
    run,
    thread,
)
from bot.slack.views.case import AuditLine
from bot.slack.views.case_list import ListKind
from bot.slack.views.news import ImportSummary
from bot.slack.views.response import CaseOption, CommandHelp
from bot.slack.views.run import RunAnswer

NOW = datetime(2026, 11, 23, 14, 13, tzinfo=UTC)
ANA = Actor(ActorKind.SLACK, "U0ANA", "Ana Flores")
BEN = Actor(ActorKind.SLACK, "U0BEN", "Ben Okafor")


def outage(kind: Kind, name: str) -> Incident:
    """A suite or a runner of a run that is out."""
    return Incident(
        id=1, repository_id=RepositoryId(1), kind=kind, started_at=NOW, ended_at=None, reason="", actor=SYSTEM,
        suite=name, failed=14, ran=15,
    )  # fmt: skip


LINUX = VariantScore(
    case_id=CaseId(42), variant="ci.yml linux", status=Status.FLAKY, p_flaky=0.97, p_broken=0.01,
    ranking=3.5, rate=0.1346, interval=(0.07, 0.23),
    runs=52, failures=7, mixed_commits=3,
)  # fmt: skip
MAC = replace(LINUX, variant="ci.yml mac", status=Status.HEALTHY, p_flaky=0.02, rate=0.004, failures=0, mixed_commits=0)
FAILURE = FailureExcerpt(
    message="AssertionError: 1299 != 1300",
    text="AssertionError: 1299 != 1300\n  tests/api/test_cart.py:88",
    fingerprint_id=31,
    variant="ci.yml linux",
    sha="abc1234def5678",
    run_number=812,
    run_url="https://github.example/acme/shop/actions/runs/7",
    occurred_at=NOW - timedelta(hours=1),
    category="assertion",
    evidence="AssertionError",
)
FLAKY = CaseProfile(
    repository_id=RepositoryId(4711), repository="acme/shop", case_id=CaseId(42), uid="a1b2c3d4",
    title="tests/api/test_cart.py::test_total", state=CaseState(CaseId(42), (LINUX, MAC)), last_failure=FAILURE,
    first_seen_at=NOW - timedelta(days=30),
)  # fmt: skip


def of_status(status: Status) -> CaseProfile:
    """The flaky case with this status."""
    return replace(FLAKY, state=CaseState(CaseId(42), (replace(LINUX, status=status), MAC)))


RED = replace(FLAKY, last_failure=replace(FAILURE, red_run=RunId(9)))
ADDRESS = "https://fg.example/t/a1b2c3d4?w=1&c=42&e=1&s=2"
RECENT = (Verdict.PASSED,) * 5 + (Verdict.FLAKY, Verdict.FAILED, Verdict.SKIPPED, Verdict.PASSED)
PROPOSED = Quarantine(
    id=QuarantineId(7), repository_id=RepositoryId(4711), case_id=CaseId(42), state=State.PROPOSED, scope=Scope.CASE,
    variant=None, fingerprint_id=None, days=14, reason="payments-sandbox is slow since Monday", owner="U0ANA",
    proposed_by=ANA, proposed_at=NOW - timedelta(minutes=9), decided_by=None, decided_at=None, decision=None,
    expires_at=None, version=1,
)  # fmt: skip
ACTIVE = replace(
    PROPOSED, state=State.ACTIVE, decided_by=BEN, decided_at=NOW, expires_at=NOW + timedelta(days=14), version=2
)
SUSPENDED = replace(ACTIVE, state=State.SUSPENDED, decided_by=SYSTEM, version=3)
REJECTED = replace(
    PROPOSED, state=State.REJECTED, decided_by=BEN, decided_at=NOW, decision="bug: the cart rounds twice"
)
HEALTHY = replace(FLAKY, state=CaseState(CaseId(42), (MAC,)))
BROKEN = replace(FLAKY, state=CaseState(CaseId(42), (replace(LINUX, status=Status.BROKEN, p_broken=0.999),)))
TOP = (ListedCase(FLAKY),)
HEALTH = RepositorySummary(
    repository="acme/shop", repository_id=RepositoryId(4711), quarantined=2, proposed=1,
    changes_this_week={Status.FLAKY: 3, Status.HEALTHY: 5}, changes_last_week={Status.FLAKY: 4, Status.BROKEN: 1},
    counts={Status.HEALTHY: 38, Status.FLAKY: 3, Status.BROKEN: 1},
    runs_last_day=9, failed_runs_last_day=2, last_run_at=NOW,
)  # fmt: skip
SUMMARY = ImportSummary(
    repository="acme/shop", runs=80, cases=40, flaky=3, broken=1, first_at=NOW - timedelta(days=21), last_at=NOW,
    problems=1,
)  # fmt: skip
AUDIT = (AuditLine(NOW, "Ben Okafor", "approved the quarantine"), AuditLine(NOW, "Ana Flores", "proposed", "slow"))
CONNECTIONS = (
    ServiceConnection(part=Component.SLACK, missing=(), last_at=NOW - timedelta(minutes=5)),
    ServiceConnection(part=Component.GITHUB_APP, missing=("GITHUB_APP_ID",), last_at=None),
)
SUBSCRIPTION = Subscription(
    id=7, channel=Channel(WorkspaceId(1), "C1"), repository_id=RepositoryId(4711), filters=Filters()
)
HOME = Home(
    waiting=Page([ListedCase(FLAKY, PROPOSED)], 1), own=Page([ListedCase(FLAKY, ACTIVE)] * 15, 33), pages=Pages(0, 1),
    subscriptions=(NamedSubscription(SUBSCRIPTION, "acme/shop"),), repositories=[HEALTH], connections=CONNECTIONS,
)  # fmt: skip
EMPTY_HOME = Home(
    waiting=Page([], 0), own=Page([], 0), pages=Pages(), subscriptions=(), repositories=[], connections=[]
)
MUTED = replace(FLAKY, muted_until=NOW + timedelta(days=7))
COMMANDS = (
    CommandHelp("status", "[owner/repo]", "the health of a repository", ("status", "status acme/shop")),
    CommandHelp("test", "<name or part of it>", "everything about one test", ("test test_total",)),
)
CHOICES = [CaseOption(42, FLAKY.title, "acme/shop"), CaseOption(43, "tests/web/test_page.py::test_total", "acme/web")]
STATUS_OF_CLASS = {
    FailureClass.QUARANTINED: Status.FLAKY,
    FailureClass.BROKEN_ON_MAIN: Status.BROKEN,
    FailureClass.INFRA: Status.INFRA,
    FailureClass.FLAKY: Status.FLAKY,
    FailureClass.NEW: Status.HEALTHY,
}


def case_failure(
    failure_class: FailureClass, *, case_id: int = 42, title: str = FLAKY.title, variant: str = "ci.yml linux"
) -> CaseFailure:
    """A failure of a commit that is classified so."""
    failure = CaseFailure(
        case_id=CaseId(case_id), title=title, variant=variant, status=STATUS_OF_CLASS[failure_class],
        quarantined_until=NOW if failure_class is FailureClass.QUARANTINED else None, in_outage=False,
        failures=7, runs=52, mixed_commits=0, message=FAILURE.message, run_url=FAILURE.run_url,
    )  # fmt: skip
    assert failure.classification is failure_class
    return failure


RUN = RunAnswer(
    run_id=9, repository_id=RepositoryId(4711), repository="acme/shop",
    number=812, attempt=2, url=FAILURE.run_url, sha=FAILURE.sha,
    read=True, failed=True, cases=400, unread=1,
    failures=[
        case_failure(failure_class, case_id=42 + number) for number, failure_class in enumerate(FailureClass)
    ],
)  # fmt: skip
EXPLANATION = Explanation(
    status=Status.BROKEN,
    sentence="It fails since a change between a1b2c3d and d4e5f6a.",
    evidence=Evidence(
        mixed=(), isolated=(), discounted=(), faults=(), streak=0, failing_streak=3,
        kinds=(FailureKind(31, FAILURE.message, "assertion", 7, NOW), FailureKind(32, "", "timeout", 1, NOW)),
        first_bad=FirstBad("a1b2c3d4", ("b2c3d4e5", "d4e5f6a7"), 0.92),
    ),
    counterfactuals=(ReleaseAfter(9),),
    lines=("7 failures in 52 runs of ci.yml linux.", "Fails for no reason in about 13 % of runs."),
)  # fmt: skip
IMPACT = Impact(
    case_id=CaseId(42), title=FLAKY.title, failures=7,
    blocked_pull_requests=3, ci_minutes=41.0, waiting_minutes=90.0, expected_failures=8.2, expected_blocked=3.1,
)  # fmt: skip
POLICY = Policy(
    approval=ApprovalPolicy(self_approval=True, owners=True, paths=(PathOverride("tests/pay/**", protected=True),)),
    teams=(Team("@acme/payments", "S0PAYMENTS"),),
)


def _ended(state: State, by: Actor = BEN, decision: str | None = "mended") -> Quarantine:
    return replace(ACTIVE, state=state, decided_by=by, decision=decision)


VIEWS: dict[str, Callable[[], Message | View]] = {
    "card_owned": lambda: card.card(FLAKY, None, NOW, ("@acme/payments", "@ana")),
    "card_red": lambda: card.card(RED, None, NOW, ("@acme/payments",), IMPACT),
    "card_flaky": lambda: card.card(FLAKY, None, NOW),
    "card_proposed": lambda: card.card(FLAKY, PROPOSED, NOW),
    "card_active": lambda: card.card(FLAKY, ACTIVE, NOW),
    "card_suspended": lambda: card.card(BROKEN, SUSPENDED, NOW),
    "card_rejected": lambda: card.card(FLAKY, REJECTED, NOW),
    "card_withdrawn": lambda: card.card(FLAKY, _ended(State.WITHDRAWN, ANA, None), NOW),
    "card_lifted": lambda: card.card(FLAKY, _ended(State.LIFTED), NOW),
    "card_lifted_healthy": lambda: card.card(HEALTHY, _ended(State.LIFTED, SYSTEM), NOW),
    "card_expired": lambda: card.card(FLAKY, _ended(State.EXPIRED, SYSTEM, None), NOW),
    "card_time_over": lambda: card.card(FLAKY, ACTIVE, NOW + timedelta(days=15)),
    "card_healthy": lambda: card.card(HEALTHY, None, NOW),
    "card_broken": lambda: card.card(BROKEN, None, NOW),
    "card_infra": lambda: card.card(of_status(Status.INFRA), None, NOW),
    "card_suspect": lambda: card.card(of_status(Status.SUSPECT), None, NOW),
    "card_never_scored": lambda: card.card(replace(FLAKY, state=CaseState(CaseId(42)), last_failure=None), None, NOW),
    **{
        f"audit_{action.name.lower()}": lambda action=action: thread.audit_line(  # type: ignore[misc]
            audit.of_quarantine(action, ACTIVE, SYSTEM if action is AuditAction.EXPIRE else BEN, NOW), ACTIVE, FLAKY
        )
        for action in AuditAction
        if action.is_posted
    },
    "audit_reject_why": lambda: thread.audit_line(
        audit.of_quarantine(AuditAction.REJECT, REJECTED, BEN, NOW, reason=REJECTED.decision or ""), REJECTED, FLAKY
    ),
    "status_line": lambda: thread.status_line(FLAKY, ""),
    "imported": lambda: news.imported(SUMMARY),
    "incident": lambda: news.outage("acme/shop", FAILURE.run_url, 812, 31, 40),
    "incident_suite": lambda: news.partial_outage("acme/shop", FAILURE.run_url, 812, [outage(Kind.SUITE, "tests/api")]),
    "incident_parts": lambda: news.partial_outage(
        "acme/shop",
        FAILURE.run_url,
        812,
        [outage(Kind.SUITE, "tests/api"), *(outage(Kind.RUNNER, f"shard {number}") for number in range(2, 6))],
    ),
    "unreadable": lambda: news.unreadable(
        "acme/shop", FAILURE.run_url, 812, [Problem("reports", f"{n}.xml", "not well-formed") for n in range(7)]
    ),
    "card_muted": lambda: card.card(MUTED, None, NOW),
    "help": lambda: response.help_menu(COMMANDS, [ListedCase(FLAKY, PROPOSED)], 7),
    "help_command": lambda: response.command_help(COMMANDS[1]),
    "done": lambda: response.done("The quarantine is lifted: the test fails builds again."),
    "lift_question": lambda: card.lift_question(FLAKY, ACTIVE),
    "status": lambda: repository.status(HEALTH, TOP),
    "status_shared": lambda: repository.status(HEALTH, TOP, shared_by="<@U0ANA>"),
    "status_empty": lambda: repository.status(replace(HEALTH, counts={}, last_run_at=None), ()),
    "connections": lambda: repository.connections(CONNECTIONS, NOW),
    "connections_all": lambda: repository.connections(CONNECTIONS[:1], NOW),
    "policy": lambda: policy.in_force("acme/shop", POLICY),
    "policy_fault": lambda: policy.in_force("acme/shop", POLICY, fault="quarantine.days: must be 1 to 90."),
    "policy_default": lambda: policy.in_force("acme/shop", DEFAULT),
    "run": lambda: run.run(RUN),
    "run_unread": lambda: run.run(replace(RUN, read=False, failures=[], failed=False)),
    "run_green": lambda: run.run(replace(RUN, failures=[], failed=False, unread=0)),
    "details": lambda: case.case_details(FLAKY, ACTIVE, AUDIT, NOW, recent=RECENT),
    "details_new": lambda: case.case_details(FLAKY, None, (), NOW),
    "unfurl": lambda: Message("A test.", card.unfurl(FLAKY, ACTIVE, NOW)),
    "details_why": lambda: case.case_details(
        BROKEN,
        None,
        AUDIT,
        NOW,
        recent=RECENT,
        address=ADDRESS,
        explanation=EXPLANATION,
        owners=("@acme/payments",),
    ),
    "explained": lambda: case.explained(FLAKY, EXPLANATION),
    "top": lambda: impact.ranking("acme/shop", 7, [IMPACT, replace(IMPACT, ci_minutes=0.3, waiting_minutes=0)]),
    "top_none": lambda: impact.ranking("acme/shop", 1, []),
    "outage": lambda: response.outage(4711, "acme/shop", "the registry is down"),
    "pick": lambda: response.pick("cart", CHOICES, CaseAction.QUARANTINE),
    "pick_many": lambda: response.pick("cart", CHOICES * 25, CaseAction.EXTEND, days=14, many=True),
    **{f"list_{kind}": lambda kind=kind: case_list.case_list(kind, [ListedCase(FLAKY, ACTIVE)]) for kind in ListKind},  # type: ignore[misc]
    "list_many": lambda: case_list.case_list(ListKind.BROKEN, [ListedCase(BROKEN)] * 20, 33),
    "list_none": lambda: case_list.case_list(ListKind.PROPOSED, []),
    "error": lambda: response.error("Already approved by Ben <b> at 14:13 UTC."),
    "carry_on": lambda: response.carry_on("quarantine test_total"),
    "closest": lambda: response.closest("stauts", "status"),
    "closest_none": lambda: response.closest("`x`", None),
    "modal_quarantine": lambda: modal.quarantine(FLAKY, CaseMetadata.of(FLAKY, channel="C1")),
    "modal_quarantine_plain": lambda: modal.quarantine(FLAKY, CaseMetadata(case_id=FLAKY.case_id)),
    "modal_reject": lambda: modal.reject(FLAKY, PROPOSED),
    "modal_label": lambda: modal.label(FLAKY),
    "modal_resume": lambda: modal.resume(BROKEN, SUSPENDED),
    "modal_extend": lambda: modal.extend(FLAKY, ACTIVE, days=None),
    "modal_extend_typed": lambda: modal.extend(FLAKY, ACTIVE, days=21),
    "modal_assign": lambda: modal.assign(FLAKY, ACTIVE),
    "modal_assign_team": lambda: modal.assign(FLAKY, replace(ACTIVE, owner="@acme/payments")),
    "modal_mute": lambda: modal.mute(FLAKY, days=None),
    "modal_budget": lambda: modal.budget(FLAKY, PROPOSED, "50 tests are in quarantine.", [(ACTIVE, FLAKY.title)]),
    "modal_choose": lambda: confirmation.choose(CaseAction.QUARANTINE),
    "modal_find": lambda: confirmation.choose(CaseAction.DETAILS),
    "modal_run": confirmation.ask_run,
    "modal_incident": lambda: confirmation.incident([(4711, "acme/shop")]),
    "modal_answer": lambda: confirmation.as_view("Run", run.run(RUN)),
    "modal_working": modal.working,
    "modal_info": lambda: modal.info("Loading", "One moment…"),
    "home": lambda: home.home(HOME, NOW),
    "home_empty": lambda: home.home(EMPTY_HOME, NOW),
}
