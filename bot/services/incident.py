"""Incident windows: runs of an outage leave every score, and what they caused is taken back."""

from __future__ import annotations

from datetime import datetime

from bot.analysis.audit import AuditAction, AuditEvent
from bot.analysis.incident import Incident
from bot.analysis.model import Actor, RepositoryId
from bot.analysis.quarantine.lifecycle import MAX_REASON_LENGTH
from bot.errors import ConflictError, InvalidInputError
from bot.services import event
from bot.store.database import Session
from bot.store.scores import incident as incident_store


def start(
    session: Session,
    repository_id: RepositoryId,
    reason: str,
    actor: Actor,
    now: datetime,
    *,
    since: datetime | None = None,
) -> Incident:
    """Open an incident window from `since` (by default now) on; runs that overlap it leave every score.

    Raises:
        ConflictError: a window is open already.
        InvalidInputError: the reason is too long, or the start lies in the future.
    """
    if len(reason) > MAX_REASON_LENGTH:
        message = f"The reason has {len(reason)} characters; {MAX_REASON_LENGTH} is the most."
        raise InvalidInputError(message)
    begins = since or now
    if begins > now:
        message = "An incident starts now or in the past; choose an earlier time."
        raise InvalidInputError(message)
    number = incident_store.insert_marked(session, repository_id, since=begins, reason=reason.strip(), actor=actor)
    if number is None:
        first = incident_store.find_open(session, repository_id)
        who = f" by {first.actor.name} at {first.started_at:%H:%M} UTC" if first else ""
        message = f"An incident was started already{who}; end it first."
        raise ConflictError(message)
    incident = incident_store.get(session, repository_id, number)
    _record(session, AuditAction.START_INCIDENT, incident, actor, now)
    return incident


def end(
    session: Session, repository_id: RepositoryId, actor: Actor, now: datetime, *, until: datetime | None = None
) -> Incident:
    """End the open incident window of a repository at `until` (by default now).

    Raises:
        ConflictError: no window is open.
        InvalidInputError: the end lies before the start, or in the future.
    """
    current = incident_store.find_open(session, repository_id)
    ends = until or now
    if current is not None and not current.started_at <= ends <= now:
        began = f"{current.started_at:%H:%M} UTC on {current.started_at:%-d %b}"
        message = f"The incident began at {began}; it ends after that."
        raise InvalidInputError(message)
    incident = incident_store.set_ended(session, repository_id, ends)
    if incident is None:
        message = "No incident is open here. Start one with `/flakeguard incident start`."
        raise ConflictError(message)
    _record(session, AuditAction.END_INCIDENT, incident, actor, now)
    return incident


def _record(session: Session, action: AuditAction, incident: Incident, actor: Actor, now: datetime) -> None:
    event.record(
        session,
        AuditEvent(
            action=action,
            repository_id=incident.repository_id,
            aggregate_id=incident.id,
            actor=actor,
            at=now,
            reason=incident.reason,
        ),
    )
