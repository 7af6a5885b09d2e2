from __future__ import annotations

from datetime import timedelta

import pytest

from bot.analysis.model import Status
from bot.queries import case, explanation, repository
from bot.store.database import Database
from tests.store.past import REPOSITORY, Past

CALM = {f"test_{number}": "." for number in range(60)}


@pytest.fixture
def past(db: Database) -> Past:
    return Past(db)


def status(past: Past, name: str) -> Status:
    with past.db.begin() as session:
        shown = case.of_case(session, past.case_id(name), past.now).status
        assert explanation.of_case(session, past.case_id(name), past.now).status is shown
    return shown


def counts(past: Past) -> dict[Status, int]:
    with past.db.begin() as session:
        counted = repository.count_statuses(session, [REPOSITORY], past.now)[REPOSITORY]
    return {status: number for status, number in counted.items() if number}


def test_a_test_that_ran_a_few_times_and_never_failed_has_too_few_runs(past: Past) -> None:
    past.run(CALM)
    assert status(past, "test_1") is Status.INSUFFICIENT
    assert counts(past) == {Status.INSUFFICIENT: 60}
    for _ in range(5):
        past.run(CALM)
    assert status(past, "test_1") is Status.HEALTHY
    assert counts(past) == {Status.HEALTHY: 60}


def test_a_test_that_failed_only_with_the_rest_of_the_run_is_infra_while_that_is_recent(past: Past) -> None:
    for _ in range(10):
        past.run(CALM)
    past.run({**CALM, **dict.fromkeys(list(CALM)[:40], "F")})
    assert status(past, "test_1") is Status.INFRA
    assert status(past, "test_50") is Status.HEALTHY
    assert counts(past) == {Status.INFRA: 40, Status.HEALTHY: 20}
    past.now += timedelta(days=10)
    assert status(past, "test_1") is Status.HEALTHY


def test_a_variant_that_is_new_takes_nothing_from_what_the_others_show(past: Past) -> None:
    for _ in range(10):
        past.run(CALM)
    past.variants({"ci/default": CALM, "ci/windows": CALM})
    assert status(past, "test_1") is Status.HEALTHY
    assert counts(past) == {Status.HEALTHY: 60}
