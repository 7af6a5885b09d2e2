from __future__ import annotations

import pytest

from bot.analysis.model import ActorKind, Status
from bot.analysis.quarantine.lifecycle import OPEN_STATES, Quarantine
from bot.github import policy_file
from bot.services import policy as policies
from bot.store.database import Database
from bot.store.decisions import quarantine as quarantine_store
from bot.store.scores import score as score_store
from tests.store.run_recorder import REPOSITORY, RunRecorder

CALM = {f"test_{number}": "." for number in range(12)}


@pytest.fixture
def recorder(db: Database) -> RunRecorder:
    return RunRecorder(db)


def turn_flaky(recorder: RunRecorder, *names: str) -> None:
    """Let tests fail and pass on the same code until they are called flaky."""
    for _ in range(12):
        recorder.run(CALM)
    for number in range(3):
        recorder.run({**CALM, **dict.fromkeys(names, "F")}, sha=f"{number:040x}")
        recorder.run(CALM, again=True, sha=f"{number:040x}")
        recorder.run(CALM)
    with recorder.db.begin() as session:
        for name in names:
            (score,) = score_store.list_of_cases(session, [REPOSITORY], [recorder.case_id(name)])
            assert score.status is Status.FLAKY


def proposed(recorder: RunRecorder, policy: str) -> list[Quarantine]:
    with recorder.db.begin() as session:
        policies.load(session, REPOSITORY, policy_file.to_json(policy.encode()), None, recorder.now)
    turn_flaky(recorder, "test_3", "test_7")
    with recorder.db.begin() as session:
        return list(quarantine_store.list_open(session, [REPOSITORY], OPEN_STATES))


def test_nothing_is_proposed_by_itself_without_a_policy_that_says_so(recorder: RunRecorder) -> None:
    assert proposed(recorder, "version: 1") == []


def test_a_policy_proposes_what_turns_flaky_for_the_days_it_names(recorder: RunRecorder) -> None:
    found = proposed(recorder, "quarantine: {propose: true, days: 21}")
    assert {one.case_id for one in found} == {recorder.case_id("test_3"), recorder.case_id("test_7")}
    assert {(one.days, one.proposed_by.kind) for one in found} == {(21, ActorKind.SYSTEM)}


def test_a_policy_proposes_no_more_than_its_budget_has_room_for(recorder: RunRecorder) -> None:
    assert len(proposed(recorder, "quarantine: {propose: true, budget: {repository: 1}}")) == 1
