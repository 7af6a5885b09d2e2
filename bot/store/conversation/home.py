"""Who has opened their App Home, so that it is brought up to date for them."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from bot.analysis.model import Channel, RepositoryId, WorkspaceId
from bot.store import record
from bot.store.database import Session
from bot.store.tables.conversation import homes
from bot.store.tables.results import repositories
from bot.store.workspaces import workspace as workspace_store


def put(session: Session, workspace_id: WorkspaceId, user_id: str, now: datetime) -> None:
    """Note that somebody opened their home."""
    record.put(session, homes, {"workspace_id": workspace_id, "user_id": user_id}, {"opened_at": now})


def list_viewers(session: Session, repository_id: RepositoryId, since: datetime, limit: int) -> list[Channel]:
    """Who opened their home since a time and sees a repository there, the latest first."""
    rows = session.execute(
        sa.select(homes.c.workspace_id, homes.c.user_id)
        .join(repositories, repositories.c.id == repository_id)
        .where(homes.c.opened_at >= since, workspace_store.visible_to(homes.c.workspace_id))
        .order_by(homes.c.opened_at.desc())
        .limit(limit)
    )
    return [Channel(WorkspaceId(row[0]), row[1]) for row in rows]


def forget(session: Session, before: datetime) -> None:
    """Delete the notes of those who have not opened theirs for long."""
    session.execute(sa.delete(homes).where(homes.c.opened_at < before))
