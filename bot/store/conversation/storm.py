"""Storms: so many new flakes at once in a channel that they share one card."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from bot.analysis.model import CaseId, Channel, RepositoryId
from bot.errors import NotFoundError
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
    number: int = session.execute(
        sa.insert(storms)
        .values(
            workspace_id=channel.workspace_id,
            channel=channel.id,
            repository_id=repository_id,
            case_ids=sorted(case_ids),
            started_at=now,
            last_at=now,
        )
        .returning(storms.c.id)
    ).scalar_one()
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
    row = (
        session.execute(
            sa.select(storms)
            .where(
                storms.c.workspace_id == channel.workspace_id,
                storms.c.channel == channel.id,
                storms.c.repository_id == repository_id,
                storms.c.last_at > since,
            )
            .order_by(storms.c.last_at.desc())
            .limit(1)
        )
        .mappings()
        .one_or_none()
    )
    return None if row is None else _read(row)


def get(session: Session, number: int) -> Storm:
    """The storm of this number.

    Raises:
        NotFoundError: not known.
    """
    row = session.execute(sa.select(storms).where(storms.c.id == number)).mappings().one_or_none()
    if row is None:
        message = "This storm is not known any more."
        raise NotFoundError(message)
    return _read(row)


def _read(row: sa.RowMapping) -> Storm:
    return Storm(
        id=row["id"],
        repository_id=RepositoryId(row["repository_id"]),
        case_ids=tuple(CaseId(case_id) for case_id in row["case_ids"]),
        started_at=row["started_at"],
        last_at=row["last_at"],
    )
