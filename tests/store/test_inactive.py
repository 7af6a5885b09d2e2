from __future__ import annotations

from datetime import timedelta

import pytest

from bot.analysis.model import Status
from bot.queries import case, explanation, repository
from bot.store.database import Database
from tests.store.run_recorder import REPOSITORY, RunRecorder

CALM = {f"test_{number}": "." for number in range(60)}


@pytest.fixture
def recorder(db: Database) -> RunRecorder:
    return RunRecorder(db)


def status(recorder: RunRecorder, name: str) -> Status:
    with recorder.db.begin() as session:
        shown = case.of_case(session, recorder.case_id(name), recorder.now).status
        assert explanation.of_case(session, recorder.case_id(name), recorder.now).status is shown
    return shown


def counts(recorder: RunRecorder) -> dict[Status, int]:
    with recorder.db.begin() as session:
        counted = repository.count_statuses(session, [REPOSITORY], recorder.now)[REPOSITORY]
    return {status: number for status, number in counted.items() if number}


def test_a_test_that_ran_a_few_times_and_never_failed_has_too_few_runs(recorder: RunRecorder) -> None:
    recorder.run(CALM)
    assert status(recorder, "test_1") is Status.INSUFFICIENT
    assert counts(recorder) == {Status.INSUFFICIENT: 60}
    for _ in range(5):
        recorder.run(CALM)
    assert status(recorder, "test_1") is Status.HEALTHY
    assert counts(recorder) == {Status.HEALTHY: 60}


def test_a_test_that_failed_only_with_the_rest_of_the_run_is_infra_while_that_is_recent(recorder: RunRecorder) -> None:
    for _ in range(10):
        recorder.run(CALM)
    recorder.run({**CALM, **dict.fromkeys(list(CALM)[:40], "F")})
    assert status(recorder, "test_1") is Status.INFRA
    assert status(recorder, "test_50") is Status.HEALTHY
    assert counts(recorder) == {Status.INFRA: 40, Status.HEALTHY: 20}
    recorder.now += timedelta(days=10)
    assert status(recorder, "test_1") is Status.HEALTHY


def test_a_variant_that_is_new_takes_nothing_from_what_the_others_show(recorder: RunRecorder) -> None:
    for _ in range(10):
        recorder.run(CALM)
    recorder.variants({"ci/default": CALM, "ci/windows": CALM})
    assert status(recorder, "test_1") is Status.HEALTHY
    assert counts(recorder) == {Status.HEALTHY: 60}
