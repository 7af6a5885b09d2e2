"""People who want no messages about their commits."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

import sqlalchemy as sa

from bot.analysis.model import Channel, WorkspaceId
from bot.store import record
from bot.store.database import Session
from bot.store.tables.conversation import silenced_authors


def put(session: Session, workspace_id: WorkspaceId, user: str, now: datetime) -> None:
    """Tell a person nothing more about their commits."""
    record.insert_if_new(session, silenced_authors, {"workspace_id": workspace_id, "user_id": user, "since": now})


def delete(session: Session, workspace_id: WorkspaceId, user: str) -> None:
    """Tell a person about their commits again."""
    session.execute(sa.delete(silenced_authors).where(_is(workspace_id, user)))


def find(session: Session, workspace_id: WorkspaceId, user: str) -> datetime | None:
    """Since when a person wants no notifications; None if they want them."""
    return record.find_value(session, sa.select(silenced_authors.c.since).where(_is(workspace_id, user)))


def list_of(session: Session, people: Collection[Channel]) -> set[Channel]:
    """Those of some people who want no messages; each is addressed as the channel of their id."""
    wanted = sa.tuple_(silenced_authors.c.workspace_id, silenced_authors.c.user_id)
    query = sa.select(silenced_authors.c.workspace_id, silenced_authors.c.user_id).where(
        wanted.in_([(person.workspace_id, person.id) for person in people])
    )
    return {Channel(WorkspaceId(row[0]), row[1]) for row in session.execute(query)}


def _is(workspace_id: WorkspaceId, user: str) -> sa.ColumnElement[bool]:
    return sa.and_(silenced_authors.c.workspace_id == workspace_id, silenced_authors.c.user_id == user)
