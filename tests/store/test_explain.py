"""Explanations from stored runs, against a real PostgreSQL."""

from __future__ import annotations

from datetime import date

import pytest

from bot.analysis.explanation.counterfactual import StatusAfter, StatusWithoutDay
from bot.analysis.explanation.explanation import Explanation
from bot.analysis.model import CaseId, Status
from bot.errors import NotFoundError
from bot.queries import explanation
from bot.store.database import Database
from tests.store.run_recorder import RunRecorder

OTHERS = dict.fromkeys((f"cart.test_{number}" for number in range(8)), ".")


@pytest.fixture
def recorder(db: Database) -> RunRecorder:
    return RunRecorder(db)


def of(recorder: RunRecorder, name: str) -> Explanation:
    case_id = recorder.case_id(name)
    with recorder.db.begin() as session:
        return explanation.of_case(session, case_id, recorder.now)


def test_a_flaky_case_is_explained_by_the_commits_that_did_both(recorder: RunRecorder) -> None:
    for number in range(30):
        recorder.run({**OTHERS, "login.test_in": "F." if number in {12, 18, 25} else "."})
    explained = of(recorder, "login.test_in")
    assert explained.status is Status.FLAKY
    assert explained.sentence.startswith(
        "Flaky: it passed and failed on the same code on 3 commits, and fails in about "
    )
    assert [commit.runs[0].number for commit in explained.evidence.mixed] == [26, 19, 13]
    assert any(isinstance(one, StatusAfter) and one.commits for one in explained.counterfactuals)
    assert any(line.startswith("Fails in 1 way: 3 times assert login.test_in == 1") for line in explained.lines)


def test_a_broken_case_is_explained_by_the_commit_that_broke_it(recorder: RunRecorder) -> None:
    shas = [f"{number:040x}" for number in range(1, 21)]
    for number, sha in enumerate(shas):
        recorder.run({**OTHERS, "login.test_in": "F" if number >= 15 else "."}, sha=sha)
    explained = of(recorder, "login.test_in")
    assert explained.status is Status.BROKEN
    assert explained.evidence.first_bad is not None
    assert explained.evidence.first_bad.commits == (shas[15],)
    assert explained.sentence.startswith(f"Broken: it fails since a change at {shas[15][:7]} (after {shas[14][:7]}), 9")


def test_one_bad_day_is_named_where_the_case_would_be_healthy_without_it(recorder: RunRecorder) -> None:
    for number in range(60):
        recorder.run({**OTHERS, "login.test_in": "F." if number in {30, 31} else "."})
    explained = of(recorder, "login.test_in")
    assert explained.status in {Status.FLAKY, Status.SUSPECT}
    assert StatusWithoutDay(date(2026, 3, 3), 2, Status.HEALTHY) in explained.counterfactuals


def test_a_case_that_never_failed_is_explained_too(recorder: RunRecorder) -> None:
    for _ in range(6):
        recorder.run(OTHERS)
    assert of(recorder, "cart.test_1").sentence == "Healthy: it has never failed."


def test_a_case_nobody_knows_is_said_to_be_unknown(db: Database) -> None:
    with db.begin() as session, pytest.raises(NotFoundError):
        explanation.of_case(session, CaseId(404), RunRecorder(db).now)
