"""Infra is shown only while recent, also where the case does not run any more."""

from __future__ import annotations

from datetime import timedelta

from bot.analysis.model import Status
from bot.services import judge
from bot.store.database import Database
from bot.store.scores import score as score_store
from tests.store.rebuilt import everything
from tests.store.run_recorder import REPOSITORY, RunRecorder

MANY = {f"cart.test_{number}": "." for number in range(60)}
SEEN = "cart.test_7"


def shown(recorder: RunRecorder) -> Status:
    with recorder.db.begin() as session:
        return score_store.list_statuses(session, REPOSITORY)[recorder.case_id(SEEN)]


def test_infra_ends_with_time_where_a_case_does_not_run_and_its_state_stays(db: Database) -> None:
    recorder = RunRecorder(db)
    for number in range(80):
        recorder.run({**MANY, SEEN: "F" if number == 5 else "."})
    recorder.run(dict.fromkeys(MANY, "F"))
    assert shown(recorder) is Status.INFRA
    states = [row[:2] + row[3:4] for row in everything(recorder)["scores"]]
    with db.begin() as session:
        assert judge.end_infra(session, REPOSITORY, recorder.now) == 0
        assert judge.end_infra(session, REPOSITORY, recorder.now + timedelta(days=4)) == 1
    assert shown(recorder) is Status.HEALTHY
    assert [row[:2] + row[3:4] for row in everything(recorder)["scores"]] == states
    recorder.now += timedelta(days=4)
    recorder.run(MANY)
    assert shown(recorder) is Status.HEALTHY
