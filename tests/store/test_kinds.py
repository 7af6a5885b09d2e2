from __future__ import annotations

import sqlalchemy as sa

from bot.store.database import Database
from bot.store.tables.results import fingerprints
from tests.store.past import Past


def kinds(db: Database) -> list[tuple[str, int, int, str, str]]:
    columns = (fingerprints.c.message, fingerprints.c.id, fingerprints.c.cluster_id, fingerprints.c.category)
    with db.begin() as session:
        rows = session.execute(sa.select(*columns, fingerprints.c.evidence).order_by(fingerprints.c.id))
        return [(row[0], row[1], row[2], row[3], row[4]) for row in rows]


def test_a_kind_of_failure_is_stored_once_with_its_cause_and_the_words_that_told_it(db: Database) -> None:
    past = Past(db)
    past.run({"a": "F", "b": "F"}, messages={"a": "deadlock after 3 s", "b": "deadlock after 17 s"})
    past.run({"a": "F"}, messages={"a": "deadlock after 8 s"})
    ((message, number, cluster, category, evidence),) = kinds(db)
    assert message.startswith("deadlock after")
    assert number == cluster
    assert (category, evidence) == ("concurrency", "deadlock")


def test_kinds_that_are_nearly_the_same_share_a_cluster_over_runs_and_within_one(db: Database) -> None:
    said = "the order of customer {} was not found in the list of the open orders of this shop{}"
    past = Past(db)
    past.run({"a": "F"}, messages={"a": said.format("ana", "")})
    past.run({"a": "F", "b": "F"}, messages={"a": said.format("ben", "; closed"), "b": "permission denied"})
    found = {message: cluster for message, _, cluster, _, _ in kinds(db)}
    assert len(found) == 3
    assert found[said.format("ana", "")] == found[said.format("ben", "; closed")] != found["permission denied"]
