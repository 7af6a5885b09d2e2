"""The life of a quarantine: which moves exist, who may make them, and what each leaves behind.

proposed -> active -> lifted or expired; proposed -> rejected or withdrawn; active <-> suspended.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from bot.analysis.model import Actor, ActorKind, CaseId, QuarantineId, RepositoryId, Status
from bot.errors import ConflictError, InvalidInputError, NotAllowedError

MIN_DAYS = 1
DEFAULT_DAYS = 14
MAX_DAYS = 90
MAX_REASON_LENGTH = 500


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
    if not MIN_DAYS <= days <= MAX_DAYS:
        message = f"A quarantine lasts {MIN_DAYS} to {MAX_DAYS} days; choose a number in between."
        raise InvalidInputError(message)
    if not reason.strip():
        message = "Say why, in a sentence: the reason goes to the audit trail."
        raise InvalidInputError(message)
    if len(reason) > MAX_REASON_LENGTH:
        message = f"The reason has {len(reason)} characters; {MAX_REASON_LENGTH} is the most."
        raise InvalidInputError(message)


def approve(quarantine: Quarantine, actor: Actor, now: datetime) -> Move:
    """Make a proposal active for its days, from now on."""
    _require(quarantine, State.PROPOSED)
    if actor.subject == quarantine.proposed_by.subject:
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
    if actor.kind is not ActorKind.SYSTEM and actor.subject != quarantine.proposed_by.subject:
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
