"""Whose turn it is: every channel is a queue of its own, and says one thing at a time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from bot.analysis.model import Channel, WorkspaceId
from bot.store import queue
from bot.store.database import Session
from bot.store.tables import notices, paused_channels, turns


@dataclass(frozen=True, slots=True)
class Turn:
    """When a channel may be spoken to again, and how often Slack failed it in a row."""

    next_at: datetime
    failures: int


def find(session: Session, channel: Channel) -> Turn | None:
    """The turn of a channel; None where nothing was ever said in it."""
    row = session.execute(
        sa.select(turns.c.next_at, turns.c.failures).where(
            turns.c.workspace_id == channel.workspace_id, turns.c.channel == channel.id
        )
    ).one_or_none()
    return None if row is None else Turn(row[0], row[1])


def put(session: Session, channel: Channel, turn: Turn) -> None:
    """Let a channel wait."""
    row = {"next_at": turn.next_at, "failures": turn.failures}
    session.execute(
        insert(turns)
        .values(workspace_id=channel.workspace_id, channel=channel.id, **row)
        .on_conflict_do_update(index_elements=["workspace_id", "channel"], set_=row)
    )


def wake(session: Session, channel: Channel, at: datetime | None = None) -> None:
    """Let a worker look at what waits for a channel, at once or at a time."""
    key = f"channel:{channel}"
    queue.defer(session, queue.CHANNEL, lock=key, key=key, at=at, workspace_id=channel.workspace_id, channel=channel.id)


def wake_all(session: Session, now: datetime) -> int:
    """Wake every channel that has something to say, is not paused and has no job that would say it; returns how many.

    What is due later is found here when its time has come, and so is what was stored while its job was just ending.
    """
    is_paused = sa.exists().where(
        paused_channels.c.workspace_id == notices.c.workspace_id, paused_channels.c.channel == notices.c.channel
    )
    waiting = session.execute(
        sa.select(notices.c.workspace_id, notices.c.channel)
        .distinct()
        .outerjoin(
            turns,
            sa.and_(turns.c.workspace_id == notices.c.workspace_id, turns.c.channel == notices.c.channel),
        )
        .where(
            sa.not_(is_paused),
            notices.c.sent_revision < notices.c.revision,
            notices.c.channel != "",
            notices.c.due_at <= now,
            sa.func.coalesce(turns.c.next_at, now) <= now,
        )
    )
    channels = [Channel(WorkspaceId(row[0]), row[1]) for row in waiting]
    for channel in channels:
        wake(session, channel)
    return len(channels)
