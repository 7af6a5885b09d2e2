"""What people decide about cases and their quarantines: decide by the rules, write, record the event."""

from __future__ import annotations

from datetime import datetime

from bot.analysis import audit
from bot.analysis.audit import AuditAction
from bot.analysis.learning.label import LabelVerdict
from bot.analysis.model import SYSTEM, CaseId, Channel, QuarantineId
from bot.analysis.quarantine import lifecycle, proposal
from bot.analysis.quarantine.lifecycle import Quarantine, RejectReason
from bot.analysis.quarantine.proposal import Proposal
from bot.errors import ConflictError
from bot.queries import case_state
from bot.queries.access import Authorized
from bot.services import event
from bot.store.cases import cluster as cluster_store
from bot.store.cases.case import Case
from bot.store.database import Session
from bot.store.decisions import audit as audit_store
from bot.store.decisions import mute as mute_store
from bot.store.decisions import quarantine as quarantine_store
from bot.store.workspaces.repository import Repository


def propose(
    session: Session,
    authorized: Authorized[Case] | Authorized[Repository],
    new_proposal: Proposal,
    now: datetime,
    *,
    channel: Channel | None,
) -> QuarantineId:
    """Propose that a case be quarantined; `channel` is where its card is opened if no channel is subscribed.

    Raises:
        ConflictError: the case is broken, was rejected lately, or has an open quarantine.
        InvalidInputError: days or reason out of bounds.
    """
    repository_id, actor = authorized.repository.id, authorized.actor
    latest = quarantine_store.find_latest(session, repository_id, new_proposal.case_id)
    status = case_state.get(session, repository_id, new_proposal.case_id, now).status
    proposal.check(new_proposal, status, latest, actor, now)
    proposed = quarantine_store.insert_proposed(session, repository_id, [new_proposal], actor, now)
    if not proposed:
        first = quarantine_store.find_latest(session, repository_id, new_proposal.case_id)
        name = first.proposed_by.name if first else "somebody"
        message = f"{name} proposed a quarantine of this test already."
        raise ConflictError(message)
    event.record(
        session,
        audit.of_quarantine(
            AuditAction.PROPOSE,
            proposed[0],
            actor,
            now,
            reason=proposed[0].reason,
            channel=channel,
            verdict=LabelVerdict.FLAKY,
        ),
    )
    return proposed[0].id


def approve(
    session: Session,
    authorized: Authorized[Quarantine],
    now: datetime,
    *,
    leaves: QuarantineId | None = None,
    expected: int | None = None,
) -> None:
    """Make a proposed quarantine active; `leaves` ends at the same time if the budget has no room.

    Raises:
        ConflictError: decided already, or changed since version `expected`.
        OverBudgetError: no room, and `leaves` makes none.
        NotAllowedError: the policy asks for two people, and the actor proposed it.
    """
    actor, repository_id, subject = authorized.actor, authorized.repository.id, authorized.subject
    # Two approvals in a repository lock each other's rows, so that each counts what the other made active.
    quarantines = {quarantine.id: quarantine for quarantine in quarantine_store.lock_open(session, repository_id)}
    current = quarantines.get(subject.id) or quarantine_store.get(session, subject.id)
    after = lifecycle.approve(_require_seen(session, current, expected), actor, authorized.approval, now)
    decisions = {after: AuditAction.APPROVE}
    replaced = lifecycle.replaced(after, quarantines.values(), authorized.policy.quarantine.limits, leaves)
    if replaced is not None:
        decisions[lifecycle.lift(replaced, "Made room for another test.", actor, now)] = AuditAction.LIFT
    event.record_decisions(session, decisions, {AuditAction.APPROVE: LabelVerdict.FLAKY})


def reject(
    session: Session,
    authorized: Authorized[Quarantine],
    why: RejectReason,
    text: str,
    now: datetime,
    *,
    expected: int | None = None,
) -> None:
    """Turn a proposal down; `text` is the reason with the person's own words."""
    after = lifecycle.reject(_lock(session, authorized, expected), text, authorized.actor, now)
    event.record_decisions(session, {after: AuditAction.REJECT}, {AuditAction.REJECT: LabelVerdict(why.value)})


def withdraw(session: Session, authorized: Authorized[Quarantine], now: datetime) -> None:
    """Take one's own proposal back."""
    after = lifecycle.withdraw(_lock(session, authorized), "", authorized.actor, now)
    event.record_decisions(session, {after: AuditAction.WITHDRAW})


def lift(session: Session, authorized: Authorized[Quarantine], now: datetime) -> None:
    """End a quarantine: its case fails builds again."""
    after = lifecycle.lift(_lock(session, authorized), "", authorized.actor, now)
    event.record_decisions(session, {after: AuditAction.LIFT})


def resume(
    session: Session, authorized: Authorized[Quarantine], reason: str, now: datetime, *, expected: int | None = None
) -> None:
    """Mask a suspended case again."""
    after = lifecycle.resume(_lock(session, authorized, expected), reason, authorized.actor, now)
    event.record_decisions(session, {after: AuditAction.RESUME})


def extend(
    session: Session, authorized: Authorized[Quarantine], days: int, now: datetime, *, expected: int | None = None
) -> None:
    """Let a quarantine last longer.

    Raises:
        ConflictError: not active, or changed since version `expected`.
        InvalidInputError: days out of bounds.
    """
    after = lifecycle.extend(_lock(session, authorized, expected), days, now)
    quarantine_store.update(session, [after])
    reason = f"{days} more days"
    event.record(session, audit.of_quarantine(AuditAction.EXTEND, after, authorized.actor, now, reason=reason))


def assign(
    session: Session, authorized: Authorized[Quarantine], owner: str, now: datetime, *, expected: int | None = None
) -> None:
    """Name who will fix a quarantined or proposed case and the other cases of its cluster.

    Raises:
        ConflictError: it has ended, or was changed since version `expected`.
    """
    actor, repository_id = authorized.actor, authorized.repository.id
    after = lifecycle.assign(_lock(session, authorized, expected), owner)
    name = after.owner or ""
    quarantine_store.update(session, [after])
    event.record(session, audit.of_quarantine(AuditAction.ASSIGN, after, actor, now, reason=name))
    cluster_id = cluster_store.list_numbers(session, [repository_id], [after.case_id]).get(after.case_id)
    if cluster_id is None:
        return
    cluster_store.set_owner(session, repository_id, cluster_id, name)
    others = [CaseId(case) for case in cluster_store.list_members(session, [repository_id]).get(cluster_id, ())]
    event.record_all(
        session,
        [
            audit.of_case(AuditAction.ASSIGN_CASE, repository_id, other, actor, now, reason=name)
            for other in others
            if other != after.case_id
        ],
    )


def mute(session: Session, authorized: Authorized[Case], days: int, now: datetime) -> None:
    """Keep a case quiet: its cards are kept up to date, nothing is posted."""
    until = lifecycle.mute_until(days, now)
    mute_store.put(session, authorized.repository.id, authorized.subject.id, until, authorized.actor)
    _record(session, AuditAction.MUTE, authorized, now, reason=f"until {until.day} {until:%B}")


def unmute(session: Session, authorized: Authorized[Case], now: datetime) -> None:
    """Post about a case again."""
    if mute_store.delete(session, authorized.repository.id, authorized.subject.id):
        _record(session, AuditAction.UNMUTE, authorized, now)


def label(session: Session, authorized: Authorized[Case], why: RejectReason, text: str, now: datetime) -> None:
    """Keep a person's verdict on a case that is called flaky."""
    _record(session, AuditAction.LABEL, authorized, now, reason=text, verdict=LabelVerdict(why.value))


def expire_due(session: Session, now: datetime) -> int:
    """End every quarantine whose time is over; returns how many."""
    due = quarantine_store.lock_due(session, now)
    event.record_decisions(
        session, {lifecycle.expire(quarantine, SYSTEM, now): AuditAction.EXPIRE for quarantine in due}
    )
    return len(due)


def _record(
    session: Session,
    action: AuditAction,
    authorized: Authorized[Case],
    now: datetime,
    *,
    reason: str = "",
    verdict: LabelVerdict | None = None,
) -> None:
    case, actor = authorized.subject, authorized.actor
    event.record(
        session, audit.of_case(action, case.repository_id, case.id, actor, now, reason=reason, verdict=verdict)
    )


def _lock(session: Session, authorized: Authorized[Quarantine], expected: int | None = None) -> Quarantine:
    """The quarantine to decide about, locked, for somebody who saw its version `expected`."""
    quarantine = quarantine_store.lock(session, authorized.subject)
    return _require_seen(session, quarantine, expected)


def _require_seen(session: Session, quarantine: Quarantine, expected: int | None) -> Quarantine:
    """The quarantine, unless it was changed since version `expected`: then the error names who was first."""
    if expected is not None and quarantine.version != expected:
        latest = audit_store.find_latest(session, quarantine.repository_id, quarantine.id)
        first = f"{latest.actor.name} was first: {latest.action.phrase} at {latest.at:%H:%M} UTC" if latest else None
        message = f"{first or 'Somebody else was first'}. Look again."
        raise ConflictError(message)
    return quarantine
