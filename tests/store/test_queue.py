"""The jobs that are over: deleted after a while, which is longer for those that failed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from bot.store import queue
from bot.store.database import Database

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
DAY = timedelta(days=1)


def count_jobs(db: Database) -> int:
    with db.begin() as session:
        return int(session.execute(sa.text("select count(*) from procrastinate_jobs")).scalar_one())


@pytest.mark.parametrize(
    ("status", "ended_at", "is_kept"),
    [
        ("succeeded", NOW - 2 * DAY, False),
        ("succeeded", NOW - DAY / 2, True),
        ("failed", NOW - 2 * DAY, True),
        ("failed", NOW - 31 * DAY, False),
        ("todo", NOW - 31 * DAY, True),
        ("doing", NOW - 31 * DAY, True),
    ],
)
def test_a_job_is_deleted_some_time_after_it_ended(
    db: Database, status: str, ended_at: datetime, is_kept: bool
) -> None:
    with db.begin() as session:
        queue.defer(session, queue.LEARN, lock="learn:1", repository_id=1)
        # Only the worker changes the state of a job, and always to now.
        session.execute(
            sa.text("update procrastinate_jobs set status = cast(:status as procrastinate_job_status)"),
            {"status": status},
        )
        session.execute(sa.text("update procrastinate_events set at = :at"), {"at": ended_at})
        queue.forget_ended(session, NOW - DAY, NOW - 30 * DAY)
    assert count_jobs(db) == is_kept
