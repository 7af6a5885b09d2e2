"""Recording what was done: the entry of the audit trail is the event, and subscribers react to it.

The composition root names the subscribers once (`subscribe`); they run in the transaction of the event, in their order.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from itertools import groupby
from operator import attrgetter

from bot.analysis.audit import AuditEvent, RecordedEvent
from bot.store.database import Session
from bot.store.decisions import audit as audit_store

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
