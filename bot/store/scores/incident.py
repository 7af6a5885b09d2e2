"""Incidents: windows that people marked, and what the filter found in a run."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from bot.analysis.incident import Incident, Kind
from bot.analysis.model import SYSTEM, Actor, RepositoryId, RunId
from bot.store import actor as actor_codec
from bot.store.database import Session
from bot.store.tables.judging import incidents
from bot.store.tables.results import runs


def insert_marked(
    session: Session, repository_id: RepositoryId, *, since: datetime, reason: str, actor: Actor
) -> int | None:
    """Open a window; None where one is open already."""
    statement = insert(incidents).values(
        repository_id=repository_id,
        kind=Kind.MARKED.value,
        started_at=since,
        reason=reason,
        actor=actor_codec.encode(actor),
    )
    row = session.execute(statement.on_conflict_do_nothing().returning(incidents.c.id)).first()
    return None if row is None else int(row[0])


def set_ended(session: Session, repository_id: RepositoryId, until: datetime) -> Incident | None:
    """End the open window; None where there is none."""
    row = session.execute(
        sa.update(incidents)
        .where(incidents.c.repository_id == repository_id, _OPEN)
        .values(ended_at=until)
        .returning(incidents.c.id)
    ).first()
    return None if row is None else get(session, repository_id, row[0])


def get(session: Session, repository_id: RepositoryId, number: int) -> Incident:
    """The incident of this number; it exists."""
    rows = session.execute(_SELECT.where(incidents.c.repository_id == repository_id, incidents.c.id == number))
    return _read(rows.mappings().one())


def find_open(session: Session, repository_id: RepositoryId) -> Incident | None:
    """The window somebody opened and nobody has ended yet."""
    row = session.execute(_SELECT.where(incidents.c.repository_id == repository_id, _OPEN)).mappings().first()
    return None if row is None else _read(row)


def list_open(session: Session, repository_ids: Iterable[RepositoryId]) -> set[RepositoryId]:
    """Those of some repositories with a window somebody opened and nobody has ended yet."""
    rows = session.execute(
        sa.select(incidents.c.repository_id)
        .distinct()
        .where(incidents.c.repository_id.in_(list(repository_ids)), _OPEN)
    )
    return {RepositoryId(row[0]) for row in rows}


def list_marked(session: Session, repository_id: RepositoryId) -> list[Incident]:
    """Every marked window of a repository, oldest first."""
    rows = session.execute(
        _SELECT.where(incidents.c.repository_id == repository_id, incidents.c.kind == Kind.MARKED.value).order_by(
            incidents.c.started_at, incidents.c.id
        )
    )
    return [_read(row) for row in rows.mappings()]


def list_found(session: Session, repository_id: RepositoryId, run_ids: Iterable[RunId]) -> list[Incident]:
    """What the filter found in runs."""
    rows = session.execute(
        _SELECT.where(
            incidents.c.repository_id == repository_id,
            incidents.c.run_id == sa.any_(sa.bindparam("run_ids", list(run_ids))),
        ).order_by(incidents.c.id)
    )
    return [_read(row) for row in rows.mappings()]


def list_since(session: Session, repository_ids: Collection[RepositoryId], since: datetime) -> list[Incident]:
    """Every incident that touches the time since `since`, newest first."""
    rows = session.execute(
        _SELECT.where(
            incidents.c.repository_id.in_(list(repository_ids)),
            sa.or_(
                incidents.c.started_at >= since,
                sa.and_(
                    incidents.c.kind == Kind.MARKED.value,
                    sa.or_(incidents.c.ended_at.is_(None), incidents.c.ended_at >= since),
                ),
            ),
        ).order_by(incidents.c.started_at.desc(), incidents.c.id.desc())
    )
    return [_read(row) for row in rows.mappings()]


def put_found(session: Session, detected: Sequence[Incident]) -> None:
    """Store what the filter found in runs; what is stored of the same run, variant and suite is replaced."""
    if not detected:
        return
    statement = insert(incidents)
    session.execute(
        statement.on_conflict_do_update(
            index_elements=["repository_id", "run_id", "variant", "kind", "suite"],
            set_={"failed": statement.excluded.failed, "ran": statement.excluded.ran},
        ),
        [
            {
                "repository_id": one.repository_id,
                "kind": one.kind.value,
                "started_at": one.started_at,
                "ended_at": one.ended_at,
                "reason": one.reason,
                "actor": actor_codec.encode(SYSTEM),
                "run_id": one.run_id,
                "variant": one.variant,
                "suite": one.suite,
                "failed": one.failed,
                "ran": one.ran,
            }
            for one in detected
        ],
    )


def delete_found(session: Session, repository_id: RepositoryId) -> None:
    """Forget what the filter found, so that it can be found again."""
    session.execute(
        sa.delete(incidents).where(incidents.c.repository_id == repository_id, incidents.c.kind != Kind.MARKED.value)
    )


_OPEN = sa.and_(incidents.c.kind == Kind.MARKED.value, incidents.c.ended_at.is_(None))
_SELECT = sa.select(incidents, runs.c.number, runs.c.url).outerjoin(
    runs, sa.and_(runs.c.repository_id == incidents.c.repository_id, runs.c.id == incidents.c.run_id)
)


def _read(row: sa.RowMapping) -> Incident:
    return Incident(
        id=row["id"],
        repository_id=row["repository_id"],
        kind=Kind(row["kind"]),
        started_at=row["started_at"],
        ended_at=row["ended_at"],
        reason=row["reason"],
        actor=actor_codec.decode(row["actor"]),
        run_id=row["run_id"],
        run_number=row["number"],
        run_url=row["url"] or "",
        variant=row["variant"],
        suite=row["suite"],
        failed=row["failed"],
        ran=row["ran"],
    )
