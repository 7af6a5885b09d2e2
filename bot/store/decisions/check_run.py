"""The check runs FlakeGuard made, one per commit, and the re-runs it asked for."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import sqlalchemy as sa

from bot.analysis.model import Actor, RepositoryId
from bot.store import record
from bot.store.database import Session
from bot.store.tables.deciding import checks, reruns


def find(session: Session, repository_id: RepositoryId, head_sha: str) -> int | None:
    """GitHub's number of the check run of a commit."""
    is_of_commit = sa.and_(checks.c.repository_id == repository_id, checks.c.head_sha == head_sha)
    return record.find_value(session, sa.select(checks.c.check_run_id).where(is_of_commit))


def put(session: Session, repository_id: RepositoryId, head_sha: str, check_run_id: int, now: datetime) -> None:
    """Remember the check run of a commit."""
    key = {"repository_id": repository_id, "head_sha": head_sha}
    record.put(session, checks, key, {"check_run_id": check_run_id, "updated_at": now})


def insert_rerun(
    session: Session, repository_id: RepositoryId, github_run_id: int, attempt: int, actor: Actor, now: datetime
) -> bool:
    """Note that the failed jobs of an attempt are run again; False where that was asked before."""
    key = {"repository_id": repository_id, "github_run_id": github_run_id, "attempt": attempt}
    return record.insert_if_new(session, reruns, {**key, "actor": actor, "created_at": now})


def delete_rerun(session: Session, repository_id: RepositoryId, github_run_id: int, attempt: int) -> None:
    """Forget that the failed jobs of an attempt are run again."""
    session.execute(
        sa.delete(reruns).where(
            reruns.c.repository_id == repository_id,
            reruns.c.github_run_id == github_run_id,
            reruns.c.attempt == attempt,
        )
    )


def count_reruns(session: Session, repository_id: RepositoryId, github_run_id: int) -> int:
    """How often the failed jobs of a run were run again."""
    return record.count(session, reruns.c.repository_id == repository_id, reruns.c.github_run_id == github_run_id)


def list_reruns(session: Session, repository_id: RepositoryId, attempts: Iterable[tuple[int, int]]) -> list[datetime]:
    """When the failed jobs of attempts, each (GitHub's run id, attempt), were run again through FlakeGuard."""
    query = sa.select(reruns.c.created_at).where(
        reruns.c.repository_id == repository_id,
        sa.tuple_(reruns.c.github_run_id, reruns.c.attempt).in_(attempts),
    )
    return list(session.execute(query).scalars())
