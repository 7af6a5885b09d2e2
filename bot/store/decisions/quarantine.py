"""Quarantines, changed by compare-and-set on their version."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import distinct_on, insert

from bot.analysis.model import Actor, CaseId, QuarantineId, RepositoryId
from bot.analysis.quarantine.lifecycle import OPEN_STATES, Quarantine, Scope, State
from bot.analysis.quarantine.proposal import Proposal
from bot.errors import ConflictError
from bot.store import record, relation
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
                **record.values(proposal),
                "repository_id": repository_id,
                "state": State.PROPOSED,
                "variant": proposal.variant if proposal.scope is Scope.VARIANT else None,
                "fingerprint_id": proposal.fingerprint_id if proposal.scope is Scope.FAILURE else None,
                "reason": proposal.reason.strip(),
                "proposed_by": actor,
                "proposed_at": now,
                "version": 1,
            }
            for proposal in proposals
        ]
    )
    return record.list_all(session, Quarantine, statement.on_conflict_do_nothing().returning(*quarantines.c))


def get(session: Session, quarantine_id: QuarantineId) -> Quarantine:
    """The quarantine of this number.

    Raises:
        NotFoundError: not known.
    """
    query = sa.select(quarantines).where(quarantines.c.id == quarantine_id)
    return record.get(session, Quarantine, query, "This quarantine does not exist any more.")


def update(session: Session, quarantines_after: Collection[Quarantine]) -> None:
    """Store quarantines as they are after a change, each one version later than it was read.

    Raises:
        ConflictError: somebody changed one of them in between; nothing is stored then.
    """
    if not quarantines_after:
        return
    names = ("repository_id", "id", *_CHANGING)
    columns = [sa.column(name, quarantines.c[name].type) for name in names]
    rows_after = [tuple(getattr(quarantine, name) for name in names) for quarantine in quarantines_after]
    changed = sa.values(*columns, name="changed").data(rows_after)
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


def find_latest(session: Session, repository_id: RepositoryId, case_id: CaseId) -> Quarantine | None:
    """The newest quarantine of a case, open or not."""
    return list_latest(session, [repository_id], [case_id]).get(case_id)


def list_latest(
    session: Session, repository_ids: Collection[RepositoryId], case_ids: Collection[CaseId]
) -> dict[CaseId, Quarantine]:
    """The newest quarantine of each case, open or not; cases that never had one are left out."""
    latest = record.list_all(session, Quarantine, _latest(repository_ids, case_ids, *quarantines.c))
    return {quarantine.case_id: quarantine for quarantine in latest}


def list_open(
    session: Session, repository_ids: Collection[RepositoryId], states: Collection[State] = OPEN_STATES
) -> Sequence[Quarantine]:
    """The open quarantines of repositories, oldest first."""
    return record.list_all(session, Quarantine, _open(repository_ids, states))


def lock(session: Session, quarantine: Quarantine) -> Quarantine:
    """A quarantine as it is now, locked until the transaction ends."""
    query = sa.select(quarantines).where(
        quarantines.c.repository_id == quarantine.repository_id, quarantines.c.id == quarantine.id
    )
    return record.get(session, Quarantine, query.with_for_update(), "This quarantine does not exist any more.")


def lock_open(
    session: Session, repository_id: RepositoryId, states: Collection[State] = OPEN_STATES
) -> Sequence[Quarantine]:
    """The open quarantines of a repository, oldest first, locked until the transaction ends."""
    return record.list_all(session, Quarantine, _open([repository_id], states).with_for_update())


def _open(repository_ids: Collection[RepositoryId], states: Collection[State]) -> sa.Select[Any]:
    is_open = sa.and_(quarantines.c.repository_id.in_(repository_ids), quarantines.c.state.in_(states))
    return sa.select(quarantines).where(is_open).order_by(quarantines.c.id)


def _latest(
    repository_ids: Collection[RepositoryId], case_ids: Collection[CaseId], *columns: sa.ColumnElement[Any]
) -> sa.Select[Any]:
    return (
        sa.select(*columns)
        .ext(distinct_on(quarantines.c.case_id))
        .where(relation.is_of_cases(quarantines, repository_ids, case_ids))
        .order_by(quarantines.c.case_id, quarantines.c.id.desc())
    )


def list_owners(
    session: Session, repository_ids: Collection[RepositoryId], case_ids: Collection[CaseId]
) -> dict[CaseId, str]:
    """The owner on the latest quarantine of each case; those without are left out."""
    rows = session.execute(_latest(repository_ids, case_ids, quarantines.c.case_id, quarantines.c.owner))
    return {row[0]: row[1] for row in rows if row[1]}


def list_ending(session: Session, after: datetime, until: datetime) -> Sequence[Quarantine]:
    """The active quarantines that end within a period."""
    is_ending = sa.and_(
        quarantines.c.state == State.ACTIVE, quarantines.c.expires_at > after, quarantines.c.expires_at <= until
    )
    return record.list_all(session, Quarantine, sa.select(quarantines).where(is_ending).order_by(quarantines.c.id))


def lock_due(session: Session, now: datetime) -> Sequence[Quarantine]:
    """The quarantines whose time is over, locked until the transaction ends."""
    query = (
        sa.select(quarantines)
        .where(quarantines.c.state.in_([State.ACTIVE, State.SUSPENDED]), quarantines.c.expires_at <= now)
        .order_by(quarantines.c.id)
        .with_for_update(skip_locked=True)
    )
    return record.list_all(session, Quarantine, query)
