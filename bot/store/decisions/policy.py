"""The policy file and the CODEOWNERS of each repository: the last good one, and what is wrong with a newer one."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from bot.analysis.model import RepositoryId
from bot.store.database import Session
from bot.store.tables import policies


@dataclass(frozen=True, slots=True)
class StoredPolicy:
    """The texts of the default branch; `fault` says why the newest policy file is not in force."""

    source: str
    codeowners: str
    fault: str | None
    loaded_at: datetime


def find(session: Session, repository_id: RepositoryId) -> StoredPolicy | None:
    """What was loaded for a repository; None before the first time."""
    return list_of(session, [repository_id]).get(repository_id)


def list_of(session: Session, repository_ids: Collection[RepositoryId]) -> dict[RepositoryId, StoredPolicy]:
    """What was loaded for repositories; those never loaded are left out."""
    rows = session.execute(
        sa.select(
            policies.c.repository_id,
            policies.c.source,
            policies.c.codeowners,
            policies.c.fault,
            policies.c.loaded_at,
        ).where(policies.c.repository_id.in_(list(repository_ids)))
    )
    return {RepositoryId(row[0]): StoredPolicy(*row[1:]) for row in rows}


def put(session: Session, repository_id: RepositoryId, policy: StoredPolicy) -> None:
    """Keep what was loaded; a faulty file has left the former source in `policy`."""
    row = {
        "source": policy.source,
        "codeowners": policy.codeowners,
        "fault": policy.fault,
        "loaded_at": policy.loaded_at,
    }
    session.execute(
        insert(policies)
        .values(repository_id=repository_id, **row)
        .on_conflict_do_update(index_elements=["repository_id"], set_=row)
    )
