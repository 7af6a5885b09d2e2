"""The life of a quarantine."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.analysis.model import SYSTEM, Actor, ActorKind, CaseId, QuarantineId, RepositoryId, Status
from bot.analysis.quarantine import lifecycle, proposal
from bot.analysis.quarantine.lifecycle import OverBudgetError, Quarantine, RejectReason, Scope, State
from bot.analysis.quarantine.policy import ApprovalRequirements, QuarantineLimits
from bot.analysis.quarantine.proposal import Proposal
from bot.errors import ConflictError, InvalidInputError, NotAllowedError

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
ANA = Actor(ActorKind.SLACK, "U1", "Ana")
BEN = Actor(ActorKind.SLACK, "U2", "Ben")
PROPOSED = Quarantine(
    id=QuarantineId(1), repository_id=RepositoryId(1), case_id=CaseId(1), state=State.PROPOSED, scope=Scope.CASE,
    variant=None, fingerprint_id=None, days=14, reason="slow", owner=None, proposed_by=ANA, proposed_at=NOW,
    decided_by=None, decided_at=None, decision=None, expires_at=None, version=1,
)  # fmt: skip
TWO_PEOPLE = ApprovalRequirements(protected=True, two_people=True, owners=False)
WANTED = Proposal(case_id=CaseId(1), days=14, reason="slow")
ACTIVE = replace(PROPOSED, state=State.ACTIVE, decided_by=BEN, decided_at=NOW, expires_at=NOW + timedelta(days=14))


def test_somebody_else_approves_and_the_days_count_from_then() -> None:
    assert lifecycle.approve(PROPOSED, BEN, TWO_PEOPLE, NOW) == replace(ACTIVE, version=2)
    with pytest.raises(NotAllowedError, match="somebody else"):
        lifecycle.approve(PROPOSED, ANA, TWO_PEOPLE, NOW)
    alone = replace(TWO_PEOPLE, two_people=False)
    assert lifecycle.approve(PROPOSED, ANA, alone, NOW).state is State.ACTIVE


def test_the_second_approver_hears_who_was_first() -> None:
    with pytest.raises(ConflictError, match="Already approved by Ben at 12:00"):
        lifecycle.approve(ACTIVE, BEN, TWO_PEOPLE, NOW)


def test_only_the_proposer_withdraws() -> None:
    assert lifecycle.withdraw(PROPOSED, "", ANA, NOW).state is State.WITHDRAWN
    with pytest.raises(NotAllowedError):
        lifecycle.withdraw(PROPOSED, "", BEN, NOW)


def test_an_expired_quarantine_masks_nothing_even_before_the_clock_has_moved_it() -> None:
    assert ACTIVE.masks(variant="v", fingerprint_id=None, now=NOW)
    assert not ACTIVE.masks(variant="v", fingerprint_id=None, now=NOW + timedelta(days=14))
    with pytest.raises(ConflictError, match="time left"):
        lifecycle.expire(ACTIVE, SYSTEM, NOW)
    assert lifecycle.expire(ACTIVE, SYSTEM, NOW + timedelta(days=14)).state is State.EXPIRED


@pytest.mark.parametrize(
    ("quarantine", "masked"),
    [
        (replace(ACTIVE, scope=Scope.VARIANT, variant="a"), (True, False)),
        (replace(ACTIVE, scope=Scope.FAILURE, fingerprint_id=5), (True, False)),
    ],
)
def test_a_narrow_scope_masks_only_what_it_names(quarantine: Quarantine, masked: tuple[bool, bool]) -> None:
    assert quarantine.masks(variant="a", fingerprint_id=5, now=NOW) is masked[0]
    assert quarantine.masks(variant="b", fingerprint_id=6, now=NOW) is masked[1]


def test_a_broken_case_is_never_proposed_and_bounds_are_kept() -> None:
    with pytest.raises(ConflictError, match="broken"):
        proposal.check(WANTED, Status.BROKEN, None, ANA, NOW)
    for days, reason in ((0, "x"), (91, "x"), (14, " "), (14, "x" * 501)):
        with pytest.raises(InvalidInputError):
            proposal.check(replace(WANTED, days=days, reason=reason), Status.FLAKY, None, ANA, NOW)


def test_a_suspended_quarantine_resumes_with_a_reason_only() -> None:
    suspended = lifecycle.suspend(ACTIVE, "It is broken.", SYSTEM, NOW)
    assert not suspended.masks(variant="v", fingerprint_id=None, now=NOW)
    with pytest.raises(InvalidInputError):
        lifecycle.resume(suspended, " ", BEN, NOW)
    assert lifecycle.resume(suspended, "known", BEN, NOW).state is State.ACTIVE


def test_an_extension_adds_days_to_the_end_and_no_more_than_90_from_now() -> None:
    assert lifecycle.extend(ACTIVE, 7, NOW).expires_at == NOW + timedelta(days=21)
    assert lifecycle.extend(ACTIVE, 76, NOW).expires_at == NOW + timedelta(days=90)
    with pytest.raises(InvalidInputError, match="76 more at the most"):
        lifecycle.extend(ACTIVE, 77, NOW)
    for days in (0, -3, 91):
        with pytest.raises(InvalidInputError, match="1 to 90"):
            lifecycle.extend(ACTIVE, days, NOW)


@pytest.mark.parametrize("state", [one for one in State if one is not State.ACTIVE])
def test_only_what_is_active_is_extended(state: State) -> None:
    with pytest.raises(ConflictError):
        lifecycle.extend(replace(ACTIVE, state=state), 7, NOW)


def test_what_is_over_is_not_extended() -> None:
    with pytest.raises(ConflictError, match="over"):
        lifecycle.extend(ACTIVE, 7, NOW + timedelta(days=14))


def test_what_is_open_is_assigned_to_somebody() -> None:
    assert lifecycle.assign(PROPOSED, " @acme/pay ").owner == "@acme/pay"
    with pytest.raises(InvalidInputError):
        lifecycle.assign(ACTIVE, "  ")
    with pytest.raises(InvalidInputError):
        lifecycle.assign(ACTIVE, "x" * 101)
    with pytest.raises(ConflictError):
        lifecycle.assign(replace(ACTIVE, state=State.LIFTED), "ana")


def test_a_mute_lasts_1_to_90_days() -> None:
    assert lifecycle.mute_until(7, NOW) == NOW + timedelta(days=7)
    for days in (0, 91):
        with pytest.raises(InvalidInputError):
            lifecycle.mute_until(days, NOW)


def held(*numbers: int, owner: str | None = None) -> list[Quarantine]:
    return [replace(ACTIVE, id=QuarantineId(number), owner=owner) for number in numbers]


def test_a_budget_with_room_asks_for_nothing() -> None:
    assert lifecycle.replaced(PROPOSED, held(2, 3), QuarantineLimits(repository=3, owner=None), None) is None
    assert lifecycle.replaced(PROPOSED, held(2, 3), QuarantineLimits(repository=None, owner=None), None) is None


def test_over_the_budget_of_a_repository_an_approval_names_what_leaves() -> None:
    limits = QuarantineLimits(repository=2, owner=None)
    with pytest.raises(OverBudgetError, match="2 tests") as caught:
        lifecycle.replaced(PROPOSED, held(2, 3), limits, None)
    assert caught.value.owner is None
    with pytest.raises(OverBudgetError):
        lifecycle.replaced(PROPOSED, held(2, 3), limits, QuarantineId(9))
    leaving = lifecycle.replaced(PROPOSED, held(2, 3), limits, QuarantineId(3))
    assert leaving is not None
    assert leaving.id == 3


def test_over_the_budget_of_an_owner_one_of_theirs_leaves() -> None:
    wanted = replace(PROPOSED, owner="ana")
    mine, others = held(2, 3, owner="ana"), held(4, 5, owner="ben")
    limits = QuarantineLimits(repository=50, owner=2)
    with pytest.raises(OverBudgetError) as caught:
        lifecycle.replaced(wanted, [*mine, *others], limits, QuarantineId(4))
    assert caught.value.owner == "ana"
    leaving = lifecycle.replaced(wanted, [*mine, *others], limits, QuarantineId(2))
    assert leaving is not None
    assert leaving.id == 2


def test_what_waits_or_has_ended_takes_no_room() -> None:
    others = [replace(one, state=state) for one, state in zip(held(2, 3), (State.PROPOSED, State.LIFTED), strict=True)]
    assert lifecycle.replaced(PROPOSED, others, QuarantineLimits(repository=1, owner=1), None) is None


@given(st.integers(0, 8), st.integers(0, 8), st.integers(0, 20))
def test_after_an_approval_no_budget_is_exceeded_by_more_than_before(size: int, limit: int, named: int) -> None:
    others = held(*range(10, 10 + size))
    try:
        leaving = lifecycle.replaced(
            PROPOSED, others, QuarantineLimits(repository=limit, owner=None), QuarantineId(named)
        )
    except OverBudgetError:
        assert size >= limit
    else:
        assert size + 1 - (leaving is not None) <= max(limit, size)


REJECTED = replace(PROPOSED, state=State.REJECTED, decided_by=BEN, decided_at=NOW, decision="never: it guards money")


def test_what_is_never_to_be_quarantined_is_left_in_peace_for_90_days() -> None:
    with pytest.raises(ConflictError, match=r"Ben decided never to quarantine this test.*30 July"):
        proposal.check(WANTED, Status.FLAKY, REJECTED, ANA, NOW + timedelta(days=89))
    proposal.check(WANTED, Status.FLAKY, REJECTED, ANA, NOW + timedelta(days=90))


@pytest.mark.parametrize("why", [RejectReason.BUG, RejectReason.INFRA, RejectReason.FIXED])
def test_after_another_rejection_only_the_policy_waits(why: RejectReason) -> None:
    rejected = replace(REJECTED, decision=f"{why}: so")
    proposal.check(WANTED, Status.FLAKY, rejected, ANA, NOW)
    with pytest.raises(ConflictError):
        proposal.check(WANTED, Status.FLAKY, rejected, SYSTEM, NOW)
    proposal.check(WANTED, Status.FLAKY, rejected, SYSTEM, NOW + lifecycle.COOLDOWNS[why])


@pytest.mark.parametrize("latest", [None, ACTIVE, replace(REJECTED, decision="some words")])
def test_nothing_else_makes_a_case_wait(latest: Quarantine | None) -> None:
    proposal.check(WANTED, Status.FLAKY, latest, SYSTEM, NOW)
