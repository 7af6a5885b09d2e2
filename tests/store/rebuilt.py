"""Rebuilding the scores of a repository."""

from __future__ import annotations

import sqlalchemy as sa

from bot.analysis.model import WorkspaceId
from bot.jobs.context import Context
from bot.slack.registry import Registry
from bot.store import tables
from tests.store.run_recorder import RunRecorder

STATE = (tables.judging.scorers, tables.judging.pass_counts, tables.judging.branch_beliefs, tables.judging.scores)


def context(recorder: RunRecorder) -> Context:
    def nobody(_workspace_id: WorkspaceId) -> str:
        raise AssertionError

    slacks = Registry(nobody, base_url="http://127.0.0.1:9")
    return Context(recorder.db, None, slacks, None, clock=lambda: recorder.now)


def everything(recorder: RunRecorder) -> dict[str, list[tuple[object, ...]]]:
    """Every bit of the stored scores, and what was found in the runs; times of writing and numbers of rows left out."""
    found = {}
    with recorder.db.begin() as session:
        for table in (*STATE, tables.judging.incidents):
            columns = [column for column in table.c if column.name not in {"updated_at", "id"}]
            rows = session.execute(sa.select(*columns).order_by(*table.primary_key.columns))
            found[table.name] = [
                tuple(bytes(one) if isinstance(one, memoryview) else one for one in row) for row in rows
            ]
        terms = session.execute(
            sa.select(tables.results.runs.c.id, tables.results.runs.c.outage).order_by(tables.results.runs.c.id)
        )
        found["outage"] = [tuple(row) for row in terms]
    return found
