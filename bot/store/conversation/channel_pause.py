"""Channels that cannot be spoken to any more: archived, left, or gone."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from bot.analysis.model import Channel, WorkspaceId
from bot.store import record, relation
from bot.store.database import Session
from bot.store.tables.workspaces import paused_channels


def put(session: Session, channel: Channel, reason: str, now: datetime) -> bool:
    """Pause a channel; False where it was paused already."""
    row = {**relation.key_of(channel), "reason": reason, "paused_at": now}
    return record.insert_if_new(session, paused_channels, row)


def delete(session: Session, channel: Channel) -> bool:
    """Speak to a channel again; False where it was not paused."""
    result = session.execute(sa.delete(paused_channels).where(relation.is_channel(paused_channels, channel)))
    return bool(result.rowcount)


def find(session: Session, channel: Channel) -> str | None:
    """Why a channel is paused; None where it is not."""
    query = sa.select(paused_channels.c.reason).where(relation.is_channel(paused_channels, channel))
    return record.find_value(session, query)


def count(session: Session, workspace_id: WorkspaceId) -> int:
    """How many channels of a workspace are paused."""
    return record.count(session, paused_channels.c.workspace_id == workspace_id)


def list_of(session: Session, channels: Sequence[Channel]) -> set[Channel]:
    """Which of some channels are paused."""
    if not channels:
        return set()
    columns = (paused_channels.c.workspace_id, paused_channels.c.channel)
    rows = session.execute(sa.select(*columns).where(relation.is_one_of(paused_channels, channels)))
    return {Channel(*row) for row in rows}
