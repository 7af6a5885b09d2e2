"""The policy and the CODEOWNERS of each repository: the last good ones, and the fault of a newer policy file."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from bot.analysis.model import RepositoryId
from bot.store import record
from bot.store.database import Session
from bot.store.tables.deciding import policies


@dataclass(frozen=True, slots=True)
class StoredPolicy:
    """The files of the default branch: `document` is the policy file as JSON, empty where there is none.

    `fault` says why the newest policy file is not in force.
    """

    document: str
    codeowners: str
    fault: str | None
    loaded_at: datetime


def find(session: Session, repository_id: RepositoryId) -> StoredPolicy | None:
    """What was loaded for a repository; None before the first time."""
    return list_of(session, [repository_id]).get(repository_id)


def list_of(session: Session, repository_ids: Collection[RepositoryId]) -> dict[RepositoryId, StoredPolicy]:
    """What was loaded for repositories; those never loaded are left out."""
    columns = record.columns(policies, StoredPolicy)
    rows = session.execute(
        sa.select(policies.c.repository_id, *columns).where(policies.c.repository_id.in_(repository_ids))
    )
    return {row[0]: StoredPolicy(*row[1:]) for row in rows}


def put(session: Session, repository_id: RepositoryId, policy: StoredPolicy) -> None:
    """Store what was loaded."""
    record.put(session, policies, {"repository_id": repository_id}, record.values(policy))
