from __future__ import annotations

import pytest

from bot.analysis.model import ActorKind, Status
from bot.analysis.quarantine.lifecycle import OPEN_STATES, Quarantine
from bot.github import policy_file
from bot.services import policy as policies
from bot.store.database import Database
from bot.store.decisions import quarantine as quarantine_store
from bot.store.scores import score as score_store
from tests.store.past import REPOSITORY, Past

CALM = {f"test_{number}": "." for number in range(12)}


@pytest.fixture
def past(db: Database) -> Past:
    return Past(db)


def turn_flaky(past: Past, *names: str) -> None:
    """Let tests fail and pass on the same code until they are called flaky."""
    for _ in range(12):
        past.run(CALM)
    for number in range(3):
        past.run({**CALM, **dict.fromkeys(names, "F")}, sha=f"{number:040x}")
        past.run(CALM, again=True, sha=f"{number:040x}")
        past.run(CALM)
    with past.db.begin() as session:
        for name in names:
            (score,) = score_store.list_of_cases(session, [REPOSITORY], [past.case_id(name)])
            assert score.status is Status.FLAKY


def proposed(past: Past, policy: str) -> list[Quarantine]:
    with past.db.begin() as session:
        policies.load(session, REPOSITORY, policy_file.to_json(policy.encode()), None, past.now)
    turn_flaky(past, "test_3", "test_7")
    with past.db.begin() as session:
        return list(quarantine_store.list_open(session, [REPOSITORY], OPEN_STATES))


def test_nothing_is_proposed_by_itself_without_a_policy_that_says_so(past: Past) -> None:
    assert proposed(past, "version: 1") == []


def test_a_policy_proposes_what_turns_flaky_for_the_days_it_names(past: Past) -> None:
    found = proposed(past, "quarantine: {propose: true, days: 21}")
    assert {one.case_id for one in found} == {past.case_id("test_3"), past.case_id("test_7")}
    assert {(one.days, one.proposed_by.kind) for one in found} == {(21, ActorKind.SYSTEM)}


def test_a_policy_proposes_no_more_than_its_budget_has_room_for(past: Past) -> None:
    assert len(proposed(past, "quarantine: {propose: true, budget: {repository: 1}}")) == 1
