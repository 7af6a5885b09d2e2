"""When a channel may be posted to: every channel is a queue of its own, which sends one notice at a time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from bot.analysis.model import Channel
from bot.store import queue, record, relation
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
    query = sa.select(channel_schedules.c.next_at, channel_schedules.c.failures)
    return record.find(session, ChannelSchedule, query.where(relation.is_channel(channel_schedules, channel)))


def put(session: Session, channel: Channel, schedule: ChannelSchedule) -> None:
    """Store the schedule of a channel."""
    record.put(session, channel_schedules, relation.key_of(channel), record.values(schedule))


def job(channel: Channel, at: datetime | None = None) -> queue.QueuedJob:
    """The job that sends the next notice of a channel, at once or at a time."""
    key = f"channel:{channel}"
    return queue.QueuedJob(task=queue.CHANNEL, lock=key, key=key, at=at, arguments=relation.key_of(channel))


def enqueue(session: Session, channel: Channel, at: datetime | None = None) -> None:
    """Have a worker send the next notice of a channel, at once or at a time."""
    queue.defer_all(session, [job(channel, at)])


def enqueue_due(session: Session, now: datetime) -> int:
    """Queue every channel that has a notice due, is not paused and has no job that would send it; returns how many.

    What is due later is found here when its time has come, and so is what was stored while its job was just ending.
    """
    is_paused = sa.exists().where(relation.same_channel(paused_channels, notices))
    rows = session.execute(
        sa.select(notices.c.workspace_id, notices.c.channel)
        .distinct()
        .outerjoin(channel_schedules, relation.same_channel(channel_schedules, notices))
        .where(
            sa.not_(is_paused),
            notices.c.sent_revision < notices.c.revision,
            notices.c.channel != "",
            notices.c.due_at <= now,
            sa.func.coalesce(channel_schedules.c.next_at, now) <= now,
        )
    )
    jobs = [job(Channel(*row)) for row in rows]
    queue.defer_all(session, jobs)
    return len(jobs)
