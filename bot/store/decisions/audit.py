"""The audit trail: who did what, when and why. Only ever appended to."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import fields

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from bot.analysis.audit import AuditAction, AuditEvent, RecordedEvent
from bot.analysis.learning.label import LabelVerdict
from bot.analysis.model import Actor, ActorKind, CaseId, Channel, EventId, QuarantineId, RepositoryId, WorkspaceId
from bot.store import actor as actor_codec
from bot.store.database import Session
from bot.store.tables.deciding import audit


def insert(session: Session, events: Collection[AuditEvent]) -> list[RecordedEvent]:
    """Append events, each of another aggregate or with its version, in one statement where all have versions."""
    if not events:
        return []
    unversioned = sorted({_aggregate(event) for event in events if event.version is None})
    if unversioned:  # one transaction after another, so that each sees the version before its own
        keys = sa.bindparam(None, ["{}:{}:{}".format(*aggregate) for aggregate in unversioned], type_=ARRAY(sa.Text))
        key = sa.func.unnest(keys).column_valued("key")
        session.execute(sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtextextended(key, 0))))
    rows = session.execute(
        sa.insert(audit)
        .values([_row(event) for event in events])
        .returning(audit.c.repository_id, audit.c.aggregate_type, audit.c.aggregate_id, audit.c.id, audit.c.version)
    )
    stored = {(row[0], row[1], row[2]): (EventId(row[3]), row[4]) for row in rows}
    return [_recorded(event, *stored[_aggregate(event)]) for event in events]


def list_case(session: Session, repository_id: RepositoryId, case_id: CaseId, limit: int = 20) -> list[RecordedEvent]:
    """The latest events about a case, oldest first."""
    rows = session.execute(
        sa.select(audit)
        .where(audit.c.repository_id == repository_id, audit.c.case_id == case_id)
        .order_by(audit.c.id.desc())
        .limit(limit)
    )
    return [_read(row) for row in reversed(rows.mappings().all())]


def find_latest(session: Session, repository_id: RepositoryId, quarantine_id: QuarantineId) -> RecordedEvent | None:
    """The latest event of a quarantine."""
    row = (
        session.execute(
            sa.select(audit)
            .where(
                audit.c.repository_id == repository_id,
                audit.c.aggregate_type == AuditAction.APPROVE.aggregate_type,
                audit.c.aggregate_id == quarantine_id,
            )
            .order_by(audit.c.version.desc())
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


def get(session: Session, repository_id: RepositoryId, event_id: EventId) -> RecordedEvent:
    """The event of this number."""
    row = (
        session.execute(sa.select(audit).where(audit.c.repository_id == repository_id, audit.c.id == event_id))
        .mappings()
        .one()
    )
    return _read(row)


def _aggregate(event: AuditEvent) -> tuple[RepositoryId, str, int]:
    return event.repository_id, event.action.aggregate_type, event.aggregate_id


def _row(event: AuditEvent) -> dict[str, object]:
    repository_id, aggregate_type, aggregate_id = _aggregate(event)
    following = (
        sa.select(sa.func.coalesce(sa.func.max(audit.c.version), 0) + 1)
        .where(
            audit.c.repository_id == repository_id,
            audit.c.aggregate_type == aggregate_type,
            audit.c.aggregate_id == aggregate_id,
        )
        .scalar_subquery()
    )
    payload: dict[str, object] = {"reason": event.reason}
    if event.channel is not None:
        payload["channel"] = {"workspace_id": event.channel.workspace_id, "id": event.channel.id}
    if event.verdict is not None:
        payload["verdict"] = event.verdict.value
    if event.head_sha is not None:
        payload["head_sha"] = event.head_sha
    return {
        "repository_id": repository_id,
        "type": event.action.value,
        "aggregate_type": aggregate_type,
        "aggregate_id": aggregate_id,
        "version": following if event.version is None else event.version,
        "case_id": event.case_id,
        "actor": actor_codec.encode(event.actor),
        "payload": payload,
        "occurred_at": event.at,
    }


def _recorded(event: AuditEvent, event_id: EventId, version: int) -> RecordedEvent:
    values = {field.name: getattr(event, field.name) for field in fields(AuditEvent)}
    return RecordedEvent(**values | {"id": event_id, "version": version})


def _read(row: sa.RowMapping) -> RecordedEvent:
    payload = row["payload"]
    channel = payload.get("channel")
    return RecordedEvent(
        id=EventId(row["id"]),
        action=AuditAction(row["type"]),
        repository_id=RepositoryId(row["repository_id"]),
        aggregate_id=row["aggregate_id"],
        version=row["version"],
        case_id=None if row["case_id"] is None else CaseId(row["case_id"]),
        actor=actor_codec.decode(row["actor"]),
        at=row["occurred_at"],
        reason=payload["reason"],
        channel=Channel(WorkspaceId(channel["workspace_id"]), channel["id"]) if channel else None,
        verdict=LabelVerdict(payload["verdict"]) if "verdict" in payload else None,
        head_sha=payload.get("head_sha"),
    )
