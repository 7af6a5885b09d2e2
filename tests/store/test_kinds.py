from __future__ import annotations

import sqlalchemy as sa

from bot.store.database import Database
from bot.store.tables.results import fingerprints
from tests.store.run_recorder import RunRecorder


def kinds(db: Database) -> list[tuple[str, int, int, str, str]]:
    """The stored kinds, from the table, since no function reads the words that told a cause."""
    columns = (fingerprints.c.message, fingerprints.c.id, fingerprints.c.cluster_id, fingerprints.c.category)
    with db.begin() as session:
        rows = session.execute(sa.select(*columns, fingerprints.c.evidence).order_by(fingerprints.c.id))
        return [(row[0], row[1], row[2], row[3], row[4]) for row in rows]


def test_a_kind_of_failure_is_stored_once_with_its_cause_and_the_words_that_told_it(db: Database) -> None:
    recorder = RunRecorder(db)
    recorder.run({"a": "F", "b": "F"}, messages={"a": "deadlock after 3 s", "b": "deadlock after 17 s"})
    recorder.run({"a": "F"}, messages={"a": "deadlock after 8 s"})
    ((message, number, cluster, category, evidence),) = kinds(db)
    assert message.startswith("deadlock after")
    assert number == cluster
    assert (category, evidence) == ("concurrency", "deadlock")


def test_kinds_that_are_nearly_the_same_share_a_cluster_over_runs_and_within_one(db: Database) -> None:
    text = "the order of customer {} was not found in the list of the open orders of this shop{}"
    recorder = RunRecorder(db)
    recorder.run({"a": "F"}, messages={"a": text.format("ana", "")})
    recorder.run({"a": "F", "b": "F"}, messages={"a": text.format("ben", "; closed"), "b": "permission denied"})
    cluster_of = {message: cluster for message, _, cluster, _, _ in kinds(db)}
    assert len(cluster_of) == 3
    assert (
        cluster_of[text.format("ana", "")]
        == cluster_of[text.format("ben", "; closed")]
        != cluster_of["permission denied"]
    )
