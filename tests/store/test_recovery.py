"""Quarantines lifted by evidence, against a real PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bot.analysis.explanation.counterfactual import Release
from bot.analysis.model import Actor, ActorKind
from bot.analysis.quarantine.lifecycle import Quarantine, State
from bot.analysis.quarantine.proposal import Proposal
from bot.jobs import rescore
from bot.queries import explanation
from bot.store import embedded
from bot.store.decisions import audit as audit_store
from bot.store.decisions import policy as policy_store
from bot.store.decisions import quarantine as quarantine_store
from bot.store.decisions.policy import StoredPolicy
from tests.presence import present
from tests.store import deciding
from tests.store.past import REPOSITORY, VARIANT, Past
from tests.store.rebuilt import context
from tests.store.recorded import Recorded, recording

OTHERS = dict.fromkeys((f"cart.test_{number}" for number in range(6)), ".")
FLAKY = {**OTHERS, "login.test_in": "F."}
CLEAN = {**OTHERS, "login.test_in": "."}
ANA, BEN = Actor(ActorKind.SLACK, "U0ANA", "Ana"), Actor(ActorKind.SLACK, "U0BEN", "Ben")


def quarantine_flaky(past: Past) -> None:
    """Let `login.test_in` be flaky, and quarantined."""
    for number in range(20):
        past.run(FLAKY if number in {9, 14, 18} else CLEAN)
    proposal = Proposal(case_id=past.case_id("login.test_in"), days=90, reason="It is flaky.")
    document = '{"quarantine": {"release_after": 4, "release_below": 0.8}}'
    with past.db.begin() as session:
        number = deciding.propose(session, REPOSITORY, proposal, ANA, past.now)
        deciding.approve(session, number, BEN, past.now)
        policy_store.put(session, REPOSITORY, StoredPolicy(document, "", None, past.now))


@pytest.fixture(scope="module")
def recorded(server: embedded.Server, template: str) -> Iterator[Recorded]:
    with recording(server, template, quarantine_flaky) as recorded:
        yield recorded


@pytest.fixture
def past(recorded: Recorded) -> Iterator[Past]:
    """A past in which `login.test_in` was flaky, and is quarantined now."""
    with recorded.copy() as past:
        yield past


def released(past: Past) -> Quarantine:
    """The quarantine, after those whose evidence suffices were lifted."""
    rescore.release(context(past), REPOSITORY)
    with past.db.begin() as session:
        return present(quarantine_store.find_latest(session, REPOSITORY, past.case_id("login.test_in")))


def clean_until_released(past: Past) -> int:
    for commits in range(1, 120):
        past.run(CLEAN)
        if released(past).state is State.LIFTED:
            return commits
    raise AssertionError


def test_a_case_is_released_after_enough_clean_commits_and_the_reason_is_told(past: Past) -> None:
    assert released(past).state is State.ACTIVE
    commits = clean_until_released(past)
    assert commits >= 4
    with past.db.begin() as session:
        last = audit_store.list_case(session, REPOSITORY, past.case_id("login.test_in"))[-1]
    assert last.reason.startswith(f"Well again: passed on the last {commits} commits of the default branch, ")


def test_the_promise_of_the_explanation_is_kept(past: Past) -> None:
    with past.db.begin() as session:
        explained = explanation.of_case(session, past.case_id("login.test_in"), past.now)
    (promise,) = [one for one in explained.counterfactuals if isinstance(one, Release)]
    assert clean_until_released(past) == promise.commits


@pytest.mark.parametrize("why", ["skipped", "gone", "partial", "pull request"])
def test_a_case_that_did_not_run_to_its_end_on_the_default_branch_is_never_released(past: Past, why: str) -> None:
    for _ in range(12):
        match why:
            case "skipped":
                past.run({**OTHERS, "login.test_in": "s"})
            case "gone":
                past.run(OTHERS)
            case "partial":
                past.variants({VARIANT: CLEAN}, partial=[VARIANT])
            case _:
                past.run(CLEAN, branch="feature")
    assert released(past).state is State.ACTIVE
