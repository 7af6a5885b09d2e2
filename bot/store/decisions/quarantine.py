"""Quarantines, moved by compare-and-set under a row lock."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import distinct_on, insert

from bot.analysis.model import Actor, CaseId, QuarantineId, RepositoryId
from bot.analysis.quarantine.lifecycle import OPEN_STATES, Move, Quarantine, Scope, State
from bot.errors import ConflictError, NotFoundError
from bot.store import actor as actor_codec
from bot.store.database import Session
from bot.store.tables import quarantines

_BUDGET_LOCK = 0x42554447  # "BUDG"


def insert_proposed(
    session: Session,
    *,
    repository_id: RepositoryId,
    case_id: CaseId,
    scope: Scope,
    variant: str | None,
    fingerprint_id: int | None,
    days: int,
    reason: str,
    owner: str | None,
    actor: Actor,
    now: datetime,
) -> QuarantineId | None:
    """Store a proposal; None where the case has an open quarantine already."""
    statement = insert(quarantines).values(
        repository_id=repository_id,
        case_id=case_id,
        state=State.PROPOSED.value,
        scope=scope.value,
        variant=variant,
        fingerprint_id=fingerprint_id,
        days=days,
        reason=reason,
        owner=owner,
        proposed_by=actor_codec.encode(actor),
        proposed_at=now,
        version=1,
    )
    row = session.execute(statement.on_conflict_do_nothing().returning(quarantines.c.id)).first()
    return None if row is None else QuarantineId(row[0])


def lock(session: Session, quarantine_id: QuarantineId) -> Quarantine:
    """The quarantine, kept from everybody else until the transaction ends.

    Raises:
        NotFoundError: not known.
    """
    row = (
        session.execute(sa.select(quarantines).where(quarantines.c.id == quarantine_id).with_for_update())
        .mappings()
        .one_or_none()
    )
    if row is None:
        message = "This quarantine does not exist any more."
        raise NotFoundError(message)
    return read(row)


def get(session: Session, quarantine_id: QuarantineId) -> Quarantine:
    """The quarantine as it stands.

    Raises:
        NotFoundError: not known.
    """
    row = session.execute(sa.select(quarantines).where(quarantines.c.id == quarantine_id)).mappings().one_or_none()
    if row is None:
        message = "This quarantine does not exist any more."
        raise NotFoundError(message)
    return read(row)


def lock_budget(session: Session, repository_id: RepositoryId) -> None:
    """Let one approval of a repository count at a time, until the transaction ends."""
    session.execute(sa.select(sa.func.pg_advisory_xact_lock(_BUDGET_LOCK, sa.func.hashint8(repository_id))))


def set_state(
    session: Session, quarantine: Quarantine, move: Move, actor: Actor, now: datetime, decision: str | None
) -> None:
    """Move a quarantine on from the version that was read.

    Raises:
        ConflictError: somebody moved it in between.
    """
    result = session.execute(
        sa.update(quarantines)
        .where(quarantines.c.id == quarantine.id, quarantines.c.version == quarantine.version)
        .values(
            state=move.state.value,
            expires_at=move.expires_at,
            decided_by=actor_codec.encode(actor),
            decided_at=now,
            decision=decision,
            version=quarantine.version + 1,
        )
    )
    if result.rowcount != 1:
        message = "Somebody else was first; look at the card again."
        raise ConflictError(message)


def set_terms(session: Session, quarantine: Quarantine, *, expires_at: datetime | None, owner: str | None) -> None:
    """Give a quarantine another end or owner, from the version that was read; who approved it stays.

    Raises:
        ConflictError: somebody moved it in between.
    """
    result = session.execute(
        sa.update(quarantines)
        .where(quarantines.c.id == quarantine.id, quarantines.c.version == quarantine.version)
        .values(expires_at=expires_at, owner=owner, version=quarantine.version + 1)
    )
    if result.rowcount != 1:
        message = "Somebody else was first; look at the card again."
        raise ConflictError(message)


def find_latest(session: Session, repository_id: RepositoryId, case_id: CaseId) -> Quarantine | None:
    """The newest quarantine of a case, open or not."""
    row = (
        session.execute(
            sa.select(quarantines)
            .where(quarantines.c.repository_id == repository_id, quarantines.c.case_id == case_id)
            .order_by(quarantines.c.id.desc())
            .limit(1)
        )
        .mappings()
        .first()
    )
    return None if row is None else read(row)


def list_latest(
    session: Session, repository_ids: Iterable[RepositoryId], case_ids: Iterable[CaseId]
) -> dict[CaseId, Quarantine]:
    """The newest quarantine of each case, open or not; cases that never had one are left out."""
    rows = session.execute(
        sa.select(quarantines)
        .ext(distinct_on(quarantines.c.case_id))
        .where(
            quarantines.c.repository_id.in_(list(repository_ids)),
            quarantines.c.case_id == sa.any_(sa.bindparam("case_ids", list(case_ids))),
        )
        .order_by(quarantines.c.case_id, quarantines.c.id.desc())
    )
    return {CaseId(row["case_id"]): read(row) for row in rows.mappings()}


def list_open(
    session: Session, repository_ids: Iterable[RepositoryId], states: Iterable[State] = OPEN_STATES
) -> Sequence[Quarantine]:
    """The open quarantines of repositories, oldest first."""
    rows = session.execute(
        sa.select(quarantines)
        .where(
            quarantines.c.repository_id.in_(list(repository_ids)),
            quarantines.c.state.in_([state.value for state in states]),
        )
        .order_by(quarantines.c.id)
    )
    return [read(row) for row in rows.mappings()]


def list_owners(
    session: Session, repository_ids: Iterable[RepositoryId], case_ids: Iterable[CaseId]
) -> dict[CaseId, str]:
    """The owner on the latest quarantine of each case; those without are left out."""
    rows = session.execute(
        sa.select(quarantines.c.case_id, quarantines.c.owner)
        .ext(distinct_on(quarantines.c.case_id))
        .where(
            quarantines.c.repository_id.in_(list(repository_ids)),
            quarantines.c.case_id == sa.any_(sa.bindparam("case_ids", list(case_ids))),
        )
        .order_by(quarantines.c.case_id, quarantines.c.id.desc())
    )
    return {CaseId(row[0]): row[1] for row in rows if row[1]}


def list_ending(session: Session, after: datetime, until: datetime) -> Sequence[Quarantine]:
    """The active quarantines that end within a period."""
    rows = session.execute(
        sa.select(quarantines)
        .where(
            quarantines.c.state == State.ACTIVE.value,
            quarantines.c.expires_at > after,
            quarantines.c.expires_at <= until,
        )
        .order_by(quarantines.c.id)
    )
    return [read(row) for row in rows.mappings()]


def list_due(session: Session, now: datetime) -> Sequence[QuarantineId]:
    """The quarantines whose time is over."""
    rows = session.execute(
        sa.select(quarantines.c.id)
        .where(quarantines.c.state.in_([State.ACTIVE.value, State.SUSPENDED.value]), quarantines.c.expires_at <= now)
        .order_by(quarantines.c.id)
    )
    return [QuarantineId(row[0]) for row in rows]


def read(row: Mapping[Any, Any]) -> Quarantine:
    """A row of the table as a quarantine."""
    return Quarantine(
        id=row["id"],
        repository_id=row["repository_id"],
        case_id=row["case_id"],
        state=State(row["state"]),
        scope=Scope(row["scope"]),
        variant=row["variant"],
        fingerprint_id=row["fingerprint_id"],
        days=row["days"],
        reason=row["reason"],
        owner=row["owner"],
        proposed_by=actor_codec.decode(row["proposed_by"]),
        proposed_at=row["proposed_at"],
        decided_by=actor_codec.decode(row["decided_by"]) if row["decided_by"] else None,
        decided_at=row["decided_at"],
        decision=row["decision"],
        expires_at=row["expires_at"],
        version=row["version"],
    )
