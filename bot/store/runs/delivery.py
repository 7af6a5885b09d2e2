"""Webhook deliveries of GitHub, once each, and the Slack events already answered."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from bot.store import record
from bot.store.database import Session
from bot.store.tables.results import deliveries
from bot.store.tables.workspaces import slack_events


@dataclass(frozen=True, slots=True)
class Delivery:
    """A stored webhook delivery: its event and its raw body; `error` says why processing failed for good."""

    id: str
    event: str
    payload: bytes
    correlation_id: str
    processed: bool
    error: str | None


def put(session: Session, delivery_id: str, event: str, payload: bytes, correlation_id: str, now: datetime) -> bool:
    """Store a delivery that is to be processed; False where it is stored already and did not fail."""
    row = {"event": event, "payload": payload, "correlation_id": correlation_id, "received_at": now}
    statement = (
        insert(deliveries)
        .values(id=delivery_id, **row)
        .on_conflict_do_update(
            index_elements=["id"],
            set_={**row, "processed_at": None, "error": None},
            where=deliveries.c.error.is_not(None),
        )
    )
    return session.execute(statement.returning(deliveries.c.id)).first() is not None


def get(session: Session, delivery_id: str) -> Delivery:
    """The delivery of this id.

    Raises:
        NotFoundError: not stored.
    """
    columns = (deliveries.c[name] for name in ("id", "event", "payload", "correlation_id", "error"))
    query = sa.select(*columns, deliveries.c.processed_at.is_not(None).label("processed"))
    missing = f"No delivery {delivery_id} is stored."
    return record.get(session, Delivery, query.where(deliveries.c.id == delivery_id), missing)


def last_received(session: Session) -> datetime | None:
    """When GitHub delivered something last."""
    return record.find_value(session, sa.select(sa.func.max(deliveries.c.received_at)))


def set_processed(session: Session, delivery_id: str, now: datetime, error: str | None = None) -> None:
    """Record that nothing is left to do for a delivery, and what went wrong for good."""
    session.execute(sa.update(deliveries).where(deliveries.c.id == delivery_id).values(processed_at=now, error=error))


def forget(session: Session, before: datetime) -> int:
    """Delete processed deliveries and Slack event ids received before `before`; returns how many deliveries."""
    session.execute(sa.delete(slack_events).where(slack_events.c.received_at < before))
    result = session.execute(
        sa.delete(deliveries).where(deliveries.c.received_at < before, deliveries.c.processed_at.is_not(None))
    )
    return int(result.rowcount)


def insert_slack_event(session: Session, event_id: str, now: datetime) -> bool:
    """Remember a Slack event; False where it was answered already."""
    return record.insert_if_new(session, slack_events, {"id": event_id, "received_at": now})
