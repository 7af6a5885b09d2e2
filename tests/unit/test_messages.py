"""Every view against its golden file (`make golden` writes them) and Slack's limits, and with hostile names."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.analysis.clusters import ClusterKind, Membership
from bot.analysis.evidence import Evidence, FailureKind
from bot.analysis.explanation import Explanation
from bot.analysis.impact import Impact
from bot.analysis.lifecycle import Quarantine, RejectReason, Scope, State
from bot.analysis.model import (
    SYSTEM,
    Actor,
    ActorKind,
    CaseId,
    CaseProfile,
    FailureExcerpt,
    Problem,
    QuarantineId,
    RepositoryId,
    Status,
    VariantScore,
    Verdict,
)
from bot.analysis.naming import Naming
from bot.analysis.ordering import NamedOrder, OrderKind
from bot.analysis.policy import DEFAULT, Approval, PathRule, Policy
from bot.analysis.regression import FirstBad
from bot.slack import (
    answers,
    cost,
    details,
    forms,
    health,
    home,
    listing,
    messages,
    modals,
    policy,
    run_answers,
    upkeep,
)
from bot.slack.answers import Choice, CommandHelp
from bot.slack.blockkit import Json, Message, View
from bot.slack.details import AuditLine
from bot.slack.health import Connection, RepositoryHealth
from bot.slack.home import Page, Pages
from bot.slack.listing import CaseRow, ListKind
from bot.slack.messages import History, ImportSummary
from bot.slack.modals import Target
from bot.slack.names import Deed
from bot.slack.run_answers import RunAnswer, RunFailure
from tests import blockkit_lint

GOLDEN = Path(__file__).parent / "golden"
NOW = datetime(2026, 11, 23, 14, 13, tzinfo=UTC)
ANA = Actor(ActorKind.SLACK, "U0ANA", "Ana Flores")
BEN = Actor(ActorKind.SLACK, "U0BEN", "Ben Okafor")
LINUX = VariantScore(
    variant="ci.yml linux", status=Status.FLAKY, p_flaky=0.97, p_broken=0.01, rate=0.1346, interval=(0.07, 0.23),
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
    title="tests/api/test_cart.py::test_total", status=Status.FLAKY, variants=(LINUX, MAC), last_failure=FAILURE,
    first_seen_at=NOW - timedelta(days=30), last_seen_at=NOW,
)  # fmt: skip
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
HEALTHY = replace(FLAKY, status=Status.HEALTHY, variants=(MAC,))
BROKEN = replace(FLAKY, status=Status.BROKEN, variants=(replace(LINUX, status=Status.BROKEN, p_broken=0.999),))
HEALTH = RepositoryHealth(
    repository="acme/shop", repository_id=RepositoryId(4711), quarantined=2, proposed=1,
    turned={Status.FLAKY: 3, Status.HEALTHY: 5}, turned_before={Status.FLAKY: 4, Status.BROKEN: 1},
    counts={Status.HEALTHY: 38, Status.FLAKY: 3, Status.BROKEN: 1},
    runs_last_day=9, failed_runs_last_day=2, last_run_at=NOW, top=(FLAKY,),
)  # fmt: skip
SUMMARY = ImportSummary(
    repository="acme/shop", runs=80, cases=40, flaky=3, broken=1, first_at=NOW - timedelta(days=21), last_at=NOW,
    problems=1,
)  # fmt: skip
AUDIT = (AuditLine(NOW, "Ben Okafor", "approved the quarantine"), AuditLine(NOW, "Ana Flores", "proposed", "slow"))
CONNECTIONS = (Connection("Slack", True, "configured"), Connection("GitHub App", False, "set GITHUB_APP_ID"))
HOME = home.HomeState(
    waiting=Page([CaseRow(FLAKY, PROPOSED)], 1), own=Page([CaseRow(FLAKY, ACTIVE)] * 15, 33), pages=Pages(0, 1),
    subscriptions=("<#C1> hears of `acme/shop`",), repositories=[HEALTH], connections=CONNECTIONS,
)  # fmt: skip
EMPTY_HOME = home.HomeState(
    waiting=Page([], 0), own=Page([], 0), pages=Pages(), subscriptions=(), repositories=[], connections=[]
)
MUTED = replace(FLAKY, muted_until=NOW + timedelta(days=7))
COMMANDS = (
    CommandHelp("status", "[owner/repo]", "the health of a repository", ("status", "status acme/shop")),
    CommandHelp("test", "<name or part of it>", "everything about one test", ("test test_total",)),
)
CHOICES = [Choice(42, FLAKY.title, "acme/shop"), Choice(43, "tests/web/test_page.py::test_total", "acme/web")]
RUN = RunAnswer(
    run_id=9, repository_id=4711, repository="acme/shop", number=812, attempt=2, url=FAILURE.run_url, sha=FAILURE.sha,
    read=True, conclusion="failure", cases=400, unread=1,
    failures=[
        RunFailure(42 + number, FLAKY.title, "ci.yml linux", naming, "it failed in 7 of 52 runs", FAILURE.message)
        for number, naming in enumerate(Naming)
    ],
)  # fmt: skip
EXPLANATION = Explanation(
    case_id=CaseId(42), title=FLAKY.title, status=Status.BROKEN, variant="ci.yml linux",
    sentence="It fails since a change between a1b2c3d and d4e5f6a.",
    evidence=Evidence(
        mixed=(), isolated=(), discounted=(), faults=(), streak=0, failing_streak=3,
        kinds=(FailureKind(31, FAILURE.message, "assertion", 7, NOW), FailureKind(32, "", "timeout", 1, NOW)),
        first_bad=FirstBad("a1b2c3d4", ("b2c3d4e5", "d4e5f6a7"), 0.92),
    ),
    counterfactuals=("9 more clean commits release it.",),
    lines=("7 failures in 52 runs of ci.yml linux.", "Fails for no reason in about 13 % of runs."),
)  # fmt: skip
IMPACT = Impact(
    case_id=CaseId(42), title=FLAKY.title, p_flaky=0.97, rate=0.13, runs_per_day=9.0, failures=7,
    blocked_pull_requests=3, ci_minutes=41.0, waiting_minutes=90.0, expected_failures=8.2, expected_blocked=3.1,
)  # fmt: skip
POLICY = Policy(approval=Approval(self_approval=True, owners=True, paths=(PathRule("tests/pay/**", protected=True),)))


def _ended(state: State, by: Actor = BEN, decision: str | None = "mended") -> Quarantine:
    return replace(ACTIVE, state=state, decided_by=by, decision=decision)


VIEWS: dict[str, Callable[[], Message | View]] = {
    "card_flaky": lambda: messages.card(FLAKY, None, NOW),
    "card_proposed": lambda: messages.card(FLAKY, PROPOSED, NOW),
    "card_active": lambda: messages.card(FLAKY, ACTIVE, NOW),
    "card_suspended": lambda: messages.card(BROKEN, SUSPENDED, NOW),
    "card_rejected": lambda: messages.card(FLAKY, REJECTED, NOW),
    "card_withdrawn": lambda: messages.card(FLAKY, _ended(State.WITHDRAWN, ANA, None), NOW),
    "card_lifted": lambda: messages.card(FLAKY, _ended(State.LIFTED), NOW),
    "card_lifted_healthy": lambda: messages.card(HEALTHY, _ended(State.LIFTED, SYSTEM), NOW),
    "card_expired": lambda: messages.card(FLAKY, _ended(State.EXPIRED, SYSTEM, None), NOW),
    "card_time_over": lambda: messages.card(FLAKY, ACTIVE, NOW + timedelta(days=15)),
    "card_healthy": lambda: messages.card(HEALTHY, None, NOW),
    "card_broken": lambda: messages.card(BROKEN, None, NOW),
    "card_infra": lambda: messages.card(replace(FLAKY, status=Status.INFRA), None, NOW),
    "card_suspect": lambda: messages.card(replace(FLAKY, status=Status.SUSPECT), None, NOW),
    "card_never_scored": lambda: messages.card(
        replace(FLAKY, status=Status.INSUFFICIENT, variants=(), last_failure=None), None, NOW
    ),
    **{
        f"history_{kind}": lambda kind=kind: messages.history_line(  # type: ignore[misc]
            kind, SYSTEM if kind in {History.STATUS, History.EXPIRED} else BEN, ACTIVE, FLAKY, None
        )
        for kind in History
    },
    "history_rejected_why": lambda: messages.history_line(History.REJECTED, BEN, REJECTED, FLAKY, REJECTED.decision),
    "imported": lambda: messages.imported(SUMMARY),
    "incident": lambda: messages.incident("acme/shop", FAILURE.run_url, 812, 31, 40),
    "unreadable": lambda: messages.unreadable(
        "acme/shop", FAILURE.run_url, 812, [Problem("reports", f"{n}.xml", "not well-formed") for n in range(7)]
    ),
    "card_muted": lambda: messages.card(MUTED, None, NOW),
    "help": lambda: answers.help_menu(COMMANDS, [CaseRow(FLAKY, PROPOSED)], 7),
    "help_command": lambda: answers.command_help(COMMANDS[1]),
    "done": lambda: answers.done("The quarantine is lifted: the test fails builds again."),
    "lift_question": lambda: messages.lift_question(FLAKY, ACTIVE),
    "status": lambda: health.status(HEALTH),
    "status_shared": lambda: health.status(HEALTH, shared_by="<@U0ANA>"),
    "status_empty": lambda: health.status(replace(HEALTH, counts={}, top=(), last_run_at=None)),
    "connections": lambda: health.connections(CONNECTIONS),
    "connections_all": lambda: health.connections(CONNECTIONS[:1]),
    "policy": lambda: policy.in_force("acme/shop", POLICY),
    "policy_fault": lambda: policy.in_force("acme/shop", POLICY, fault="quarantine.days: must be 1 to 90."),
    "policy_default": lambda: policy.in_force("acme/shop", DEFAULT),
    "run": lambda: run_answers.run(RUN),
    "run_unread": lambda: run_answers.run(replace(RUN, read=False, failures=[], conclusion="")),
    "run_green": lambda: run_answers.run(replace(RUN, failures=[], conclusion="success", unread=0)),
    "details": lambda: details.case_details(FLAKY, ACTIVE, AUDIT, NOW, recent=RECENT),
    "details_new": lambda: details.case_details(FLAKY, None, (), NOW),
    "unfurl": lambda: Message("A test.", messages.unfurl(FLAKY, ACTIVE, NOW)),
    "details_why": lambda: details.case_details(
        BROKEN,
        None,
        AUDIT,
        NOW,
        recent=RECENT,
        address=ADDRESS,
        explanation=EXPLANATION,
        owner="@acme/payments",
    ),
    "explained": lambda: details.explained(FLAKY, EXPLANATION),
    "top": lambda: cost.ranking("acme/shop", 7, [IMPACT, replace(IMPACT, ci_minutes=0.3, waiting_minutes=0)]),
    "top_none": lambda: cost.ranking("acme/shop", 1, []),
    "outage": lambda: answers.outage(4711, "acme/shop", "the registry is down"),
    "pick": lambda: answers.pick("cart", CHOICES, Deed.QUARANTINE),
    "pick_many": lambda: answers.pick("cart", CHOICES * 25, Deed.EXTEND, days=14, many=True),
    **{f"list_{kind}": lambda kind=kind: listing.case_list(kind, [CaseRow(FLAKY, ACTIVE)]) for kind in ListKind},  # type: ignore[misc]
    "list_many": lambda: listing.case_list(ListKind.BROKEN, [CaseRow(BROKEN)] * 20, 33),
    "list_none": lambda: listing.case_list(ListKind.PROPOSED, []),
    "error": lambda: answers.error("Already approved by Ben <b> at 14:13 UTC."),
    "closest": lambda: answers.closest("stauts", "status"),
    "closest_none": lambda: answers.closest("`x`", None),
    "modal_quarantine": lambda: modals.quarantine(FLAKY, Target.of(FLAKY, channel="C1", ts="1.2")),
    "modal_quarantine_plain": lambda: modals.quarantine(FLAKY, Target(case_id=FLAKY.case_id)),
    "modal_reject": lambda: modals.reject(FLAKY, PROPOSED, channel="C1", ts="1.2"),
    "modal_label": lambda: modals.label(FLAKY),
    "modal_resume": lambda: modals.resume(BROKEN, SUSPENDED),
    "modal_extend": lambda: modals.extend(FLAKY, ACTIVE, days=None),
    "modal_extend_typed": lambda: modals.extend(FLAKY, ACTIVE, days=21, channel="C1"),
    "modal_assign": lambda: modals.assign(FLAKY, ACTIVE),
    "modal_assign_team": lambda: modals.assign(FLAKY, replace(ACTIVE, owner="@acme/payments")),
    "modal_mute": lambda: modals.mute(FLAKY, days=None),
    "modal_budget": lambda: modals.budget(FLAKY, PROPOSED, "50 tests are in quarantine.", [(ACTIVE, FLAKY.title)]),
    "modal_choose": lambda: upkeep.choose(Deed.QUARANTINE),
    "modal_find": lambda: upkeep.choose(Deed.DETAILS),
    "modal_run": upkeep.ask_run,
    "modal_incident": lambda: upkeep.incident([(4711, "acme/shop")]),
    "modal_answer": lambda: upkeep.as_view("Run", run_answers.run(RUN)),
    "modal_working": modals.working,
    "modal_info": lambda: modals.info("Loading", "One moment…"),
    "home": lambda: home.home(HOME, NOW),
    "home_empty": lambda: home.home(EMPTY_HOME, NOW),
}


def _problems(rendered: Message | View) -> list[str]:
    if isinstance(rendered, View):
        return blockkit_lint.view_problems(rendered)
    return blockkit_lint.message_problems(rendered)


def _plain(rendered: Message | View) -> Json:
    if isinstance(rendered, View):
        return rendered.payload()
    plain: dict[str, Json] = {"text": rendered.text, "blocks": list(rendered.blocks)}
    if rendered.metadata:
        plain["metadata"] = {
            "event_type": rendered.metadata.event_type,
            "event_payload": rendered.metadata.event_payload,
        }
    return plain


def _actions(message: Message) -> list[str]:
    return [e["action_id"] for block in message.blocks if block["type"] == "actions" for e in block["elements"]]  # type: ignore[index,union-attr,call-overload,misc]


@pytest.mark.parametrize("name", VIEWS)
def test_a_view_looks_as_its_golden_file(name: str) -> None:
    text = json.dumps(_plain(VIEWS[name]()), indent=1, ensure_ascii=False) + "\n"
    path = GOLDEN / f"{name}.json"
    if os.environ.get("FLAKEGUARD_GOLDEN") == "write":
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert path.read_text(encoding="utf-8") == text, "run `make golden` if the change is meant, and read the diff"


@pytest.mark.parametrize("name", VIEWS)
def test_a_view_keeps_slacks_limits(name: str) -> None:
    assert _problems(VIEWS[name]()) == []


def test_no_golden_file_is_left_over() -> None:
    assert {path.stem for path in GOLDEN.glob("*.json")} == set(VIEWS)


@pytest.mark.parametrize(
    ("profile", "quarantine", "expected"),
    [
        (FLAKY, None, ["fg_quarantine_open", "fg_label_open", "fg_details", "fg_more"]),
        (FLAKY, PROPOSED, ["fg_approve", "fg_reject_open", "fg_withdraw", "fg_details", "fg_more"]),
        (FLAKY, ACTIVE, ["fg_lift", "fg_extend_open", "fg_details", "fg_more"]),
        (BROKEN, SUSPENDED, ["fg_lift", "fg_resume_open", "fg_details", "fg_more"]),
        (FLAKY, REJECTED, ["fg_quarantine_open", "fg_label_open", "fg_details", "fg_more"]),
        (BROKEN, REJECTED, ["fg_details", "fg_more"]),
        (HEALTHY, None, ["fg_details", "fg_more"]),
        (BROKEN, None, ["fg_details", "fg_more"]),
    ],
)
def test_a_card_offers_the_moves_of_its_state(
    profile: CaseProfile, quarantine: Quarantine | None, expected: list[str]
) -> None:
    assert _actions(messages.card(profile, quarantine, NOW)) == expected


def test_a_card_says_its_numbers_to_a_screen_reader() -> None:
    assert messages.card(FLAKY, None, NOW).text == (
        "Flaky: tests/api/test_cart.py::test_total in acme/shop; "
        "7 of 52 runs failed (13 %), and 3 commits both passed and failed."
    )


def test_a_card_links_to_the_last_failing_run() -> None:
    title = messages.card(FLAKY, None, NOW).blocks[0]
    assert f"<{FAILURE.run_url}|`{FLAKY.title}`>" in json.dumps(title)


def test_an_approved_card_names_the_approver() -> None:
    rendered = json.dumps(messages.card(FLAKY, ACTIVE, NOW).blocks)
    assert "Approved by <@U0BEN>" in rendered
    assert "U0ANA" in rendered  # the owner


def test_somebody_from_github_is_named_and_not_mentioned() -> None:
    actor = Actor(ActorKind.GITHUB, "UGITHUB", "ana<flores>")
    line = messages.history_line(History.APPROVED, actor, ACTIVE, FLAKY, None)
    assert "<@UGITHUB>" not in json.dumps(line.blocks)
    assert line.text.startswith("ana&lt;flores&gt; approved")


def test_only_what_the_channel_has_to_know_is_broadcast() -> None:
    assert {kind for kind in History if kind.is_broadcast} == {
        History.PROPOSED, History.APPROVED, History.RESUMED, History.SUSPENDED, History.EXPIRED, History.FIXED,
    }  # fmt: skip


@pytest.mark.parametrize("profile", [FLAKY, HEALTHY, MUTED])
@pytest.mark.parametrize("quarantine", [None, PROPOSED, ACTIVE, SUSPENDED, REJECTED])
def test_a_menu_has_at_most_five_deeds(profile: CaseProfile, quarantine: Quarantine | None) -> None:
    found = listing.deeds(profile, quarantine)
    assert 1 <= len(found) <= 5
    assert (Deed.UNMUTE in found) == (profile is MUTED)


def test_the_pages_of_a_home_survive_the_way_through_slack() -> None:
    assert Pages.decode(Pages(2, 1).encode()) == Pages(2, 1)
    for value in ("", "1", "x:1", "1:-1", "1:1:1", "9" * 40 + ":1"):
        with pytest.raises(modals.InvalidInputError):
            Pages.decode(value)


NAMES = st.one_of(
    st.text(alphabet=st.characters(codec=None), max_size=200),
    st.text(alphabet="`<>&|*_~:!@#\n\r\u202e\u2066\u200f\u05e9\u05dc\U0001f468\u200d\U0001f469\x00 ", max_size=200),
    st.sampled_from(["<!channel>" * 20, "`" * 200, "&" * 200, "\U0001f600" * 200, "<https://evil.example|x>", "\n> x"]),
)


@settings(max_examples=40, deadline=None)
@given(name=NAMES, other=NAMES)
def test_hostile_names_are_inert_and_within_the_limits(name: str, other: str) -> None:
    failure = replace(
        FAILURE, message=other, text=name * 10, variant=name, sha=other, run_url=f"https://x.example/{name}"
    )
    score = replace(LINUX, variant=name)
    profile = replace(FLAKY, repository=other, title=name, uid=other, last_failure=failure, variants=(score,) * 12)
    actor = Actor(ActorKind.GITHUB, name, other)
    quarantine = replace(
        ACTIVE, scope=Scope.VARIANT, variant=name, reason=other * 2, owner=name, proposed_by=actor, decided_by=actor,
        decision=name,
    )  # fmt: skip
    rows = [CaseRow(profile, quarantine)] * 25
    state_of = replace(HEALTH, repository=name, top=(profile,) * 5)
    audit = [AuditLine(NOW, name, other, name)] * 12
    state = home.HomeState(
        waiting=Page(rows[:3], 3), own=Page(rows[:15], 90), pages=Pages(0, 2), subscriptions=(),
        repositories=[state_of] * 12, connections=[Connection(name, True, other)],
    )  # fmt: skip
    told = replace(
        EXPLANATION, sentence=f"{name} {other}.", lines=(name,) * 40, counterfactuals=(other,) * 9,
        evidence=replace(EXPLANATION.evidence, kinds=(FailureKind(1, name, other, 2, NOW),) * 9),
    )  # fmt: skip
    cluster = Membership(
        cluster_id=1, kind=ClusterKind.TOGETHER, title=name, size=9, times=4, owner=other, others=(name, other, name)
    )
    order = NamedOrder(kind=OrderKind.AFTER, variant=name, follows=(other, name), candidates=2, failed=3, passed=4)
    choices = [Choice(number, name, other) for number in range(9)]
    failures = [RunFailure(number, name, other, Naming.NEW, name, other) for number in range(40)]
    answer = replace(RUN, repository=name, sha=other, url=other, failures=failures)
    rendered: list[Message | View] = [
        *(messages.card(profile, replace(quarantine, state=state), NOW) for state in State),
        *(messages.history_line(kind, actor, quarantine, profile, name) for kind in History),
        messages.imported(replace(SUMMARY, repository=name)),
        messages.incident(name, other, 1, 2, 3),
        messages.unreadable(name, other, 1, [Problem(name, other, name)] * 9),
        Message("A test.", messages.unfurl(profile, quarantine, NOW)),
        messages.lift_question(profile, quarantine),
        answers.help_menu(COMMANDS * 10, rows[:5], 25),
        answers.done(f"{name}."),
        health.status(state_of),
        health.status(state_of, shared_by="<@U0ANA>"),
        health.connections([Connection(name, False, other)] * 5),
        policy.in_force(name, POLICY, fault=other),
        policy.in_force(name, replace(POLICY, approval=Approval(paths=(PathRule(name, protected=True),) * 9))),
        run_answers.run(answer),
        details.case_details(profile, quarantine, audit, NOW),
        details.case_details(
            replace(profile, cluster=cluster, order=order), quarantine, audit, NOW, owner=name, explanation=told
        ),
        details.explained(profile, told),
        cost.ranking(name, 7, [replace(IMPACT, title=other)] * 20),
        answers.outage(1, name, other * 3),
        answers.pick(name, choices, Deed.EXTEND, days=90, many=True),
        listing.case_list(ListKind.QUARANTINED, rows, 25),
        modals.extend(profile, quarantine, days=3),
        modals.assign(profile, quarantine),
        modals.mute(profile, days=3),
        modals.budget(profile, quarantine, name, [(quarantine, other)] * 3),
        upkeep.incident([(1, name), (2, other)]),
        upkeep.as_view("Run", run_answers.run(answer)),
        answers.error(name + "."),
        answers.closest(name, "status"),
        modals.quarantine(profile, Target.of(profile)),
        modals.reject(profile, quarantine),
        modals.label(profile),
        modals.resume(profile, quarantine),
        modals.info("Title", name + "."),
        home.home(state, NOW),
    ]
    assert [problem for one in rendered for problem in _problems(one)] == []


def _values(**given_answers: str | None) -> dict[str, object]:
    def element(block: str, text: str | None) -> dict[str, object]:
        if block in {"until", "scope"}:
            return {"type": "static_select", "selected_option": {"value": text}}
        return {"type": "x", "selected_user" if block == "owner" else "value": text}

    return {block: {"v": element(block, text)} for block, text in given_answers.items()}


def test_a_filled_in_proposal_is_read() -> None:
    form = forms.QuarantineForm.decode(_values(until="30", scope="variant", owner="U0BEN", why=" slow network "))
    assert form == forms.QuarantineForm(30, Scope.VARIANT, "U0BEN", "slow network")


def test_a_proposal_without_an_owner_is_read() -> None:
    assert forms.QuarantineForm.decode(_values(until="7", scope="case", owner=None, why="x")).owner is None


def test_the_faults_of_a_proposal_are_named_by_input() -> None:
    with pytest.raises(forms.FormError) as caught:
        forms.QuarantineForm.decode(_values(until="91", scope="all", why="   "))
    assert set(caught.value.errors) == {"until", "scope", "why"}


def test_a_reason_that_is_too_long_is_refused() -> None:
    with pytest.raises(forms.FormError, match="500"):
        forms.ResumeForm.decode(_values(why="x" * 501))


def test_a_rejection_keeps_its_reason_and_comment() -> None:
    values = {"why": {"v": {"selected_option": {"value": "infra"}}}, "comment": {"v": {"value": "DNS"}}}
    form = forms.RejectForm.decode(values)
    assert (form.reason, form.text) == (RejectReason.INFRA, "infra: DNS")


def test_a_rejection_needs_a_reason() -> None:
    with pytest.raises(forms.FormError):
        forms.RejectForm.decode({"why": {"v": {"selected_option": None}}})


def test_a_target_survives_the_way_through_slack() -> None:
    target = Target.of(FLAKY, channel="C1", ts="1.2")
    assert Target.decode(target.encode()) == target
    assert (target.variant, target.fingerprint_id) == ("ci.yml linux", 31)


def test_a_target_that_is_not_ours_is_refused() -> None:
    with pytest.raises(modals.InvalidInputError):
        Target.decode("{}")
