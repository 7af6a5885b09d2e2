"""How much of Block Kit each workspace took when it was last tried."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from bot.analysis.model import WorkspaceId
from bot.store.database import Session
from bot.store.tables.conversation import block_levels


def find(session: Session, workspace_id: WorkspaceId, since: datetime) -> str | None:
    """The level that worked, learned since a time; None where none was, or too long ago."""
    level: str | None = session.execute(
        sa.select(block_levels.c.level).where(
            block_levels.c.workspace_id == workspace_id, block_levels.c.learned_at >= since
        )
    ).scalar_one_or_none()
    return level


def put(session: Session, workspace_id: WorkspaceId, level: str, now: datetime) -> None:
    """Remember the level that worked."""
    row = {"level": level, "learned_at": now}
    session.execute(
        insert(block_levels)
        .values(workspace_id=workspace_id, **row)
        .on_conflict_do_update(index_elements=["workspace_id"], set_=row)
    )
