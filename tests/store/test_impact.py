"""What flaky cases cost, from stored runs, against a real PostgreSQL."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.queries import impact
from bot.store.database import Database
from bot.store.scores import score as score_store
from tests.store.run_recorder import REPOSITORY, START, RunRecorder

OTHERS = dict.fromkeys((f"cart.test_{number}" for number in range(8)), ".")


@pytest.fixture
def recorder(db: Database) -> RunRecorder:
    made = RunRecorder(db)
    for number in range(30):
        made.run({**OTHERS, "login.test_in": "F." if number in {12, 18, 25} else ".", "pay.test_out": "."})
    return made


def test_a_red_pull_request_that_passes_when_run_again_costs_its_author_the_wait(recorder: RunRecorder) -> None:
    recorder.run({**OTHERS, "login.test_in": "F"}, branch="feature")
    recorder.run({**OTHERS, "login.test_in": "."}, branch="feature", again=True)
    with recorder.db.begin() as session:
        (first,) = impact.rank(session, REPOSITORY, START, recorder.now, 10)
        totals = impact.total(session, [REPOSITORY], START, recorder.now)
        one = impact.of_case(session, REPOSITORY, recorder.case_id("login.test_in"), START, recorder.now)
        (score,) = score_store.list_of_cases(session, [REPOSITORY], [first.case_id])
    assert first == one
    assert first.title == "tests/test_login.py::login.test_in"
    assert (first.failures, first.blocked_pull_requests) == (4, 1)
    assert first.waiting_minutes == pytest.approx(60)
    assert first.ci_minutes == pytest.approx(5 + 3 * 0.5 / 60)
    runs_per_day = 32 * timedelta(days=1) / (recorder.now - START)
    assert first.expected_failures == pytest.approx(7 * score.weight * runs_per_day)
    assert totals.blocked_pull_requests == 1
    assert totals.waiting_minutes == pytest.approx(60)
    assert totals.saved_minutes == 0


def test_a_pull_request_that_broke_a_healthy_case_is_not_counted(recorder: RunRecorder) -> None:
    recorder.run({**OTHERS, "login.test_in": ".", "pay.test_out": "F"}, branch="feature")
    recorder.run({**OTHERS, "login.test_in": ".", "pay.test_out": "F"}, branch="feature", again=True)
    with recorder.db.begin() as session:
        assert impact.total(session, [REPOSITORY], START, recorder.now).blocked_pull_requests == 0
        assert impact.of_case(session, REPOSITORY, recorder.case_id("pay.test_out"), START, recorder.now) is None


def test_what_happened_before_the_period_is_not_counted(recorder: RunRecorder) -> None:
    with recorder.db.begin() as session:
        assert impact.rank(session, REPOSITORY, recorder.now - timedelta(hours=1), recorder.now, 10) == []
