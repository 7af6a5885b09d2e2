"""Recording what was done: the entry of the audit trail is the event, and subscribers react to it.

The composition root names the subscribers once (`subscribe`); they run in the transaction of the event, in their order.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from itertools import groupby
from operator import attrgetter

from bot.analysis import audit
from bot.analysis.audit import AuditAction, AuditEvent, RecordedEvent
from bot.analysis.learning.label import LabelVerdict
from bot.analysis.quarantine.lifecycle import Quarantine
from bot.store.database import Session
from bot.store.decisions import audit as audit_store
from bot.store.decisions import quarantine as quarantine_store

Subscriber = Callable[[Session, Sequence[RecordedEvent]], None]
"""Reacts to events of one repository; must be bounded in its statements, however many there are."""
_subscribers: tuple[Subscriber, ...] = ()


def subscribe(subscribers: Sequence[Subscriber]) -> None:
    """Name those who react to events, in place of those before."""
    global _subscribers  # noqa: PLW0603  # set once, by the composition root
    _subscribers = tuple(subscribers)


def record(session: Session, event: AuditEvent) -> RecordedEvent:
    """Append an event to the audit trail, and have the subscribers react to it."""
    return record_all(session, [event])[0]


def record_all(session: Session, events: Collection[AuditEvent]) -> Sequence[RecordedEvent]:
    """Append events to the audit trail, each of another aggregate, and have the subscribers react to them."""
    recorded = audit_store.insert(session, events)
    repository = attrgetter("repository_id")
    for _, group in groupby(sorted(recorded, key=repository), repository):
        of_repository = list(group)
        for subscriber in _subscribers:
            subscriber(session, of_repository)
    return recorded


def record_decisions(
    session: Session,
    decisions: Mapping[Quarantine, AuditAction],
    verdicts: Mapping[AuditAction, LabelVerdict] | None = None,
) -> None:
    """Store quarantines as they were decided, and record each decision.

    `verdicts` are what the actor says of the cases by deciding so.
    """
    quarantine_store.update(session, decisions.keys())
    record_all(
        session,
        [
            audit.of_quarantine(
                action,
                quarantine,
                quarantine.decided_by or quarantine.proposed_by,
                quarantine.decided_at or quarantine.proposed_at,
                reason=quarantine.decision or "",
                verdict=(verdicts or {}).get(action),
            )
            for quarantine, action in decisions.items()
        ],
    )
