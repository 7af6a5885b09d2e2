"""Quarantines, changed by compare-and-set on their version."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import distinct_on, insert

from bot.analysis.model import Actor, CaseId, QuarantineId, RepositoryId
from bot.analysis.quarantine.lifecycle import OPEN_STATES, Quarantine, Scope, State
from bot.analysis.quarantine.proposal import Proposal
from bot.errors import ConflictError, NotFoundError
from bot.store import actor as actor_codec
from bot.store.database import Session
from bot.store.tables.deciding import quarantines


def insert_proposed(
    session: Session, repository_id: RepositoryId, proposals: Collection[Proposal], actor: Actor, now: datetime
) -> list[Quarantine]:
    """Store proposals, each of another case; those of cases that have an open quarantine are left out."""
    if not proposals:
        return []
    statement = insert(quarantines).values(
        [
            {
                "repository_id": repository_id,
                "case_id": proposal.case_id,
                "state": State.PROPOSED.value,
                "scope": proposal.scope.value,
                "variant": proposal.variant if proposal.scope is Scope.VARIANT else None,
                "fingerprint_id": proposal.fingerprint_id if proposal.scope is Scope.FAILURE else None,
                "days": proposal.days,
                "reason": proposal.reason.strip(),
                "owner": proposal.owner,
                "proposed_by": actor_codec.encode(actor),
                "proposed_at": now,
                "version": 1,
            }
            for proposal in proposals
        ]
    )
    rows = session.execute(statement.on_conflict_do_nothing().returning(*quarantines.c))
    return [read(row) for row in rows.mappings()]


def get(session: Session, quarantine_id: QuarantineId) -> Quarantine:
    """The quarantine of this number.

    Raises:
        NotFoundError: not known.
    """
    row = session.execute(sa.select(quarantines).where(quarantines.c.id == quarantine_id)).mappings().one_or_none()
    if row is None:
        message = "This quarantine does not exist any more."
        raise NotFoundError(message)
    return read(row)


def update(session: Session, quarantines_after: Collection[Quarantine]) -> None:
    """Store quarantines as they are after a change, each one version later than it was read.

    Raises:
        ConflictError: somebody changed one of them in between; nothing is stored then.
    """
    if not quarantines_after:
        return
    changed = sa.values(
        *(sa.column(name, quarantines.c[name].type) for name in ("repository_id", "id", *_CHANGING)), name="changed"
    ).data([_changed(quarantine) for quarantine in quarantines_after])
    rows = session.execute(
        sa.update(quarantines)
        .where(
            quarantines.c.repository_id == changed.c.repository_id,
            quarantines.c.id == changed.c.id,
            quarantines.c.version == changed.c.version - 1,
        )
        .values({name: sa.cast(changed.c[name], quarantines.c[name].type) for name in _CHANGING})  # of nulls, too
        .returning(quarantines.c.id)
    ).all()
    if len(rows) != len(quarantines_after):
        message = "Somebody else was first; look at the card again."
        raise ConflictError(message)


_CHANGING = ("state", "owner", "decided_by", "decided_at", "decision", "expires_at", "version")


def _changed(quarantine: Quarantine) -> tuple[object, ...]:
    decided_by = actor_codec.encode(quarantine.decided_by) if quarantine.decided_by else sa.null()
    return (
        quarantine.repository_id,
        quarantine.id,
        quarantine.state.value,
        quarantine.owner,
        decided_by,
        quarantine.decided_at,
        quarantine.decision,
        quarantine.expires_at,
        quarantine.version,
    )


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
    return [read(row) for row in session.execute(_open(repository_ids, states)).mappings()]


def lock(session: Session, quarantine: Quarantine) -> Quarantine:
    """A quarantine as it is now, locked until the transaction ends."""
    row = (
        session.execute(
            sa.select(quarantines)
            .where(quarantines.c.repository_id == quarantine.repository_id, quarantines.c.id == quarantine.id)
            .with_for_update()
        )
        .mappings()
        .one()
    )
    return read(row)


def lock_open(
    session: Session, repository_id: RepositoryId, states: Iterable[State] = OPEN_STATES
) -> Sequence[Quarantine]:
    """The open quarantines of a repository, oldest first, locked until the transaction ends."""
    return [read(row) for row in session.execute(_open([repository_id], states).with_for_update()).mappings()]


def _open(repository_ids: Iterable[RepositoryId], states: Iterable[State]) -> sa.Select[Any]:
    return (
        sa.select(quarantines)
        .where(
            quarantines.c.repository_id.in_(list(repository_ids)),
            quarantines.c.state.in_([state.value for state in states]),
        )
        .order_by(quarantines.c.id)
    )


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


def lock_due(session: Session, now: datetime) -> Sequence[Quarantine]:
    """The quarantines whose time is over, locked until the transaction ends."""
    rows = session.execute(
        sa.select(quarantines)
        .where(quarantines.c.state.in_([State.ACTIVE.value, State.SUSPENDED.value]), quarantines.c.expires_at <= now)
        .order_by(quarantines.c.id)
        .with_for_update(skip_locked=True)
    )
    return [read(row) for row in rows.mappings()]


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
