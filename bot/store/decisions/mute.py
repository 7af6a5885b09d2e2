"""Cases that somebody wants to hear nothing of for a while."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from bot.analysis.model import Actor, CaseId, RepositoryId
from bot.store.database import Session
from bot.store.decisions import audit as audit_store
from bot.store.tables import mutes


def put(session: Session, repository_id: RepositoryId, case_id: CaseId, until: datetime, actor: Actor) -> None:
    """Keep a case quiet until a time; the latest wish holds."""
    row = {"until": until, "actor": audit_store.write_actor(actor)}
    session.execute(
        insert(mutes)
        .values(repository_id=repository_id, case_id=case_id, **row)
        .on_conflict_do_update(index_elements=["repository_id", "case_id"], set_=row)
    )


def delete(session: Session, repository_id: RepositoryId, case_id: CaseId) -> bool:
    """Let a case be heard again; False where it was not quiet."""
    result = session.execute(sa.delete(mutes).where(mutes.c.repository_id == repository_id, mutes.c.case_id == case_id))
    return bool(result.rowcount)


def find(session: Session, repository_id: RepositoryId, case_id: CaseId, now: datetime) -> datetime | None:
    """Until when a case is quiet; None where it is not, or no longer."""
    until: datetime | None = session.execute(
        sa.select(mutes.c.until).where(
            mutes.c.repository_id == repository_id, mutes.c.case_id == case_id, mutes.c.until > now
        )
    ).scalar_one_or_none()
    return until


def list_muted(
    session: Session, repository_id: RepositoryId, case_ids: Sequence[CaseId], now: datetime
) -> frozenset[CaseId]:
    """Those of the cases that are quiet."""
    rows = session.execute(
        sa.select(mutes.c.case_id).where(
            mutes.c.repository_id == repository_id, mutes.c.case_id.in_(list(case_ids)), mutes.c.until > now
        )
    )
    return frozenset(CaseId(row[0]) for row in rows)


def forget_over(session: Session, now: datetime) -> None:
    """Delete the mutes whose time is over."""
    session.execute(sa.delete(mutes).where(mutes.c.until <= now))
