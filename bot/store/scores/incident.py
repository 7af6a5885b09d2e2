"""Incidents: windows that people marked, and what the filter found in a run."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from bot.analysis.incident import Incident, Kind
from bot.analysis.model import Actor, RepositoryId, RunId
from bot.store import record, relation
from bot.store.database import Session
from bot.store.tables.judging import incidents
from bot.store.tables.results import runs


def insert_marked(
    session: Session, repository_id: RepositoryId, *, since: datetime, reason: str, actor: Actor
) -> int | None:
    """Open a window; None where one is open already."""
    row = {"repository_id": repository_id, "kind": Kind.MARKED, "started_at": since, "reason": reason, "actor": actor}
    statement = insert(incidents).values(**row).on_conflict_do_nothing()
    return record.find_value(session, statement.returning(incidents.c.id))


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
    query = _SELECT.where(incidents.c.repository_id == repository_id, incidents.c.id == number)
    return record.get(session, Incident, query, "This incident is not known.")


def find_open(session: Session, repository_id: RepositoryId) -> Incident | None:
    """The window somebody opened and nobody has ended yet."""
    return record.find(session, Incident, _SELECT.where(incidents.c.repository_id == repository_id, _OPEN))


def list_open(session: Session, repository_ids: Iterable[RepositoryId]) -> set[RepositoryId]:
    """Those of some repositories with a window somebody opened and nobody has ended yet."""
    rows = session.execute(
        sa.select(incidents.c.repository_id).distinct().where(incidents.c.repository_id.in_(repository_ids), _OPEN)
    )
    return {RepositoryId(row[0]) for row in rows}


def list_marked(session: Session, repository_id: RepositoryId) -> list[Incident]:
    """Every marked window of a repository, oldest first."""
    marked = _SELECT.where(incidents.c.repository_id == repository_id, incidents.c.kind == Kind.MARKED)
    return record.list_all(session, Incident, marked.order_by(incidents.c.started_at, incidents.c.id))


def list_found(session: Session, repository_id: RepositoryId, run_ids: Iterable[RunId]) -> list[Incident]:
    """What the filter found in runs."""
    in_runs = _SELECT.where(relation.is_of_runs(incidents, repository_id, run_ids))
    return record.list_all(session, Incident, in_runs.order_by(incidents.c.id))


def list_since(session: Session, repository_ids: Collection[RepositoryId], since: datetime) -> list[Incident]:
    """Every incident that touches the time since `since`, newest first."""
    ends_later = sa.or_(incidents.c.ended_at.is_(None), incidents.c.ended_at >= since)
    query = _SELECT.where(
        incidents.c.repository_id.in_(repository_ids),
        sa.or_(incidents.c.started_at >= since, sa.and_(incidents.c.kind == Kind.MARKED, ends_later)),
    )
    return record.list_all(session, Incident, query.order_by(incidents.c.started_at.desc(), incidents.c.id.desc()))


def put_found(session: Session, detected: Sequence[Incident]) -> None:
    """Store what the filter found in runs; what is stored of the same run, variant and suite is replaced."""
    if not detected:
        return
    columns = [name for name in record.values(detected[0]) if name in incidents.c and name != "id"]
    statement = insert(incidents)
    session.execute(
        statement.on_conflict_do_update(
            index_elements=["repository_id", "run_id", "variant", "kind", "suite"],
            set_={"failed": statement.excluded.failed, "ran": statement.excluded.ran},
        ),
        [{name: getattr(incident, name) for name in columns} for incident in detected],
    )


def delete_found(session: Session, repository_id: RepositoryId) -> None:
    """Forget what the filter found, so that it can be found again."""
    session.execute(
        sa.delete(incidents).where(incidents.c.repository_id == repository_id, incidents.c.kind != Kind.MARKED)
    )


_OPEN = sa.and_(incidents.c.kind == Kind.MARKED, incidents.c.ended_at.is_(None))
_SELECT = sa.select(
    incidents, runs.c.number.label("run_number"), sa.func.coalesce(runs.c.url, "").label("run_url")
).outerjoin(runs, relation.run_of(incidents))
