"""Requests to score a repository again, and which of them the present scores answer."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from bot.analysis.model import RepositoryId
from bot.store import queue, record
from bot.store.database import Session
from bot.store.tables.judging import rescores


@dataclass(frozen=True, slots=True)
class Rescore:
    """How many times a rescore of a repository was requested, and how many of the requests were answered."""

    wanted: int
    done: int
    reason: str

    @property
    def is_pending(self) -> bool:
        """Whether the present scores do not answer the latest asking."""
        return self.wanted > self.done


def request(session: Session, repository_ids: Collection[RepositoryId], reason: str, now: datetime) -> None:
    """Request that the scores of repositories be computed again in the background; the current ones stay readable."""
    put(session, repository_ids, reason, now)
    enqueue(session, repository_ids)


def request_if_idle(
    session: Session, repository_ids: Collection[RepositoryId], reason: str, now: datetime
) -> list[RepositoryId]:
    """Do so for those of which no request is pending; returns them."""
    pending = list_pending(session)
    idle = [repository_id for repository_id in repository_ids if repository_id not in pending]
    request(session, idle, reason, now)
    return idle


def put(session: Session, repository_ids: Collection[RepositoryId], reason: str, now: datetime) -> None:
    """Record requests to compute the scores of repositories again, for the caller to answer."""
    if not repository_ids:
        return
    rows = [
        {"repository_id": repository_id, "wanted": 1, "done": 0, "reason": reason, "requested_at": now}
        for repository_id in repository_ids
    ]
    replaced = {"wanted": rescores.c.wanted + 1, "reason": reason, "requested_at": now}
    session.execute(insert(rescores).on_conflict_do_update(index_elements=["repository_id"], set_=replaced), rows)


def find(session: Session, repository_id: RepositoryId) -> Rescore:
    """The requests of a repository and the answers; zero where there were none."""
    query = sa.select(*record.columns(rescores, Rescore)).where(rescores.c.repository_id == repository_id)
    return record.find(session, Rescore, query) or Rescore(0, 0, "")


def list_pending(session: Session) -> list[RepositoryId]:
    """The repositories whose scores do not answer the latest asking."""
    rows = session.execute(
        sa.select(rescores.c.repository_id)
        .where(rescores.c.wanted > rescores.c.done)
        .order_by(rescores.c.repository_id)
    )
    return [RepositoryId(row[0]) for row in rows]


def set_done(session: Session, repository_id: RepositoryId, answered: int, now: datetime) -> None:
    """Record that the scores answer the asking of this number."""
    session.execute(
        sa.update(rescores)
        .where(rescores.c.repository_id == repository_id)
        .values(done=sa.func.greatest(rescores.c.done, answered), finished_at=now)
    )


def enqueue(session: Session, repository_ids: Collection[RepositoryId]) -> None:
    """Queue the jobs that rebuild the scores of repositories."""
    # One lock for all: a new model asks for every repository at once, and incoming runs need the other threads.
    jobs = [
        queue.QueuedJob(
            task=queue.REBUILD, lock="rebuild", key=f"rebuild:{number}", arguments={"repository_id": number}
        )
        for number in repository_ids
    ]
    queue.defer_all(session, jobs)
