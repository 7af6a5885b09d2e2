"""The audit trail: who did what, when and why. Only ever appended to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from bot.analysis.model import Actor, ActorKind, CaseId, QuarantineId, RepositoryId
from bot.store import actor as actor_codec
from bot.store.database import Session
from bot.store.tables import audit


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the trail; `tag` is `subject:action`."""

    id: int
    case_id: CaseId | None
    quarantine_id: QuarantineId | None
    tag: str
    actor: Actor
    reason: str
    created_at: datetime


def append(
    session: Session,
    *,
    repository_id: RepositoryId,
    case_id: CaseId | None,
    quarantine_id: QuarantineId | None,
    tag: str,
    actor: Actor,
    reason: str,
    now: datetime,
) -> int:
    """Add a line; returns its number."""
    number: int = session.execute(
        sa.insert(audit)
        .values(
            repository_id=repository_id,
            case_id=case_id,
            quarantine_id=quarantine_id,
            tag=tag,
            actor=actor_codec.encode(actor),
            reason=reason,
            created_at=now,
        )
        .returning(audit.c.id)
    ).scalar_one()
    return number


def list_case(session: Session, repository_id: RepositoryId, case_id: CaseId, limit: int = 20) -> list[Entry]:
    """The latest lines about a case, oldest first."""
    rows = session.execute(
        sa.select(audit)
        .where(audit.c.repository_id == repository_id, audit.c.case_id == case_id)
        .order_by(audit.c.id.desc())
        .limit(limit)
    )
    return [_read(row) for row in reversed(rows.mappings().all())]


def find_latest(session: Session, repository_id: RepositoryId, quarantine_id: QuarantineId) -> Entry | None:
    """The latest line about a quarantine."""
    row = (
        session.execute(
            sa.select(audit)
            .where(audit.c.repository_id == repository_id, audit.c.quarantine_id == quarantine_id)
            .order_by(audit.c.id.desc())
            .limit(1)
        )
        .mappings()
        .first()
    )
    return None if row is None else _read(row)


def find_person(session: Session, repository_id: RepositoryId, case_id: CaseId) -> Actor | None:
    """Who acted on a case last in Slack; None where nobody did."""
    row = session.execute(
        sa.select(audit.c.actor)
        .where(
            audit.c.repository_id == repository_id,
            audit.c.case_id == case_id,
            audit.c.actor["kind"].astext == ActorKind.SLACK.value,
        )
        .order_by(audit.c.id.desc())
        .limit(1)
    ).scalar_one_or_none()
    return None if row is None else actor_codec.decode(row)


def get(session: Session, repository_id: RepositoryId, number: int) -> Entry:
    """The line of this number."""
    row = (
        session.execute(sa.select(audit).where(audit.c.repository_id == repository_id, audit.c.id == number))
        .mappings()
        .one()
    )
    return _read(row)


def _read(row: sa.RowMapping) -> Entry:
    return Entry(
        row["id"],
        row["case_id"],
        row["quarantine_id"],
        row["tag"],
        actor_codec.decode(row["actor"]),
        row["reason"],
        row["created_at"],
    )
