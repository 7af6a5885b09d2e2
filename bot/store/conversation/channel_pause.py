"""Channels that cannot be spoken to any more: archived, left, or gone."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from bot.analysis.model import Channel, WorkspaceId
from bot.store.database import Session
from bot.store.tables.workspaces import paused_channels


def put(session: Session, channel: Channel, reason: str, now: datetime) -> bool:
    """Pause a channel; False where it was paused already."""
    statement = insert(paused_channels).values(
        workspace_id=channel.workspace_id, channel=channel.id, reason=reason, paused_at=now
    )
    paused = statement.on_conflict_do_nothing().returning(paused_channels.c.channel)
    return session.execute(paused).first() is not None


def delete(session: Session, channel: Channel) -> bool:
    """Speak to a channel again; False where it was not paused."""
    result = session.execute(sa.delete(paused_channels).where(_is(channel)))
    return bool(result.rowcount)


def find(session: Session, channel: Channel) -> str | None:
    """Why a channel is paused; None where it is not."""
    found: str | None = session.execute(sa.select(paused_channels.c.reason).where(_is(channel))).scalar_one_or_none()
    return found


def count(session: Session, workspace_id: WorkspaceId) -> int:
    """How many channels of a workspace are paused."""
    paused = sa.select(sa.func.count()).where(paused_channels.c.workspace_id == workspace_id)
    return int(session.execute(paused).scalar_one())


def list_of(session: Session, channels: Sequence[Channel]) -> set[Channel]:
    """Which of some channels are paused."""
    if not channels:
        return set()
    named = sa.tuple_(paused_channels.c.workspace_id, paused_channels.c.channel)
    rows = session.execute(
        sa.select(paused_channels.c.workspace_id, paused_channels.c.channel).where(
            named.in_([(channel.workspace_id, channel.id) for channel in channels])
        )
    )
    return {Channel(WorkspaceId(row[0]), row[1]) for row in rows}


def _is(channel: Channel) -> sa.ColumnElement[bool]:
    return sa.and_(paused_channels.c.workspace_id == channel.workspace_id, paused_channels.c.channel == channel.id)
