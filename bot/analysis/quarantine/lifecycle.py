"""The life of a quarantine: what can be done to it, by whom, and the quarantine that results.

proposed -> active -> lifted or expired; proposed -> rejected or withdrawn; active <-> suspended.

Every function takes the quarantine as it is and returns it as it is afterwards, one version later; each raises
ConflictError where it is in another state.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from bot.analysis.model import Actor, ActorKind, CaseId, QuarantineId, RepositoryId
from bot.analysis.quarantine.policy import ApprovalRequirements, QuarantineLimits
from bot.errors import ConflictError, InvalidInputError, NotAllowedError

MIN_DAYS = 1
DEFAULT_DAYS = 14
MAX_DAYS = 90
MAX_REASON_LENGTH = 500
MAX_OWNER_LENGTH = 100


class State(StrEnum):
    """Where a quarantine is in its life."""

    PROPOSED = "proposed"
    ACTIVE = "active"
    SUSPENDED = "suspended"
    LIFTED = "lifted"
    EXPIRED = "expired"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"

    @property
    def is_open(self) -> bool:
        """Whether the quarantine still waits or masks; a case has at most one open quarantine of a scope."""
        return self in OPEN_STATES


OPEN_STATES = frozenset({State.PROPOSED, State.ACTIVE, State.SUSPENDED})


class Scope(StrEnum):
    """What of a case a quarantine masks."""

    CASE = "case"
    VARIANT = "variant"
    FAILURE = "failure"


class RejectReason(StrEnum):
    """Why a proposal, or a flaky belief, is wrong; kept as a label."""

    BUG = "bug"
    INFRA = "infra"
    FIXED = "fixed"
    NEVER = "never"


COOLDOWNS = {
    RejectReason.BUG: timedelta(days=14),
    RejectReason.INFRA: timedelta(days=7),
    RejectReason.FIXED: timedelta(days=14),
    RejectReason.NEVER: timedelta(days=90),
}
"""How long after a rejection for a reason the bot does not propose the case again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Quarantine:
    """A quarantine; `decided_*` are of the latest decision after the proposal, `version` grows with every change.

    `variant` is set for the variant scope, `fingerprint_id` for the failure scope.
    `days` is the requested duration; `expires_at` is set when it becomes active.
    """

    id: QuarantineId
    repository_id: RepositoryId
    case_id: CaseId
    state: State
    scope: Scope
    variant: str | None
    fingerprint_id: int | None
    days: int
    reason: str
    owner: str | None
    proposed_by: Actor
    proposed_at: datetime
    decided_by: Actor | None
    decided_at: datetime | None
    decision: str | None
    expires_at: datetime | None
    version: int

    def masks(self, *, variant: str, fingerprint_id: int | None, now: datetime) -> bool:
        """Whether a failure of this case in `variant` with this fingerprint is ignored by the build at `now`."""
        if self.state is not State.ACTIVE or self.expires_at is None or now >= self.expires_at:
            return False
        match self.scope:
            case Scope.CASE:
                return True
            case Scope.VARIANT:
                return variant == self.variant
            case Scope.FAILURE:
                return fingerprint_id is not None and fingerprint_id == self.fingerprint_id

    @property
    def in_force(self) -> bool:
        """Whether it counts against a budget: active, or suspended and able to come back."""
        return self.state in {State.ACTIVE, State.SUSPENDED}


class OverBudgetError(ConflictError):
    """An approval has to name a quarantine that ends; `owner` is set if the budget of the owner is used up."""

    def __init__(self, message: str, *, owner: str | None) -> None:
        super().__init__(message)
        self.owner = owner


def replaced(
    approved: Quarantine, others: Collection[Quarantine], limits: QuarantineLimits, chosen: QuarantineId | None
) -> Quarantine | None:
    """The quarantine that ends so that `approved` keeps within the limits; None if there is room.

    `others` are quarantines of the repository, `chosen` is the one that the approver chose to end.

    Raises:
        OverBudgetError: there is no room, and the chosen one makes none.
    """
    candidates = [other for other in others if other.in_force and other.id != approved.id]
    of_owner = [other for other in candidates if approved.owner and other.owner == approved.owner]
    owner = None
    if limits.owner is not None and approved.owner and len(of_owner) >= limits.owner:
        candidates, owner = of_owner, approved.owner
    elif limits.repository is None or len(candidates) < limits.repository:
        return None
    ended = next((other for other in candidates if other.id == chosen), None)
    if ended is None:
        tests = f"The owner has {len(candidates)} tests" if owner else f"{len(candidates)} tests are"
        message = f"{tests} in quarantine, the most the policy allows: name one that leaves."
        raise OverBudgetError(message, owner=owner)
    return ended


def approve(quarantine: Quarantine, actor: Actor, requirements: ApprovalRequirements, now: datetime) -> Quarantine:
    """Make a proposal active for its days, from now on.

    Raises:
        ConflictError: it is decided already.
        NotAllowedError: the policy asks for two people, and the actor proposed it.
    """
    _require(quarantine, State.PROPOSED)
    if requirements.two_people and actor.is_same_person(quarantine.proposed_by):
        message = "You proposed this quarantine, so somebody else has to approve it."
        raise NotAllowedError(message)
    begun = replace(quarantine, expires_at=now + timedelta(days=quarantine.days))
    return _decide(begun, State.ACTIVE, actor, now, "")


def reject(quarantine: Quarantine, reason: str, actor: Actor, now: datetime) -> Quarantine:
    """Turn a proposal down."""
    _require(quarantine, State.PROPOSED)
    return _decide(quarantine, State.REJECTED, actor, now, reason)


def withdraw(quarantine: Quarantine, reason: str, actor: Actor, now: datetime) -> Quarantine:
    """Take one's own proposal back.

    Raises:
        ConflictError: it is decided already.
        NotAllowedError: somebody else proposed it.
    """
    _require(quarantine, State.PROPOSED)
    if actor.kind is not ActorKind.SYSTEM and not actor.is_same_person(quarantine.proposed_by):
        message = f"Only {quarantine.proposed_by.name} can withdraw this proposal; you can reject it."
        raise NotAllowedError(message)
    return _decide(quarantine, State.WITHDRAWN, actor, now, reason)


def lift(quarantine: Quarantine, reason: str, actor: Actor, now: datetime) -> Quarantine:
    """End a quarantine before its time: the test fails builds again."""
    _require(quarantine, State.ACTIVE, State.SUSPENDED)
    return _decide(quarantine, State.LIFTED, actor, now, reason)


def expire(quarantine: Quarantine, actor: Actor, now: datetime) -> Quarantine:
    """End a quarantine whose time is over."""
    _require(quarantine, State.ACTIVE, State.SUSPENDED)
    if quarantine.expires_at is None or now < quarantine.expires_at:
        message = "This quarantine has time left."
        raise ConflictError(message)
    return _decide(quarantine, State.EXPIRED, actor, now, "")


def suspend(quarantine: Quarantine, reason: str, actor: Actor, now: datetime) -> Quarantine:
    """Stop masking a case that turned broken."""
    _require(quarantine, State.ACTIVE)
    return _decide(quarantine, State.SUSPENDED, actor, now, reason)


def resume(quarantine: Quarantine, reason: str, actor: Actor, now: datetime) -> Quarantine:
    """Mask a suspended case again.

    Raises:
        ConflictError: it is not suspended.
        InvalidInputError: no reason.
    """
    _require(quarantine, State.SUSPENDED)
    if not reason.strip():
        message = "Say why it may be masked again although it is broken."
        raise InvalidInputError(message)
    return _decide(quarantine, State.ACTIVE, actor, now, reason)


def extend(quarantine: Quarantine, days: int, now: datetime) -> Quarantine:
    """Let an active quarantine last longer, to at most 90 days from now; who approved it stays.

    Raises:
        ConflictError: not active, or over.
        InvalidInputError: days out of bounds, or an end too far ahead.
    """
    _require(quarantine, State.ACTIVE)
    if quarantine.expires_at is None or now >= quarantine.expires_at:
        message = "The time of this quarantine is over; propose a new one."
        raise ConflictError(message)
    check_days(days, "An extension")
    until = quarantine.expires_at + timedelta(days=days)
    if until > now + timedelta(days=MAX_DAYS):
        most = (now + timedelta(days=MAX_DAYS) - quarantine.expires_at).days
        hint = f"{most} more at the most" if most >= MIN_DAYS else "it cannot be extended yet"
        message = f"A quarantine ends within {MAX_DAYS} days from now: {hint}."
        raise InvalidInputError(message)
    return replace(quarantine, expires_at=until, version=quarantine.version + 1)


def assign(quarantine: Quarantine, owner: str) -> Quarantine:
    """Name another owner of an open quarantine.

    Raises:
        ConflictError: it has ended.
        InvalidInputError: nobody, or too long a name.
    """
    _require(quarantine, *OPEN_STATES)
    if not owner.strip() or len(owner) > MAX_OWNER_LENGTH:
        message = "Choose who will fix it: a person, or a team of CODEOWNERS."
        raise InvalidInputError(message)
    return replace(quarantine, owner=owner.strip(), version=quarantine.version + 1)


def mute_until(days: int, now: datetime) -> datetime:
    """Until when a case stays quiet.

    Raises:
        InvalidInputError: days out of bounds.
    """
    check_days(days, "A mute")
    return now + timedelta(days=days)


def _decide(quarantine: Quarantine, state: State, actor: Actor, now: datetime, reason: str) -> Quarantine:
    return replace(
        quarantine,
        state=state,
        decided_by=actor,
        decided_at=now,
        decision=reason or None,
        version=quarantine.version + 1,
    )


def check_days(days: int, what: str) -> None:
    """Raise InvalidInputError unless a number of days is within bounds; `what` lasts for them."""
    if not MIN_DAYS <= days <= MAX_DAYS:
        message = f"{what} lasts {MIN_DAYS} to {MAX_DAYS} days; choose a number in between."
        raise InvalidInputError(message)


def _require(quarantine: Quarantine, *states: State) -> None:
    if quarantine.state in states:
        return
    actor = quarantine.decided_by or quarantine.proposed_by
    when = f" at {quarantine.decided_at:%H:%M} UTC" if quarantine.decided_at else ""
    participle = "approved" if quarantine.state is State.ACTIVE else quarantine.state.value
    message = f"Already {participle} by {actor.name}{when}."
    raise ConflictError(message)
