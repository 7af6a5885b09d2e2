"""The moves of a quarantine: decide by the rules, write, record in the audit trail, announce."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from bot.analysis import lifecycle
from bot.analysis.labels import LabelSource, LabelVerdict
from bot.analysis.lifecycle import Move, Quarantine, RejectReason, Scope
from bot.analysis.model import SYSTEM, Actor, ActorKind, CaseId, Place, QuarantineId, RepositoryId
from bot.errors import ConflictError
from bot.services import announce, judge, learning
from bot.store import audit, cases, quarantines
from bot.store.database import Session


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """What somebody asks for; `variant` and `fingerprint_id` narrow the scope where it is not the case."""

    case_id: CaseId
    scope: Scope
    variant: str | None
    fingerprint_id: int | None
    days: int
    reason: str
    owner: str | None


def propose(
    session: Session,
    repository_id: RepositoryId,
    proposal: Proposal,
    actor: Actor,
    now: datetime,
    *,
    place: Place | None,
) -> QuarantineId:
    """Ask for a case to be quarantined; it waits for somebody else's approval.

    Raises:
        ConflictError: the case is broken, or has an open quarantine.
        InvalidInputError: days or reason out of bounds.
    """
    status = judge.worst(cases.list_scores(session, repository_id, case_ids=[proposal.case_id]))
    lifecycle.check_proposal(status=status, days=proposal.days, reason=proposal.reason)
    quarantine_id = quarantines.insert_proposed(
        session,
        repository_id=repository_id,
        case_id=proposal.case_id,
        scope=proposal.scope,
        variant=proposal.variant if proposal.scope is Scope.VARIANT else None,
        fingerprint_id=proposal.fingerprint_id if proposal.scope is Scope.FAILURE else None,
        days=proposal.days,
        reason=proposal.reason.strip(),
        owner=proposal.owner,
        actor=actor,
        now=now,
    )
    if quarantine_id is None:
        first = quarantines.find_latest(session, repository_id, proposal.case_id)
        name = first.proposed_by.name if first else "somebody"
        message = f"{name} proposed a quarantine of this test already."
        raise ConflictError(message)
    if actor.kind is not ActorKind.SYSTEM:
        learning.record_label(
            session, repository_id, proposal.case_id, LabelVerdict.FLAKY, LabelSource.PROPOSAL, actor, now
        )
    _record(session, quarantines.get(session, quarantine_id), "propose", actor, proposal.reason.strip(), now, place)
    return quarantine_id


def approve(session: Session, quarantine_id: QuarantineId, actor: Actor, now: datetime) -> None:
    """Make a proposed quarantine active, and tell everybody who should know."""
    held = _move(session, quarantine_id, "approve", actor, "", now, lambda held: lifecycle.approve(held, actor, now))
    learning.record_label(
        session, held.repository_id, held.case_id, LabelVerdict.FLAKY, LabelSource.APPROVAL, actor, now
    )


def reject(
    session: Session, quarantine_id: QuarantineId, why: RejectReason, text: str, actor: Actor, now: datetime
) -> None:
    """Turn a proposal down, and keep the reason as a label; `text` is the reason with the person's own words."""
    held = _move(session, quarantine_id, "reject", actor, text, now, lifecycle.reject)
    verdict = LabelVerdict(why.value)
    learning.record_label(session, held.repository_id, held.case_id, verdict, LabelSource.REJECTION, actor, now)


def withdraw(session: Session, quarantine_id: QuarantineId, actor: Actor, now: datetime) -> None:
    """Take one's own proposal back."""
    _move(session, quarantine_id, "withdraw", actor, "", now, lambda held: lifecycle.withdraw(held, actor))


def lift(session: Session, quarantine_id: QuarantineId, actor: Actor, now: datetime) -> None:
    """End a quarantine: its case fails builds again."""
    _move(session, quarantine_id, "lift", actor, "", now, lifecycle.lift)


def suspend(session: Session, quarantine_id: QuarantineId, actor: Actor, now: datetime) -> None:
    """Stop masking a case that turned broken."""
    _move(session, quarantine_id, "suspend", actor, "The test is broken.", now, lifecycle.suspend)


def resume(session: Session, quarantine_id: QuarantineId, reason: str, actor: Actor, now: datetime) -> None:
    """Mask a suspended case again."""
    _move(session, quarantine_id, "resume", actor, reason, now, lambda held: lifecycle.resume(held, reason))


def expire_due(session: Session, now: datetime) -> int:
    """End every quarantine whose time is over; returns how many."""
    due = quarantines.list_due(session, now)
    for quarantine_id in due:
        _move(session, quarantine_id, "expire", SYSTEM, "", now, lambda held: lifecycle.expire(held, now))
    return len(due)


def label(
    session: Session,
    repository_id: RepositoryId,
    case_id: CaseId,
    why: RejectReason,
    text: str,
    actor: Actor,
    now: datetime,
) -> None:
    """Keep what a person says of a case that is called flaky."""
    learning.record_label(session, repository_id, case_id, LabelVerdict(why.value), LabelSource.CARD, actor, now)
    entry = audit.append(
        session,
        repository_id=repository_id,
        case_id=case_id,
        quarantine_id=None,
        tag="case:label",
        actor=actor,
        reason=text,
        now=now,
    )
    announce.move(session, repository_id, case_id, entry, now)


def _move(
    session: Session,
    quarantine_id: QuarantineId,
    action: str,
    actor: Actor,
    reason: str,
    now: datetime,
    rule: Callable[[Quarantine], Move],
) -> Quarantine:
    held = quarantines.lock(session, quarantine_id)
    quarantines.set_state(session, held, rule(held), actor, now, reason or None)
    _record(session, held, action, actor, reason, now, None)
    return held


def _record(
    session: Session, held: Quarantine, action: str, actor: Actor, reason: str, now: datetime, place: Place | None
) -> None:
    entry = audit.append(
        session,
        repository_id=held.repository_id,
        case_id=held.case_id,
        quarantine_id=held.id,
        tag=f"quarantine:{action}",
        actor=actor,
        reason=reason,
        now=now,
    )
    announce.move(session, held.repository_id, held.case_id, entry, now, opening=place)
