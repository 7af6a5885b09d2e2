"""Infra is shown only while recent, also where the case does not run any more."""

from __future__ import annotations

from datetime import timedelta

from bot.analysis.model import Status
from bot.services import judge
from bot.store.database import Database
from bot.store.scores import score as score_store
from tests.store.past import REPOSITORY, Past
from tests.store.rebuilt import everything

MANY = {f"cart.test_{number}": "." for number in range(60)}
SEEN = "cart.test_7"


def shown(past: Past) -> Status:
    with past.db.begin() as session:
        return score_store.list_statuses(session, REPOSITORY)[past.case_id(SEEN)]


def test_infra_ends_with_time_where_a_case_does_not_run_and_its_state_stays(db: Database) -> None:
    past = Past(db)
    for number in range(80):
        past.run({**MANY, SEEN: "F" if number == 5 else "."})
    past.run(dict.fromkeys(MANY, "F"))
    assert shown(past) is Status.INFRA
    states = [row[:2] + row[3:4] for row in everything(past)["scores"]]
    with db.begin() as session:
        assert judge.end_infra(session, past.now) == 0
        assert judge.end_infra(session, past.now + timedelta(days=4)) == 1
    assert shown(past) is Status.HEALTHY
    assert [row[:2] + row[3:4] for row in everything(past)["scores"]] == states
    past.now += timedelta(days=4)
    past.run(MANY)
    assert shown(past) is Status.HEALTHY
