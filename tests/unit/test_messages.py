"""Every view against its golden file (`make golden` writes them) and Slack's limits, and with hostile names."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings

from bot.analysis import audit
from bot.analysis.audit import AuditAction
from bot.analysis.case_profile import CaseProfile, ClusterMembership, ListedCase, NamedOrder
from bot.analysis.case_state import CaseState
from bot.analysis.commit_state import FailureClass
from bot.analysis.connection import AccountConnection
from bot.analysis.explanation.counterfactual import ReleaseAfter
from bot.analysis.explanation.evidence import FailureKind
from bot.analysis.home import Home, Page, Pages
from bot.analysis.incident import Kind
from bot.analysis.model import Actor, ActorKind, CaseId, ClusterKind, OrderKind, Problem
from bot.analysis.quarantine.lifecycle import Quarantine, Scope, State
from bot.analysis.quarantine.policy import ApprovalPolicy, PathOverride, Team
from bot.errors import InvalidInputError
from bot.slack import ids
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
from bot.slack.views.response import CaseOption
from tests.unit.rendered import NAMES, plain, problems
from tests.unit.slack_examples import (
    ACTIVE,
    BROKEN,
    COMMANDS,
    EXPLANATION,
    FAILURE,
    FLAKY,
    HEALTH,
    HEALTHY,
    IMPACT,
    LINUX,
    MUTED,
    NOW,
    POLICY,
    PROPOSED,
    RED,
    REJECTED,
    RUN,
    SUMMARY,
    SUSPENDED,
    VIEWS,
    case_failure,
    outage,
)

GOLDEN = Path(__file__).parent / "golden"


def _actions(message: Message) -> list[str]:
    return [e["action_id"] for block in message.blocks if block["type"] == "actions" for e in block["elements"]]  # type: ignore[index,union-attr,call-overload,misc]


@pytest.mark.parametrize("name", VIEWS)
def test_a_view_looks_as_its_golden_file(name: str) -> None:
    text = json.dumps(plain(VIEWS[name]()), indent=1, ensure_ascii=False) + "\n"
    path = GOLDEN / f"{name}.json"
    if os.environ.get("FLAKEGUARD_GOLDEN") == "write":
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert path.read_text(encoding="utf-8") == text, "run `make golden` if the change is meant, and read the diff"


@pytest.mark.parametrize("name", VIEWS)
def test_a_view_keeps_slacks_limits(name: str) -> None:
    assert problems(VIEWS[name]()) == []


def test_no_golden_file_is_left_over() -> None:
    assert {path.stem for path in GOLDEN.glob("*.json")} == set(VIEWS)


@pytest.mark.parametrize(
    ("profile", "quarantine", "expected"),
    [
        (FLAKY, None, ["fg_quarantine_open", "fg_label_open", "fg_details", "fg_more"]),
        (RED, None, ["fg_quarantine_open", "fg_label_open", "fg_rerun_failed", "fg_details", "fg_more"]),
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
    assert _actions(card.card(profile, quarantine, NOW)) == expected


def test_a_card_says_its_numbers_to_a_screen_reader() -> None:
    assert card.card(FLAKY, None, NOW).text == (
        "Flaky: tests/api/test_cart.py::test_total in acme/shop; "
        "7 of 52 runs failed (13 %), and 3 commits both passed and failed."
    )


def test_a_card_links_to_the_last_failing_run() -> None:
    title = card.card(FLAKY, None, NOW).blocks[0]
    assert f"<{FAILURE.run_url}|`{FLAKY.title}`>" in json.dumps(title)


def test_an_approved_card_names_the_approver() -> None:
    rendered = json.dumps(card.card(FLAKY, ACTIVE, NOW).blocks)
    assert "Approved by <@U0BEN>" in rendered
    assert "U0ANA" in rendered  # the owner


def test_somebody_from_github_is_named_and_not_mentioned() -> None:
    actor = Actor(ActorKind.GITHUB, "UGITHUB", "ana<flores>")
    line = thread.audit_line(audit.of_quarantine(AuditAction.APPROVE, ACTIVE, actor, NOW), ACTIVE, FLAKY)
    assert "<@UGITHUB>" not in json.dumps(line.blocks)
    assert line.text.startswith("ana&lt;flores&gt; approved")


def test_only_what_the_channel_has_to_know_is_broadcast() -> None:
    assert {action.name for action in AuditAction if action.is_broadcast} == {
        "PROPOSE", "APPROVE", "RESUME", "SUSPEND", "EXPIRE", "RELEASE",
    }  # fmt: skip


@pytest.mark.parametrize("profile", [FLAKY, HEALTHY, MUTED])
@pytest.mark.parametrize("quarantine", [None, PROPOSED, ACTIVE, SUSPENDED, REJECTED])
def test_a_menu_has_at_most_five_actions(profile: CaseProfile, quarantine: Quarantine | None) -> None:
    actions = case_list.actions(profile, quarantine)
    assert 1 <= len(actions) <= 5
    assert (CaseAction.UNMUTE in actions) == (profile is MUTED)


def test_the_pages_of_a_home_survive_the_way_through_slack() -> None:
    assert ids.decode_pages(ids.encode_pages(Pages(2, 1))) == Pages(2, 1)
    for value in ("", "1", "x:1", "1:-1", "1:1:1", "9" * 40 + ":1"):
        with pytest.raises(InvalidInputError):
            ids.decode_pages(value)


@settings(max_examples=40, deadline=None)
@given(name=NAMES, other=NAMES)
def test_hostile_names_are_inert_and_within_the_limits(name: str, other: str) -> None:
    failure = replace(
        FAILURE, message=other, text=name * 10, variant=name, sha=other, run_url=f"https://x.example/{name}"
    )
    score = replace(LINUX, variant=name)
    profile = replace(
        FLAKY, repository=other, title=name, uid=other, last_failure=failure, state=CaseState(CaseId(42), (score,) * 12)
    )
    actor = Actor(ActorKind.GITHUB, name, other)
    quarantine = replace(
        ACTIVE, scope=Scope.VARIANT, variant=name, reason=other * 2, owner=name, proposed_by=actor, decided_by=actor,
        decision=name,
    )  # fmt: skip
    rows = [ListedCase(profile, quarantine)] * 25
    state_of = replace(HEALTH, repository=name)
    trail = [AuditLine(NOW, name, other, name)] * 12
    state = Home(
        waiting=Page(rows[:3], 3), own=Page(rows[:15], 90), pages=Pages(0, 2), subscriptions=(),
        repositories=[state_of] * 12, connections=[AccountConnection(other)],
    )  # fmt: skip
    explanation = replace(
        EXPLANATION, sentence=f"{name} {other}.", lines=(name,) * 40, counterfactuals=(ReleaseAfter(9),) * 9,
        evidence=replace(EXPLANATION.evidence, kinds=(FailureKind(1, name, other, 2, NOW),) * 9),
    )  # fmt: skip
    cluster = ClusterMembership(
        cluster_id=1, kind=ClusterKind.TOGETHER, title=name, size=9, times=4, owner=other, others=(name, other, name)
    )
    order = NamedOrder(kind=OrderKind.AFTER, variant=name, follows=(other, name), candidates=2, failed=3, passed=4)
    choices = [CaseOption(number, name, other) for number in range(9)]
    failures = [
        replace(case_failure(FailureClass.NEW, case_id=number, title=name, variant=other), message=other)
        for number in range(40)
    ]
    answer = replace(RUN, repository=name, sha=other, url=other, failures=failures)
    rendered: list[Message | View] = [
        *(card.card(profile, replace(quarantine, state=state), NOW, (name, other) * 4) for state in State),
        *(
            thread.audit_line(audit.of_quarantine(action, quarantine, actor, NOW, reason=name), quarantine, profile)
            for action in AuditAction
        ),
        thread.status_line(profile, name),
        news.imported(replace(SUMMARY, repository=name)),
        news.outage(name, other, 1, 2, 3),
        news.partial_outage(name, other, 1, [outage(Kind.SUITE, name), outage(Kind.RUNNER, other)]),
        news.unreadable(name, other, 1, [Problem(name, other, name)] * 9),
        Message("A test.", card.unfurl(profile, quarantine, NOW)),
        card.lift_question(profile, quarantine),
        response.help_menu(COMMANDS * 10, rows[:5], 25),
        response.done(f"{name}."),
        repository.status(state_of, [ListedCase(profile)] * 5),
        repository.status(state_of, [ListedCase(profile)] * 5, shared_by="<@U0ANA>"),
        repository.connections([AccountConnection(other)] * 5, NOW),
        policy.in_force(name, POLICY, fault=other),
        policy.in_force(
            name,
            replace(
                POLICY,
                approval=ApprovalPolicy(paths=(PathOverride(name, protected=True),) * 9),
                teams=(Team(name, "S0PAY"),) * 9,
            ),
        ),
        run.run(answer),
        case.case_details(profile, quarantine, trail, NOW),
        case.case_details(
            replace(profile, cluster=cluster, order=order),
            quarantine,
            trail,
            NOW,
            owners=(name,),
            explanation=explanation,
        ),
        case.explained(profile, explanation),
        impact.ranking(name, 7, [replace(IMPACT, title=other)] * 20),
        response.outage(1, name, other * 3),
        response.pick(name, choices, CaseAction.EXTEND, days=90, many=True),
        case_list.case_list(ListKind.QUARANTINED, rows, 25),
        modal.extend(profile, quarantine, days=3),
        modal.assign(profile, quarantine),
        modal.mute(profile, days=3),
        modal.budget(profile, quarantine, name, [(quarantine, other)] * 3),
        confirmation.incident([(1, name), (2, other)]),
        confirmation.as_view("Run", run.run(answer)),
        response.error(name + "."),
        response.closest(name, "status"),
        response.carry_on(name * 20),
        modal.quarantine(profile, CaseMetadata.of(profile)),
        modal.reject(profile, quarantine),
        modal.label(profile),
        modal.resume(profile, quarantine),
        modal.info("Title", name + "."),
        home.home(state, NOW),
    ]
    assert [problem for one in rendered for problem in problems(one)] == []
