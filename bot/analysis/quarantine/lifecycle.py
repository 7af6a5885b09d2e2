"""The life of a quarantine: which moves exist, who may make them, and what each leaves behind.

proposed -> active -> lifted or expired; proposed -> rejected or withdrawn; active <-> suspended.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from bot.analysis.model import Actor, ActorKind, CaseId, QuarantineId, RepositoryId, Status
from bot.analysis.quarantine.policy import Budget
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

    @property
    def cooldown(self) -> timedelta:
        """How long after a rejection for this reason the case is left in peace."""
        return _COOLDOWNS[self]


_COOLDOWNS = {
    RejectReason.BUG: timedelta(days=14),
    RejectReason.INFRA: timedelta(days=7),
    RejectReason.FIXED: timedelta(days=14),
    RejectReason.NEVER: timedelta(days=90),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Quarantine:
    """A quarantine as it stands; `decided_*` speak of the latest move after the proposal.

    `variant` is set for the variant scope, `fingerprint_id` for the failure scope.
    `days` is the life asked for; `expires_at` is set when it becomes active.
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
    """An approval needs to name what leaves; `owner` is set where it is the owner's budget that is used up."""

    def __init__(self, message: str, *, owner: str | None) -> None:
        super().__init__(message)
        self.owner = owner


@dataclass(frozen=True, slots=True)
class Move:
    """What a decision changes: the new state, and the expiry where it is set anew."""

    state: State
    expires_at: datetime | None


def check_proposal(*, status: Status, days: int, reason: str) -> None:
    """Raise unless a case of this status may be proposed for this long with this reason.

    Raises ConflictError for a broken case, InvalidInputError for days or a reason out of bounds.
    """
    if status is Status.BROKEN:
        message = "This test is broken, not flaky: it fails since a change. Quarantine would hide a real bug."
        raise ConflictError(message)
    _check_days(days, "A quarantine")
    if not reason.strip():
        message = "Say why, in a sentence: the reason goes to the audit trail."
        raise InvalidInputError(message)
    if len(reason) > MAX_REASON_LENGTH:
        message = f"The reason has {len(reason)} characters; {MAX_REASON_LENGTH} is the most."
        raise InvalidInputError(message)


def approve(quarantine: Quarantine, actor: Actor, now: datetime, *, two_people: bool = True) -> Move:
    """Make a proposal active for its days, from now on; `two_people`: by somebody else than its proposer."""
    _require(quarantine, State.PROPOSED)
    if two_people and actor.is_same_person(quarantine.proposed_by):
        message = "You proposed this quarantine, so somebody else has to approve it."
        raise NotAllowedError(message)
    return Move(State.ACTIVE, now + timedelta(days=quarantine.days))


def reject(quarantine: Quarantine) -> Move:
    """Turn a proposal down."""
    _require(quarantine, State.PROPOSED)
    return Move(State.REJECTED, None)


def withdraw(quarantine: Quarantine, actor: Actor) -> Move:
    """Take one's own proposal back."""
    _require(quarantine, State.PROPOSED)
    if actor.kind is not ActorKind.SYSTEM and not actor.is_same_person(quarantine.proposed_by):
        message = f"Only {quarantine.proposed_by.name} can withdraw this proposal; you can reject it."
        raise NotAllowedError(message)
    return Move(State.WITHDRAWN, None)


def lift(quarantine: Quarantine) -> Move:
    """End a quarantine before its time: the test fails builds again."""
    _require(quarantine, State.ACTIVE, State.SUSPENDED)
    return Move(State.LIFTED, quarantine.expires_at)


def expire(quarantine: Quarantine, now: datetime) -> Move:
    """End a quarantine whose time is over."""
    _require(quarantine, State.ACTIVE, State.SUSPENDED)
    if quarantine.expires_at is None or now < quarantine.expires_at:
        message = "This quarantine has time left."
        raise ConflictError(message)
    return Move(State.EXPIRED, quarantine.expires_at)


def suspend(quarantine: Quarantine) -> Move:
    """Stop masking a case that turned broken."""
    _require(quarantine, State.ACTIVE)
    return Move(State.SUSPENDED, quarantine.expires_at)


def resume(quarantine: Quarantine, reason: str) -> Move:
    """Mask a suspended case again; needs a reason."""
    _require(quarantine, State.SUSPENDED)
    if not reason.strip():
        message = "Say why it may be masked again although it is broken."
        raise InvalidInputError(message)
    return Move(State.ACTIVE, quarantine.expires_at)


def extend(quarantine: Quarantine, days: int, now: datetime) -> datetime:
    """The later end of an active quarantine; it never lies more than 90 days ahead.

    Raises:
        ConflictError: not active, or over.
        InvalidInputError: days out of bounds, or an end too far ahead.
    """
    _require(quarantine, State.ACTIVE)
    if quarantine.expires_at is None or now >= quarantine.expires_at:
        message = "The time of this quarantine is over; propose a new one."
        raise ConflictError(message)
    _check_days(days, "An extension")
    until = quarantine.expires_at + timedelta(days=days)
    if until > now + timedelta(days=MAX_DAYS):
        most = (now + timedelta(days=MAX_DAYS) - quarantine.expires_at).days
        hint = f"{most} more at the most" if most >= MIN_DAYS else "it cannot be extended yet"
        message = f"A quarantine ends within {MAX_DAYS} days from now: {hint}."
        raise InvalidInputError(message)
    return until


def mute_until(days: int, now: datetime) -> datetime:
    """Until when a case stays quiet.

    Raises:
        InvalidInputError: days out of bounds.
    """
    _check_days(days, "A mute")
    return now + timedelta(days=days)


def assign(quarantine: Quarantine, owner: str) -> str:
    """The new owner of an open quarantine.

    Raises:
        ConflictError: it has ended.
        InvalidInputError: nobody, or too long a name.
    """
    _require(quarantine, *OPEN_STATES)
    if not owner.strip() or len(owner) > MAX_OWNER_LENGTH:
        message = "Choose who will mend it: a person, or a team of CODEOWNERS."
        raise InvalidInputError(message)
    return owner.strip()


def check_budget(
    approved: Quarantine, held: Collection[Quarantine], budget: Budget, leaves: QuarantineId | None
) -> Quarantine | None:
    """The quarantine that leaves so that `approved` fits into the budget; None where there is room.

    `held` are the quarantines of the repository.

    Raises:
        OverBudgetError: there is no room, and `leaves` makes none.
    """
    others = [one for one in held if one.in_force and one.id != approved.id]
    own = [one for one in others if approved.owner and one.owner == approved.owner]
    named = next((one for one in others if one.id == leaves), None)
    if budget.owner is not None and approved.owner and len(own) >= budget.owner:
        if named is None or named.owner != approved.owner:
            message = f"The owner has {len(own)} tests in quarantine, the most the policy allows: name one that leaves."
            raise OverBudgetError(message, owner=approved.owner)
        return named
    if budget.repository is not None and len(others) >= budget.repository:
        if named is None:
            message = f"{len(others)} tests are in quarantine, the most the policy allows: name one that leaves."
            raise OverBudgetError(message, owner=None)
        return named
    return None


def check_cooldown(latest: Quarantine | None, actor: Actor, now: datetime) -> None:
    """Raise ConflictError where a case was turned down so lately that it may not be proposed again.

    A person may propose again at once, except what somebody said is never to be quarantined.
    """
    if latest is None or latest.state is not State.REJECTED or latest.decided_at is None:
        return
    word = (latest.decision or "").partition(":")[0]
    if word not in set(RejectReason):
        return
    why = RejectReason(word)
    until = latest.decided_at + why.cooldown
    if now < until and (actor.kind is ActorKind.SYSTEM or why is RejectReason.NEVER):
        by = latest.decided_by.name if latest.decided_by else "Somebody"
        said = "never to quarantine this test" if why is RejectReason.NEVER else "not to quarantine this test"
        message = f"{by} decided {said}; it can be proposed again from {until.day} {until:%B} on."
        raise ConflictError(message)


def _check_days(days: int, what: str) -> None:
    if not MIN_DAYS <= days <= MAX_DAYS:
        message = f"{what} lasts {MIN_DAYS} to {MAX_DAYS} days; choose a number in between."
        raise InvalidInputError(message)


_DONE = {
    State.PROPOSED: "proposed",
    State.ACTIVE: "approved",
    State.SUSPENDED: "suspended",
    State.LIFTED: "lifted",
    State.EXPIRED: "expired",
    State.REJECTED: "rejected",
    State.WITHDRAWN: "withdrawn",
}


def _require(quarantine: Quarantine, *states: State) -> None:
    if quarantine.state in states:
        return
    actor = quarantine.decided_by or quarantine.proposed_by
    when = f" at {quarantine.decided_at:%H:%M} UTC" if quarantine.decided_at else ""
    message = f"Already {_DONE[quarantine.state]} by {actor.name}{when}."
    raise ConflictError(message)
