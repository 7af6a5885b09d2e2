"""Cases that somebody muted for a while."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

import sqlalchemy as sa

from bot.analysis.model import Actor, CaseId, RepositoryId
from bot.store import record, relation
from bot.store.database import Session
from bot.store.tables.deciding import mutes


def put(session: Session, repository_id: RepositoryId, case_id: CaseId, until: datetime, actor: Actor) -> None:
    """Mute a case until a time; the latest mute holds."""
    record.put(session, mutes, {"repository_id": repository_id, "case_id": case_id}, {"until": until, "actor": actor})


def delete(session: Session, repository_id: RepositoryId, case_id: CaseId) -> bool:
    """End the mute of a case; False where it was not muted."""
    result = session.execute(sa.delete(mutes).where(mutes.c.repository_id == repository_id, mutes.c.case_id == case_id))
    return bool(result.rowcount)


def list_until(
    session: Session, repository_ids: Collection[RepositoryId], case_ids: Collection[CaseId], now: datetime
) -> dict[CaseId, datetime]:
    """Until when each case is muted; those that are not, or no longer, are left out."""
    query = sa.select(mutes.c.case_id, mutes.c.until).where(
        relation.is_of_cases(mutes, repository_ids, case_ids), mutes.c.until > now
    )
    return {CaseId(row[0]): row[1] for row in session.execute(query)}


def forget_over(session: Session, now: datetime) -> None:
    """Delete the mutes whose time is over."""
    session.execute(sa.delete(mutes).where(mutes.c.until <= now))
