"""The durable queue: jobs deferred inside our own transactions, by name.

A fact and the work it asks for commit together; a rolled-back transaction leaves no job.
"""

from __future__ import annotations

from datetime import datetime

import procrastinate
import sqlalchemy as sa
from procrastinate.exceptions import AlreadyEnqueued

from bot import telemetry
from bot.store.database import Session

INGEST = "ingest"
NOTICE = "notice"
CHANNEL = "channel"
POLICY = "policy"
REBUILD = "rebuild"
RECOVERY = "recovery"
CLUSTERS = "clusters"
LEARN = "learn"

DEFAULT = "default"
MESSAGES = "messages"
"""The queue of what is said in Slack; a worker keeps threads for it, so that a slow Slack holds up nothing else."""
_QUEUES = {CHANNEL: MESSAGES}

HAND_ON = """
update procrastinate_jobs waiting
set scheduled_at = greatest(waiting.scheduled_at, %(retry_at)s),
    attempts = greatest(waiting.attempts, ended.attempts + 1)
from procrastinate_jobs ended
where ended.id = %(job_id)s and waiting.queueing_lock = ended.queueing_lock and waiting.status = 'todo'
"""
"""Lets the job that waits for the same as one that ends wait as long as that one would have."""

app = procrastinate.App(connector=procrastinate.SyncPsycopgConnector())


def defer(
    session: Session,
    task: str,
    *,
    lock: str,
    key: str | None = None,
    at: datetime | None = None,
    **arguments: str | int,
) -> None:
    """Put a job in the queue, in the caller's transaction.

    Jobs of the same `lock` run one after another; a job whose `key` waits already is not doubled.
    `at` is the earliest time it runs.
    """
    if key is not None and not _may_defer(session, key):
        return
    connection = session.connection.driver_connection
    deferrer = app.configure_task(
        task, connection=connection, lock=lock, queueing_lock=key, schedule_at=at, queue=_QUEUES.get(task, DEFAULT)
    )
    savepoint = session.begin_nested()
    try:
        deferrer.defer(correlation_id=telemetry.current_id(), **arguments)
    except AlreadyEnqueued:
        savepoint.rollback()
    else:
        savepoint.commit()


def _may_defer(session: Session, key: str) -> bool:
    """Whether no job of this key waits, and no other transaction is about to put one there.

    Two transactions that wait for each other's jobs would be a deadlock, so the later one leaves it to the other;
    what that job is too early to see is found by the clock.
    """
    row = session.execute(
        sa.text(
            "select exists (select from procrastinate_jobs where queueing_lock = :key and status = 'todo'),"
            " pg_try_advisory_xact_lock(hashtextextended(:key, 0))"
        ),
        {"key": key},
    ).one()
    return not row[0] and bool(row[1])


def count(session: Session) -> dict[str, int]:
    """How many jobs there are, by state."""
    rows = session.execute(
        sa.text("select status::text, count(*) from procrastinate_jobs where status in ('todo', 'doing') group by 1")
    )
    return {str(status): int(number) for status, number in rows}


def due(session: Session, now: datetime) -> tuple[int, datetime | None]:
    """How many jobs wait whose time has come, and since when the oldest does."""
    row = session.execute(
        sa.text(
            "select count(*), min(coalesce(j.scheduled_at, e.at)) from procrastinate_jobs j"
            " join procrastinate_events e on e.job_id = j.id and e.type = 'deferred'"
            " where j.status = 'todo' and (j.scheduled_at is null or j.scheduled_at <= :now)"
        ),
        {"now": now},
    ).one()
    return int(row[0]), row[1]


def forget_finished(session: Session, before: datetime) -> int:
    """Delete the jobs that ended well before `before`; returns how many."""
    result = session.execute(
        sa.text(
            "delete from procrastinate_jobs j where j.status = 'succeeded' and not exists"
            " (select from procrastinate_events e where e.job_id = j.id and e.at >= :before)"
        ),
        {"before": before},
    )
    return int(result.rowcount)
