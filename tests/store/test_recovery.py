"""Quarantines lifted by evidence, against a real PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bot.analysis.explanation.counterfactual import ReleaseAfter
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
from tests.store.rebuilt import context
from tests.store.recorded import Recorded, recording
from tests.store.run_recorder import REPOSITORY, VARIANT, RunRecorder

OTHERS = dict.fromkeys((f"cart.test_{number}" for number in range(6)), ".")
FLAKY = {**OTHERS, "login.test_in": "F."}
CLEAN = {**OTHERS, "login.test_in": "."}
ANA, BEN = Actor(ActorKind.SLACK, "U0ANA", "Ana"), Actor(ActorKind.SLACK, "U0BEN", "Ben")


def quarantine_flaky(recorder: RunRecorder) -> None:
    """Let `login.test_in` be flaky, and quarantined."""
    for number in range(20):
        recorder.run(FLAKY if number in {9, 14, 18} else CLEAN)
    proposal = Proposal(case_id=recorder.case_id("login.test_in"), days=90, reason="It is flaky.")
    document = '{"quarantine": {"release_after": 4, "release_below": 0.8}}'
    with recorder.db.begin() as session:
        number = deciding.propose(session, REPOSITORY, proposal, ANA, recorder.now)
        deciding.approve(session, number, BEN, recorder.now)
        policy_store.put(session, REPOSITORY, StoredPolicy(document, "", None, recorder.now))


@pytest.fixture(scope="module")
def recorded(server: embedded.Server, template: str) -> Iterator[Recorded]:
    with recording(server, template, quarantine_flaky) as recorded:
        yield recorded


@pytest.fixture
def recorder(recorded: Recorded) -> Iterator[RunRecorder]:
    """A history in which `login.test_in` was flaky, and is quarantined now."""
    with recorded.copy() as recorder:
        yield recorder


def released(recorder: RunRecorder) -> Quarantine:
    """The quarantine, after those whose evidence suffices were lifted."""
    rescore.release(context(recorder), REPOSITORY)
    with recorder.db.begin() as session:
        return present(quarantine_store.find_latest(session, REPOSITORY, recorder.case_id("login.test_in")))


def clean_until_released(recorder: RunRecorder) -> int:
    for commits in range(1, 120):
        recorder.run(CLEAN)
        if released(recorder).state is State.LIFTED:
            return commits
    raise AssertionError


def test_a_case_is_released_after_enough_clean_commits_and_the_reason_is_told(recorder: RunRecorder) -> None:
    assert released(recorder).state is State.ACTIVE
    commits = clean_until_released(recorder)
    assert commits >= 4
    with recorder.db.begin() as session:
        last = audit_store.list_case(session, REPOSITORY, recorder.case_id("login.test_in"))[-1]
    assert last.reason.startswith(f"Well again: passed on the last {commits} commits of the default branch, ")


def test_the_promise_of_the_explanation_is_kept(recorder: RunRecorder) -> None:
    with recorder.db.begin() as session:
        explained = explanation.of_case(session, recorder.case_id("login.test_in"), recorder.now)
    (promise,) = [one for one in explained.counterfactuals if isinstance(one, ReleaseAfter)]
    assert clean_until_released(recorder) == promise.commits


@pytest.mark.parametrize("why", ["skipped", "gone", "partial", "pull request"])
def test_a_case_that_did_not_run_to_its_end_on_the_default_branch_is_never_released(
    recorder: RunRecorder, why: str
) -> None:
    for _ in range(12):
        match why:
            case "skipped":
                recorder.run({**OTHERS, "login.test_in": "s"})
            case "gone":
                recorder.run(OTHERS)
            case "partial":
                recorder.variants({VARIANT: CLEAN}, partial=[VARIANT])
            case _:
                recorder.run(CLEAN, branch="feature")
    assert released(recorder).state is State.ACTIVE
