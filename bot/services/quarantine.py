"""The moves of a quarantine: decide by the rules, write, record in the audit trail, announce."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from bot.analysis.learning.label import LabelSource, LabelVerdict
from bot.analysis.model import SYSTEM, Actor, ActorKind, CaseId, Channel, QuarantineId, RepositoryId
from bot.analysis.quarantine import lifecycle
from bot.analysis.quarantine.lifecycle import Move, Quarantine, RejectReason, Scope, State
from bot.analysis.quarantine.policy import Budget
from bot.errors import ConflictError
from bot.queries import case_state, policy
from bot.services import cluster, learning, notice
from bot.store.cases import case as case_store
from bot.store.database import Session
from bot.store.decisions import audit as audit_store
from bot.store.decisions import mute as mute_store
from bot.store.decisions import quarantine as quarantine_store

DEEDS = {
    "propose": "proposed a quarantine",
    "approve": "approved the quarantine",
    "reject": "rejected the quarantine",
    "withdraw": "withdrew the proposal",
    "lift": "lifted the quarantine",
    "expire": "ended the quarantine, its time is over",
    "suspend": "suspended the quarantine",
    "resume": "resumed the quarantine",
    "extend": "extended the quarantine",
    "assign": "named another owner",
    "label": "said it is not flaky",
    "mute": "muted the test",
    "unmute": "ended the mute",
    "rename": "followed a rename",
}
"""What each action of the audit trail did, in words."""


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
    channel: Channel | None,
) -> QuarantineId:
    """Ask for a case to be quarantined; it waits for somebody else's approval.

    Raises:
        ConflictError: the case is broken, or has an open quarantine.
        InvalidInputError: days or reason out of bounds.
    """
    status = case_state.get(session, repository_id, proposal.case_id, now).status
    lifecycle.check_cooldown(quarantine_store.find_latest(session, repository_id, proposal.case_id), actor, now)
    lifecycle.check_proposal(status=status, days=proposal.days, reason=proposal.reason)
    quarantine_id = quarantine_store.insert_proposed(
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
        first = quarantine_store.find_latest(session, repository_id, proposal.case_id)
        name = first.proposed_by.name if first else "somebody"
        message = f"{name} proposed a quarantine of this test already."
        raise ConflictError(message)
    if actor.kind is not ActorKind.SYSTEM:
        learning.record_label(
            session, repository_id, proposal.case_id, LabelVerdict.FLAKY, LabelSource.PROPOSAL, actor, now
        )
    _record(
        session, quarantine_store.get(session, quarantine_id), "propose", actor, proposal.reason.strip(), now, channel
    )
    return quarantine_id


def approve(
    session: Session,
    quarantine_id: QuarantineId,
    actor: Actor,
    now: datetime,
    *,
    budget: Budget,
    leaves: QuarantineId | None = None,
    expected: int | None = None,
) -> None:
    """Make a proposed quarantine active, and tell everybody who should know.

    `leaves` ends in the same moment where the budget has no room.

    Raises:
        ConflictError: decided already; OverBudgetError where something has to leave and nothing fitting was named.
        NotAllowedError: the proposer may not approve.
    """
    held = _lock(session, quarantine_id, expected)
    file = case_store.get(session, held.repository_id, held.case_id).file
    two_people = policy.rule(session, held.repository_id, file).two_people
    move = lifecycle.approve(held, actor, now, two_people=two_people)
    quarantine_store.lock_budget(session, held.repository_id)
    in_force = quarantine_store.list_open(session, [held.repository_id], [State.ACTIVE, State.SUSPENDED])
    leaving = lifecycle.check_budget(held, in_force, budget, leaves)
    if leaving is not None:
        lift(session, leaving.id, actor, now, reason="Made room for another test.")
    quarantine_store.set_state(session, held, move, actor, now, None)
    _record(session, held, "approve", actor, "", now, None)
    learning.record_label(
        session, held.repository_id, held.case_id, LabelVerdict.FLAKY, LabelSource.APPROVAL, actor, now
    )


def reject(
    session: Session,
    quarantine_id: QuarantineId,
    why: RejectReason,
    text: str,
    actor: Actor,
    now: datetime,
    *,
    expected: int | None = None,
) -> None:
    """Turn a proposal down, and keep the reason as a label; `text` is the reason with the person's own words."""
    held = _move(session, quarantine_id, "reject", actor, text, now, lifecycle.reject, expected=expected)
    verdict = LabelVerdict(why.value)
    learning.record_label(session, held.repository_id, held.case_id, verdict, LabelSource.REJECTION, actor, now)


def withdraw(session: Session, quarantine_id: QuarantineId, actor: Actor, now: datetime, *, reason: str = "") -> None:
    """Take one's own proposal back."""
    _move(session, quarantine_id, "withdraw", actor, reason, now, lambda held: lifecycle.withdraw(held, actor))


def lift(session: Session, quarantine_id: QuarantineId, actor: Actor, now: datetime, *, reason: str = "") -> None:
    """End a quarantine: its case fails builds again."""
    _move(session, quarantine_id, "lift", actor, reason, now, lifecycle.lift)


def extend(
    session: Session,
    quarantine_id: QuarantineId,
    days: int,
    actor: Actor,
    now: datetime,
    *,
    expected: int | None = None,
) -> datetime:
    """Let a quarantine last longer; returns its new end.

    Raises:
        ConflictError: not active, or changed since `expected` was seen.
        InvalidInputError: days out of bounds.
    """
    held = _lock(session, quarantine_id, expected)
    until = lifecycle.extend(held, days, now)
    quarantine_store.set_terms(session, held, expires_at=until, owner=held.owner)
    _record(session, held, "extend", actor, f"{days} more days", now, None)
    return until


def assign(
    session: Session,
    quarantine_id: QuarantineId,
    owner: str,
    actor: Actor,
    now: datetime,
    *,
    expected: int | None = None,
) -> None:
    """Name who will mend a quarantined or proposed case, and what is one item with it.

    Raises:
        ConflictError: it has ended, or was changed since `expected` was seen.
    """
    held = _lock(session, quarantine_id, expected)
    chosen = lifecycle.assign(held, owner)
    quarantine_store.set_terms(session, held, expires_at=held.expires_at, owner=chosen)
    _record(session, held, "assign", actor, chosen, now, None)
    others = cluster.assign(session, held.repository_id, held.case_id, chosen, actor, now)
    notice.cards(session, held.repository_id, others, now)


def mute(
    session: Session, repository_id: RepositoryId, case_id: CaseId, days: int, actor: Actor, now: datetime
) -> datetime:
    """Keep a case quiet: its cards are kept up to date, nothing is announced; returns until when."""
    until = lifecycle.mute_until(days, now)
    mute_store.put(session, repository_id, case_id, until, actor)
    _note(session, repository_id, case_id, "mute", actor, f"until {until.day} {until:%B}", now)
    return until


def unmute(session: Session, repository_id: RepositoryId, case_id: CaseId, actor: Actor, now: datetime) -> None:
    """Announce a case again."""
    if mute_store.delete(session, repository_id, case_id):
        _note(session, repository_id, case_id, "unmute", actor, "", now)


def suspend(session: Session, quarantine_id: QuarantineId, actor: Actor, now: datetime) -> None:
    """Stop masking a case that turned broken."""
    _move(session, quarantine_id, "suspend", actor, "The test is broken.", now, lifecycle.suspend)


def resume(
    session: Session,
    quarantine_id: QuarantineId,
    reason: str,
    actor: Actor,
    now: datetime,
    *,
    expected: int | None = None,
) -> None:
    """Mask a suspended case again."""
    _move(
        session,
        quarantine_id,
        "resume",
        actor,
        reason,
        now,
        lambda held: lifecycle.resume(held, reason),
        expected=expected,
    )


def expire_due(session: Session, now: datetime) -> int:
    """End every quarantine whose time is over; returns how many."""
    due = quarantine_store.list_due(session, now)
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
    _note(session, repository_id, case_id, "label", actor, text, now)


def _note(
    session: Session,
    repository_id: RepositoryId,
    case_id: CaseId,
    action: str,
    actor: Actor,
    reason: str,
    now: datetime,
) -> None:
    """Record and announce what was done to a case, whatever quarantine it has."""
    entry = audit_store.append(
        session,
        repository_id=repository_id,
        case_id=case_id,
        quarantine_id=None,
        tag=f"case:{action}",
        actor=actor,
        reason=reason,
        now=now,
    )
    notice.move(session, repository_id, case_id, entry, now)


def _lock(session: Session, quarantine_id: QuarantineId, expected: int | None) -> Quarantine:
    """The quarantine for one who saw its version `expected`; who was first is told where it was changed since."""
    held = quarantine_store.lock(session, quarantine_id)
    if expected is not None and held.version != expected:
        entry = audit_store.find_latest(session, held.repository_id, quarantine_id)
        if entry is not None:
            action = entry.tag.partition(":")[2]
            message = f"{entry.actor.name} was first: {DEEDS[action]} at {entry.created_at:%H:%M} UTC. Look again."
            raise ConflictError(message)
    return held


def _move(
    session: Session,
    quarantine_id: QuarantineId,
    action: str,
    actor: Actor,
    reason: str,
    now: datetime,
    rule: Callable[[Quarantine], Move],
    *,
    expected: int | None = None,
) -> Quarantine:
    held = _lock(session, quarantine_id, expected)
    quarantine_store.set_state(session, held, rule(held), actor, now, reason or None)
    _record(session, held, action, actor, reason, now, None)
    return held


def _record(
    session: Session, held: Quarantine, action: str, actor: Actor, reason: str, now: datetime, channel: Channel | None
) -> None:
    entry = audit_store.append(
        session,
        repository_id=held.repository_id,
        case_id=held.case_id,
        quarantine_id=held.id,
        tag=f"quarantine:{action}",
        actor=actor,
        reason=reason,
        now=now,
    )
    notice.move(session, held.repository_id, held.case_id, entry, now, opening=channel)
