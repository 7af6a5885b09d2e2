"""The life of a quarantine."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.analysis import lifecycle
from bot.analysis.lifecycle import Quarantine, Scope, State
from bot.analysis.model import Actor, ActorKind, CaseId, QuarantineId, RepositoryId, Status
from bot.errors import ConflictError, InvalidInputError, NotAllowedError

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
ANA = Actor(ActorKind.SLACK, "U1", "Ana")
BEN = Actor(ActorKind.SLACK, "U2", "Ben")
PROPOSED = Quarantine(
    id=QuarantineId(1), repository_id=RepositoryId(1), case_id=CaseId(1), state=State.PROPOSED, scope=Scope.CASE,
    variant=None, fingerprint_id=None, days=14, reason="slow", owner=None, proposed_by=ANA, proposed_at=NOW,
    decided_by=None, decided_at=None, decision=None, expires_at=None, version=1,
)  # fmt: skip
ACTIVE = replace(PROPOSED, state=State.ACTIVE, decided_by=BEN, decided_at=NOW, expires_at=NOW + timedelta(days=14))


def test_somebody_else_approves_and_the_days_count_from_then() -> None:
    assert lifecycle.approve(PROPOSED, BEN, NOW) == lifecycle.Move(State.ACTIVE, NOW + timedelta(days=14))
    with pytest.raises(NotAllowedError, match="somebody else"):
        lifecycle.approve(PROPOSED, ANA, NOW)


def test_the_second_approver_hears_who_was_first() -> None:
    with pytest.raises(ConflictError, match="Already approved by Ben at 12:00"):
        lifecycle.approve(ACTIVE, BEN, NOW)


def test_only_the_proposer_withdraws() -> None:
    assert lifecycle.withdraw(PROPOSED, ANA).state is State.WITHDRAWN
    with pytest.raises(NotAllowedError):
        lifecycle.withdraw(PROPOSED, BEN)


def test_an_expired_quarantine_masks_nothing_even_before_the_clock_has_moved_it() -> None:
    assert ACTIVE.masks(variant="v", fingerprint_id=None, now=NOW)
    assert not ACTIVE.masks(variant="v", fingerprint_id=None, now=NOW + timedelta(days=14))
    with pytest.raises(ConflictError, match="time left"):
        lifecycle.expire(ACTIVE, NOW)
    assert lifecycle.expire(ACTIVE, NOW + timedelta(days=14)).state is State.EXPIRED


@pytest.mark.parametrize(
    ("scope", "masked"),
    [
        ({"scope": Scope.VARIANT, "variant": "a"}, (True, False)),
        ({"scope": Scope.FAILURE, "fingerprint_id": 5}, (True, False)),
    ],
)
def test_a_narrow_scope_masks_only_what_it_names(scope: dict[str, object], masked: tuple[bool, bool]) -> None:
    held = replace(ACTIVE, **scope)
    assert held.masks(variant="a", fingerprint_id=5, now=NOW) is masked[0]
    assert held.masks(variant="b", fingerprint_id=6, now=NOW) is masked[1]


def test_a_broken_case_is_never_proposed_and_bounds_are_kept() -> None:
    with pytest.raises(ConflictError, match="broken"):
        lifecycle.check_proposal(status=Status.BROKEN, days=14, reason="x")
    for days, reason in ((0, "x"), (91, "x"), (14, " "), (14, "x" * 501)):
        with pytest.raises(InvalidInputError):
            lifecycle.check_proposal(status=Status.FLAKY, days=days, reason=reason)


def test_a_suspended_quarantine_resumes_with_a_reason_only() -> None:
    suspended = replace(ACTIVE, state=lifecycle.suspend(ACTIVE).state)
    assert not suspended.masks(variant="v", fingerprint_id=None, now=NOW)
    with pytest.raises(InvalidInputError):
        lifecycle.resume(suspended, " ")
    assert lifecycle.resume(suspended, "known").state is State.ACTIVE
