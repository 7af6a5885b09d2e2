"""The audit trail: who did what, when and why. Only ever appended to."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from bot.analysis.audit import QUARANTINE, AuditEvent, RecordedEvent
from bot.analysis.learning.label import LabelVerdict
from bot.analysis.model import Actor, ActorKind, CaseId, Channel, EventId, QuarantineId, RepositoryId
from bot.store import record
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
    stored = {(row[0], row[1], row[2]): {"id": row[3], "version": row[4]} for row in rows}
    return [RecordedEvent(**record.values(event) | stored[_aggregate(event)]) for event in events]


def list_case(session: Session, repository_id: RepositoryId, case_id: CaseId, limit: int = 20) -> list[RecordedEvent]:
    """The latest events about a case, oldest first."""
    is_about = sa.and_(audit.c.repository_id == repository_id, audit.c.case_id == case_id)
    query = sa.select(audit).where(is_about).order_by(audit.c.id.desc()).limit(limit)
    return record.list_all(session, _read, query)[::-1]


def find_latest(session: Session, repository_id: RepositoryId, quarantine_id: QuarantineId) -> RecordedEvent | None:
    """The latest event of a quarantine."""
    is_about = _is_of(repository_id, QUARANTINE, quarantine_id)
    query = sa.select(audit).where(is_about).order_by(audit.c.version.desc()).limit(1)
    return record.find(session, _read, query)


def find_person(session: Session, repository_id: RepositoryId, case_id: CaseId) -> Actor | None:
    """Who acted on a case last in Slack; None where nobody did."""
    query = (
        sa.select(audit.c.actor)
        .where(
            audit.c.repository_id == repository_id,
            audit.c.case_id == case_id,
            audit.c.actor["kind"].astext == ActorKind.SLACK.value,
        )
        .order_by(audit.c.id.desc())
        .limit(1)
    )
    return record.find_value(session, query)


def get(session: Session, repository_id: RepositoryId, event_id: EventId) -> RecordedEvent:
    """The event of this number; it exists."""
    query = sa.select(audit).where(audit.c.repository_id == repository_id, audit.c.id == event_id)
    return record.get(session, _read, query, "This event is not recorded.")


def _aggregate(event: AuditEvent) -> tuple[RepositoryId, str, int]:
    return event.repository_id, event.action.aggregate_type, event.aggregate_id


def _is_of(repository_id: RepositoryId, aggregate_type: str, aggregate_id: int) -> sa.ColumnElement[bool]:
    return sa.and_(
        audit.c.repository_id == repository_id,
        audit.c.aggregate_type == aggregate_type,
        audit.c.aggregate_id == aggregate_id,
    )


def _row(event: AuditEvent) -> dict[str, object]:
    following = sa.select(sa.func.coalesce(sa.func.max(audit.c.version), 0) + 1).where(_is_of(*_aggregate(event)))
    payload: dict[str, object] = {"reason": event.reason}
    if event.channel is not None:
        payload["channel"] = record.values(event.channel)
    if event.verdict is not None:
        payload["verdict"] = event.verdict.value
    if event.head_sha is not None:
        payload["head_sha"] = event.head_sha
    return {
        "repository_id": event.repository_id,
        "type": event.action,
        "aggregate_type": event.action.aggregate_type,
        "aggregate_id": event.aggregate_id,
        "version": following.scalar_subquery() if event.version is None else event.version,
        "case_id": event.case_id,
        "actor": event.actor,
        "payload": payload,
        "occurred_at": event.at,
    }


def _read(**row: Any) -> RecordedEvent:  # noqa: ANN401  # columns
    payload = row["payload"]
    return RecordedEvent(
        **{name: row[name] for name in ("id", "repository_id", "aggregate_id", "version", "case_id", "actor")},
        action=row["type"],
        at=row["occurred_at"],
        reason=payload["reason"],
        channel=Channel(**payload["channel"]) if "channel" in payload else None,
        verdict=LabelVerdict(payload["verdict"]) if "verdict" in payload else None,
        head_sha=payload.get("head_sha"),
    )
