"""Requests to score a repository again, and which of them the present scores answer."""

from __future__ import annotations

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


def request(session: Session, repository_id: RepositoryId, reason: str, now: datetime) -> None:
    """Request that the scores of a repository be computed again in the background; the current ones stay readable."""
    put(session, repository_id, reason, now)
    enqueue(session, repository_id)


def request_if_idle(session: Session, repository_id: RepositoryId, reason: str, now: datetime) -> bool:
    """Do so unless a request is pending; returns whether it did."""
    if find(session, repository_id).is_pending:
        return False
    request(session, repository_id, reason, now)
    return True


def put(session: Session, repository_id: RepositoryId, reason: str, now: datetime) -> None:
    """Record a request to compute the scores of a repository again, for the caller to answer."""
    statement = insert(rescores).values(repository_id=repository_id, wanted=1, done=0, reason=reason, requested_at=now)
    session.execute(
        statement.on_conflict_do_update(
            index_elements=["repository_id"],
            set_={"wanted": rescores.c.wanted + 1, "reason": reason, "requested_at": now},
        )
    )


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


def enqueue(session: Session, repository_id: RepositoryId) -> None:
    """Queue the job that rebuilds the scores of a repository."""
    # One lock for all: a new model asks for every repository at once, and incoming runs need the other threads.
    queue.defer(session, queue.REBUILD, lock="rebuild", key=f"rebuild:{repository_id}", repository_id=repository_id)
