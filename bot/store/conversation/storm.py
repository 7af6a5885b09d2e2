"""Storms: so many new flakes at once in a channel that they share one card."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from bot.analysis.model import CaseId, Channel, RepositoryId
from bot.store import record, relation
from bot.store.database import Session
from bot.store.tables.conversation import storms


@dataclass(frozen=True, slots=True, kw_only=True)
class Storm:
    """The new flakes of a repository that share a card; `last_at` is when the latest joined."""

    id: int
    repository_id: RepositoryId
    case_ids: tuple[CaseId, ...]
    started_at: datetime
    last_at: datetime


def insert(
    session: Session, channel: Channel, repository_id: RepositoryId, case_ids: Sequence[CaseId], now: datetime
) -> int:
    """Begin a storm; returns its number."""
    row = {"repository_id": repository_id, "case_ids": sorted(case_ids), "started_at": now, "last_at": now}
    statement = sa.insert(storms).values(**relation.key_of(channel), **row)
    number: int = session.execute(statement.returning(storms.c.id)).scalar_one()
    return number


def join(session: Session, storm: Storm, case_ids: Sequence[CaseId], now: datetime) -> None:
    """Let more new flakes share the card of a storm."""
    session.execute(
        sa.update(storms)
        .where(storms.c.id == storm.id)
        .values(case_ids=sorted({*storm.case_ids, *case_ids}), last_at=now)
    )


def find_open(session: Session, channel: Channel, repository_id: RepositoryId, since: datetime) -> Storm | None:
    """The storm of a repository in a channel that somebody joined since a time."""
    is_here = sa.and_(relation.is_channel(storms, channel), storms.c.repository_id == repository_id)
    query = _SELECT.where(is_here, storms.c.last_at > since).order_by(storms.c.last_at.desc()).limit(1)
    return record.find(session, Storm, query)


def get(session: Session, number: int) -> Storm:
    """The storm of this number.

    Raises:
        NotFoundError: not known.
    """
    return record.get(session, Storm, _SELECT.where(storms.c.id == number), "This storm is not known any more.")


_SELECT = sa.select(*record.columns(storms, Storm))
