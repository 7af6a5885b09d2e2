"""When a channel may be posted to: every channel is a queue of its own, which sends one notice at a time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from bot.analysis.model import Channel, WorkspaceId
from bot.store import queue
from bot.store.database import Session
from bot.store.tables.conversation import channel_schedules, notices
from bot.store.tables.workspaces import paused_channels


@dataclass(frozen=True, slots=True)
class ChannelSchedule:
    """When a channel may be posted to again, and how often in a row Slack refused it."""

    next_at: datetime
    failures: int


def find(session: Session, channel: Channel) -> ChannelSchedule | None:
    """The schedule of a channel; None where nothing was ever sent in it."""
    row = session.execute(
        sa.select(channel_schedules.c.next_at, channel_schedules.c.failures).where(
            channel_schedules.c.workspace_id == channel.workspace_id, channel_schedules.c.channel == channel.id
        )
    ).one_or_none()
    return None if row is None else ChannelSchedule(row[0], row[1])


def put(session: Session, channel: Channel, schedule: ChannelSchedule) -> None:
    """Store the schedule of a channel."""
    row = {"next_at": schedule.next_at, "failures": schedule.failures}
    session.execute(
        insert(channel_schedules)
        .values(workspace_id=channel.workspace_id, channel=channel.id, **row)
        .on_conflict_do_update(index_elements=["workspace_id", "channel"], set_=row)
    )


def job(channel: Channel, at: datetime | None = None) -> queue.Job:
    """The job that sends the next notice of a channel, at once or at a time."""
    key = f"channel:{channel}"
    return queue.Job(
        task=queue.CHANNEL,
        lock=key,
        key=key,
        at=at,
        arguments={"workspace_id": channel.workspace_id, "channel": channel.id},
    )


def enqueue(session: Session, channel: Channel, at: datetime | None = None) -> None:
    """Have a worker send the next notice of a channel, at once or at a time."""
    queue.defer_all(session, [job(channel, at)])


def enqueue_due(session: Session, now: datetime) -> int:
    """Queue every channel that has a notice due, is not paused and has no job that would send it; returns how many.

    What is due later is found here when its time has come, and so is what was stored while its job was just ending.
    """
    is_paused = sa.exists().where(
        paused_channels.c.workspace_id == notices.c.workspace_id, paused_channels.c.channel == notices.c.channel
    )
    rows = session.execute(
        sa.select(notices.c.workspace_id, notices.c.channel)
        .distinct()
        .outerjoin(
            channel_schedules,
            sa.and_(
                channel_schedules.c.workspace_id == notices.c.workspace_id,
                channel_schedules.c.channel == notices.c.channel,
            ),
        )
        .where(
            sa.not_(is_paused),
            notices.c.sent_revision < notices.c.revision,
            notices.c.channel != "",
            notices.c.due_at <= now,
            sa.func.coalesce(channel_schedules.c.next_at, now) <= now,
        )
    )
    jobs = [job(Channel(WorkspaceId(row[0]), row[1])) for row in rows]
    queue.defer_all(session, jobs)
    return len(jobs)
