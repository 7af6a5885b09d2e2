"""Proposing that a case be quarantined: what is asked for, and when it may be."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bot.analysis.model import Actor, ActorKind, CaseId, Status
from bot.analysis.quarantine import lifecycle
from bot.analysis.quarantine.lifecycle import MAX_REASON_LENGTH, Quarantine, RejectReason, Scope, State
from bot.errors import ConflictError, InvalidInputError


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """What somebody asks for; `variant` and `fingerprint_id` narrow the scope if it is not the case."""

    case_id: CaseId
    scope: Scope = Scope.CASE
    variant: str | None = None
    fingerprint_id: int | None = None
    days: int
    reason: str
    owner: str | None = None


def check(proposal: Proposal, status: Status, latest: Quarantine | None, actor: Actor, now: datetime) -> None:
    """Check whether somebody may propose this of a case of this status, whose latest quarantine is `latest`.

    Raises:
        ConflictError: the case is broken, or was rejected lately; a person may propose again at once, except a case
            that is never to be quarantined.
        InvalidInputError: days or reason out of bounds.
    """
    _check_cooldown(latest, actor, now)
    if status is Status.BROKEN:
        message = "This test is broken, not flaky: it fails since a change. Quarantine would hide a real bug."
        raise ConflictError(message)
    lifecycle.check_days(proposal.days, "A quarantine")
    if not proposal.reason.strip():
        message = "Say why, in a sentence: the reason goes to the audit trail."
        raise InvalidInputError(message)
    if len(proposal.reason) > MAX_REASON_LENGTH:
        message = f"The reason has {len(proposal.reason)} characters; {MAX_REASON_LENGTH} is the most."
        raise InvalidInputError(message)


def _check_cooldown(latest: Quarantine | None, actor: Actor, now: datetime) -> None:
    if latest is None or latest.state is not State.REJECTED or latest.decided_at is None:
        return
    word = (latest.decision or "").partition(":")[0]
    if word not in set(RejectReason):
        return
    reason = RejectReason(word)
    until = latest.decided_at + lifecycle.COOLDOWNS[reason]
    if now < until and (actor.kind is ActorKind.SYSTEM or reason is RejectReason.NEVER):
        by = latest.decided_by.name if latest.decided_by else "Somebody"
        decision = "never to quarantine this test" if reason is RejectReason.NEVER else "not to quarantine this test"
        message = f"{by} decided {decision}; it can be proposed again from {until.day} {until:%B} on."
        raise ConflictError(message)
