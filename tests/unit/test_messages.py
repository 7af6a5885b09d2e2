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
from bot.slack import answers, home, messages, modals
from bot.slack.answers import AuditLine, CaseRow, ListKind, RepositoryHealth
from bot.slack.blockkit import Json, Message, View
from bot.slack.messages import History, ImportSummary
from bot.slack.modals import Target
from bot.slack.names import Action
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
    recent=(Verdict.PASSED,) * 5 + (Verdict.FLAKY, Verdict.FAILED, Verdict.SKIPPED, Verdict.PASSED),
    first_seen_at=NOW - timedelta(days=30), last_seen_at=NOW,
)  # fmt: skip
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
    repository="acme/shop", counts={Status.HEALTHY: 38, Status.FLAKY: 3, Status.BROKEN: 1}, quarantined=2, proposed=1,
    runs_last_day=9, failed_runs_last_day=2, last_run_at=NOW, top=(FLAKY,),
)  # fmt: skip
SUMMARY = ImportSummary(
    repository="acme/shop", runs=80, cases=40, flaky=3, broken=1, first_at=NOW - timedelta(days=21), last_at=NOW,
    problems=1,
)  # fmt: skip
AUDIT = (AuditLine(NOW, "Ben Okafor", "approved the quarantine"), AuditLine(NOW, "Ana Flores", "proposed", "slow"))
HOME = home.HomeState(
    waiting=[CaseRow(FLAKY, PROPOSED)],
    quarantined=[CaseRow(FLAKY, ACTIVE)],
    repositories=[HEALTH],
    connections=[home.Connection("Slack", True, "acme"), home.Connection("GitHub", False, "set GITHUB_APP_ID")],
)


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
        replace(FLAKY, status=Status.INSUFFICIENT, variants=(), last_failure=None, recent=()), None, NOW
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
    "help": lambda: answers.help_menu([CaseRow(FLAKY, PROPOSED)]),
    "status": lambda: answers.status(HEALTH),
    "status_empty": lambda: answers.status(replace(HEALTH, counts={}, top=(), last_run_at=None)),
    "details": lambda: answers.case_details(FLAKY, ACTIVE, AUDIT, NOW),
    "details_new": lambda: answers.case_details(replace(FLAKY, recent=()), None, (), NOW),
    "pick": lambda: answers.pick("cart", [FLAKY, HEALTHY], Action.QUARANTINE_OPEN),
    **{f"list_{kind}": lambda kind=kind: answers.case_list(kind, [CaseRow(FLAKY, ACTIVE)]) for kind in ListKind},  # type: ignore[misc]
    "list_many": lambda: answers.case_list(ListKind.BROKEN, [CaseRow(BROKEN)] * 33),
    "list_none": lambda: answers.case_list(ListKind.PROPOSED, []),
    "error": lambda: answers.error("Already approved by Ben <b> at 14:13 UTC."),
    "closest": lambda: answers.closest("stauts", "status"),
    "closest_none": lambda: answers.closest("`x`", None),
    "modal_quarantine": lambda: modals.quarantine(FLAKY, Target.of(FLAKY, channel="C1", ts="1.2")),
    "modal_quarantine_plain": lambda: modals.quarantine(FLAKY, Target(case_id=FLAKY.case_id)),
    "modal_reject": lambda: modals.reject(FLAKY, PROPOSED, channel="C1", ts="1.2"),
    "modal_label": lambda: modals.label(FLAKY),
    "modal_resume": lambda: modals.resume(BROKEN, SUSPENDED),
    "modal_info": lambda: modals.info("Loading", "One moment…"),
    "home": lambda: home.home(HOME, NOW),
    "home_empty": lambda: home.home(home.HomeState(waiting=[], quarantined=[], repositories=[], connections=[]), NOW),
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
        (FLAKY, None, ["fg_quarantine_open", "fg_label_open", "fg_details"]),
        (FLAKY, PROPOSED, ["fg_approve", "fg_reject_open", "fg_withdraw", "fg_details"]),
        (FLAKY, ACTIVE, ["fg_lift", "fg_details"]),
        (BROKEN, SUSPENDED, ["fg_lift", "fg_resume_open", "fg_details"]),
        (FLAKY, REJECTED, ["fg_quarantine_open", "fg_label_open", "fg_details"]),
        (BROKEN, REJECTED, ["fg_details"]),
        (HEALTHY, None, ["fg_details"]),
        (BROKEN, None, ["fg_details"]),
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


def test_only_what_changes_ci_for_others_is_broadcast() -> None:
    assert {kind for kind in History if kind.is_broadcast} == {
        History.PROPOSED, History.APPROVED, History.LIFTED, History.EXPIRED, History.SUSPENDED, History.RESUMED,
    }  # fmt: skip


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
    health = replace(HEALTH, repository=name, top=(profile,) * 5)
    audit = [AuditLine(NOW, name, other, name)] * 12
    state = home.HomeState(
        waiting=rows[:3], quarantined=rows, repositories=[health] * 12, connections=[home.Connection(name, True, other)]
    )
    rendered: list[Message | View] = [
        *(messages.card(profile, replace(quarantine, state=state), NOW) for state in State),
        *(messages.history_line(kind, actor, quarantine, profile, name) for kind in History),
        messages.imported(replace(SUMMARY, repository=name)),
        messages.incident(name, other, 1, 2, 3),
        messages.unreadable(name, other, 1, [Problem(name, other, name)] * 9),
        answers.help_menu(rows),
        answers.status(health),
        answers.case_details(profile, quarantine, audit, NOW),
        answers.pick(name, [profile] * 25),
        answers.case_list(ListKind.QUARANTINED, rows),
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
    form = modals.QuarantineForm.decode(_values(until="30", scope="variant", owner="U0BEN", why=" slow network "))
    assert form == modals.QuarantineForm(30, Scope.VARIANT, "U0BEN", "slow network")


def test_a_proposal_without_an_owner_is_read() -> None:
    assert modals.QuarantineForm.decode(_values(until="7", scope="case", owner=None, why="x")).owner is None


def test_the_faults_of_a_proposal_are_named_by_input() -> None:
    with pytest.raises(modals.FormError) as caught:
        modals.QuarantineForm.decode(_values(until="91", scope="all", why="   "))
    assert set(caught.value.errors) == {"until", "scope", "why"}


def test_a_reason_that_is_too_long_is_refused() -> None:
    with pytest.raises(modals.FormError, match="500"):
        modals.ResumeForm.decode(_values(why="x" * 501))


def test_a_rejection_keeps_its_reason_and_comment() -> None:
    values = {"why": {"v": {"selected_option": {"value": "infra"}}}, "comment": {"v": {"value": "DNS"}}}
    form = modals.RejectForm.decode(values)
    assert (form.reason, form.text) == (RejectReason.INFRA, "infra: DNS")


def test_a_rejection_needs_a_reason() -> None:
    with pytest.raises(modals.FormError):
        modals.RejectForm.decode({"why": {"v": {"selected_option": None}}})


def test_a_target_survives_the_way_through_slack() -> None:
    target = Target.of(FLAKY, channel="C1", ts="1.2")
    assert Target.decode(target.encode()) == target
    assert (target.variant, target.fingerprint_id) == ("ci.yml linux", 31)


def test_a_target_that_is_not_ours_is_refused() -> None:
    with pytest.raises(modals.InvalidInputError):
        Target.decode("{}")
