"""The durable queue: jobs deferred inside our own transactions, by name.

A fact and the work it asks for commit together; a rolled-back transaction leaves no job.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import sqlalchemy as sa

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
FEATURES = "features"

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
"""Moves the delay of a job that is dropped to the equivalent job that is queued."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QueuedJob:
    """One call of a task. Jobs of the same `lock` run one after another; a `key` that waits already is not doubled.

    `at` is the earliest time it runs.
    """

    task: str
    lock: str
    key: str | None = None
    at: datetime | None = None
    arguments: Mapping[str, str | int] = field(default_factory=dict)


def defer(
    session: Session,
    task: str,
    *,
    lock: str,
    key: str | None = None,
    at: datetime | None = None,
    **arguments: str | int,
) -> None:
    """Put one job in the queue, in the caller's transaction."""
    defer_all(session, [QueuedJob(task=task, lock=lock, key=key, at=at, arguments=arguments)])


def defer_each(session: Session, task: str, repository_ids: Sequence[int], *, at: datetime | None = None) -> None:
    """Put one job of a task in the queue for each repository; several requests become one job."""
    defer_all(
        session,
        [
            QueuedJob(
                task=task,
                lock=f"{task}:{repository_id}",
                key=f"{task}:{repository_id}",
                at=at,
                arguments={"repository_id": repository_id},
            )
            for repository_id in repository_ids
        ],
    )


def defer_all(session: Session, jobs: Sequence[QueuedJob]) -> None:
    """Put jobs in the queue, in the caller's transaction and in one statement."""
    if not jobs:
        return
    correlation_id = telemetry.current_id()
    rows = [
        {
            "queue": _QUEUES.get(job.task, DEFAULT),
            "task": job.task,
            "lock": job.lock,
            "key": job.key,
            "args": {"correlation_id": correlation_id, **job.arguments},
            "at": None if job.at is None else job.at.isoformat(),
        }
        for job in jobs
    ]
    session.execute(_DEFER, {"jobs": json.dumps(rows)})


_DEFER = sa.text(
    """
insert into procrastinate_jobs (queue_name, task_name, lock, queueing_lock, args, scheduled_at)
select job.queue, job.task, job.lock, job.key, job.args, job.at
from jsonb_to_recordset(cast(:jobs as jsonb))
    as job (queue text, task text, lock text, key text, args jsonb, at timestamptz)
where job.key is null or (
    not exists (select from procrastinate_jobs where queueing_lock = job.key and status = 'todo')
    and pg_try_advisory_xact_lock(hashtextextended(job.key, 0))
)
on conflict (queueing_lock) where status = 'todo' do nothing
"""
)
"""Inserts jobs whose key does not wait, and which no other transaction is about to insert.

Two transactions that wait for each other's keys would be a deadlock, so the later one leaves a key to the other; a job
that ran too early to see what the later one stored is made up for by the clock. The conflict is with a transaction
that committed after this statement began.
"""


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


def forget_ended(session: Session, succeeded_before: datetime, failed_before: datetime) -> int:
    """Delete the jobs that ended before a time, each by how it ended; returns how many."""
    result = session.execute(
        sa.text(
            "delete from procrastinate_jobs j where j.status in ('succeeded', 'failed') and not exists"
            " (select from procrastinate_events e where e.job_id = j.id"
            " and e.at >= case j.status when 'succeeded' then :succeeded_before else :failed_before end)"
        ),
        {"succeeded_before": succeeded_before, "failed_before": failed_before},
    )
    return int(result.rowcount)
