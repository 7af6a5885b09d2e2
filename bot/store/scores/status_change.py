"""Every change of the status of a case, with the run in which it was found."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime

import sqlalchemy as sa

from bot.analysis.case_state import StatusChange
from bot.analysis.model import CaseId, RepositoryId, RunId, Status
from bot.store import record
from bot.store.database import Session
from bot.store.tables.judging import status_changes


def insert(
    session: Session, repository_id: RepositoryId, run_id: RunId, changes: Iterable[StatusChange], now: datetime
) -> None:
    """Keep the changes that were found in a run."""
    common = {"repository_id": repository_id, "run_id": run_id, "occurred_at": now}
    record.insert_all(session, status_changes, [{**common, **record.values(change)} for change in changes])


def count_turns(
    session: Session, repository_ids: Collection[RepositoryId], since: datetime, until: datetime
) -> dict[RepositoryId, dict[Status, int]]:
    """How many cases turned to each status in a period; one that turned to it twice counts once."""
    rows = session.execute(
        sa.select(
            status_changes.c.repository_id,
            status_changes.c.after,
            sa.func.count(status_changes.c.case_id.distinct()),
        )
        .where(_is_between(repository_ids, since, until))
        .group_by(status_changes.c.repository_id, status_changes.c.after)
    )
    turns: dict[RepositoryId, dict[Status, int]] = {repository_id: {} for repository_id in repository_ids}
    for repository_id, after, number in rows:
        turns[repository_id][after] = number
    return turns


def list_causes(
    session: Session, repository_id: RepositoryId, turned_at: Mapping[CaseId, datetime], after: Status
) -> dict[CaseId, RunId]:
    """The run in which each case was found to turn to a status at its time; cases without such a run are left out."""
    query = sa.select(status_changes.c.case_id, status_changes.c.run_id).where(
        status_changes.c.repository_id == repository_id,
        status_changes.c.after == after,
        sa.tuple_(status_changes.c.case_id, status_changes.c.occurred_at).in_(list(turned_at.items())),
    )
    return {CaseId(row[0]): RunId(row[1]) for row in session.execute(query)}


def list_between(
    session: Session, repository_ids: Collection[RepositoryId], since: datetime, until: datetime
) -> Sequence[StatusChange]:
    """The changes found in a period, oldest first."""
    query = (
        sa.select(*record.columns(status_changes, StatusChange))
        .where(_is_between(repository_ids, since, until))
        .order_by(status_changes.c.occurred_at, status_changes.c.id)
    )
    return record.list_all(session, StatusChange, query)


def _is_between(repository_ids: Collection[RepositoryId], since: datetime, until: datetime) -> sa.ColumnElement[bool]:
    return sa.and_(
        status_changes.c.repository_id.in_(repository_ids),
        status_changes.c.occurred_at >= since,
        status_changes.c.occurred_at < until,
    )
