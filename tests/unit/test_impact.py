"""What flaky cases cost."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.analysis import impact
from bot.analysis.audit import AuditAction
from bot.analysis.case_state import VariantScore
from bot.analysis.impact import Failure, Mask, Period
from bot.analysis.model import CaseId, RunId, Status
from bot.analysis.quarantine.lifecycle import Scope
from bot.analysis.run import StoredRun
from tests.unit.made_history import CASE, START, run

HOUR = timedelta(hours=1)


def flaky(case_id: CaseId) -> VariantScore:
    """The score of a flaky case."""
    return VariantScore(
        case_id=case_id, variant="linux", status=Status.FLAKY, p_flaky=0.9, p_broken=0.0, ranking=2.0, rate=0.1,
        interval=(0.05, 0.2), runs=100, failures=10, mixed_commits=2,
    )  # fmt: skip


FLAKY = {(CASE, "linux"): flaky(CASE)}


def failure(run_id: int, case_id: int = 1, *, is_final: bool = True, fingerprint_id: int | None = 7) -> Failure:
    return Failure(
        case_id=CaseId(case_id),
        run_id=RunId(run_id),
        variant="linux",
        is_final=is_final,
        seconds=30,
        fingerprint_id=fingerprint_id,
    )


def period(runs: list[StoredRun], failures: list[Failure], **more: object) -> Period:
    made = Period(
        days=7,
        runs={one.id: one for one in runs},
        variants=[(one.id, "linux") for one in runs],
        failures=failures,
        scores=FLAKY,
        masks=(),
        incidents=(),
    )
    return replace(made, **more)  # type: ignore[arg-type]


def again(first: StoredRun, number: int) -> StoredRun:
    return replace(
        run(number, branch=first.head_branch, sha=first.head_sha), github_run_id=first.github_run_id, attempt=2
    )


def test_the_minutes_of_a_second_attempt_are_shared_by_the_cases_that_asked_for_it() -> None:
    first = run(1, branch="feature")
    scores = {**FLAKY, (CaseId(2), "linux"): flaky(CaseId(2))}
    found, totals = impact.assess(period([first, again(first, 2)], [failure(1), failure(1, 2)], scores=scores))
    assert [(one.blocked_pull_requests, one.ci_minutes, one.waiting_minutes) for one in found] == [(1, 5, 30)] * 2
    assert (totals.blocked_pull_requests, totals.ci_minutes, totals.waiting_minutes) == (1, 10, 60)


def test_a_case_that_fails_again_in_the_second_attempt_is_no_flake() -> None:
    first = run(1, branch="feature")
    both = [failure(1, 2), failure(2, 2)]
    assert impact.assess(period([first, again(first, 2)], both, scores={}))[0] == []
    (passed,), _ = impact.assess(period([first, again(first, 2)], both[:1], scores={}))
    assert passed.case_id == 2


def test_an_attempt_without_a_report_of_the_variant_proves_nothing() -> None:
    first = run(1, branch="feature")
    known = period([first, again(first, 2)], [failure(1)], scores={})
    assert len(impact.assess(known)[0]) == 1
    assert impact.assess(replace(known, variants=[(first.id, "linux")]))[0] == []


def test_a_failure_that_passed_on_a_retry_costs_its_own_time() -> None:
    (one,), totals = impact.assess(period([run(1)], [failure(1, is_final=False)]))
    assert (one.blocked_pull_requests, one.ci_minutes) == (0, 0.5)
    assert totals.failures == 1


def test_what_happened_in_an_incident_is_nobody_s_cost() -> None:
    assert impact.assess(period([run(1, branch="feature")], [failure(1)], incidents={RunId(1)}))[0] == []


def test_a_masked_failure_is_saved_not_lost() -> None:
    mask = Mask(CASE, Scope.CASE, None, None, START, START + 9 * HOUR)
    found, totals = impact.assess(period([run(1, branch="feature")], [failure(1)], masks=(mask,)))
    assert found == []
    assert (totals.saved_pull_requests, totals.saved_minutes) == (1, 10)


def test_a_masked_failure_beside_a_real_one_saves_no_pull_request() -> None:
    mask = Mask(CASE, Scope.CASE, None, None, START, START + 9 * HOUR)
    _, totals = impact.assess(period([run(1, branch="feature")], [failure(1), failure(1, 2)], masks=(mask,)))
    assert (totals.saved_pull_requests, totals.saved_minutes) == (0, 0)


@pytest.mark.parametrize(
    ("mask", "hides"),
    [
        (Mask(CASE, Scope.VARIANT, "linux", None, START, START + 9 * HOUR), True),
        (Mask(CASE, Scope.VARIANT, "windows", None, START, START + 9 * HOUR), False),
        (Mask(CASE, Scope.FAILURE, None, 7, START, START + 9 * HOUR), True),
        (Mask(CASE, Scope.FAILURE, None, 8, START, START + 9 * HOUR), False),
        (Mask(CASE, Scope.CASE, None, None, START, START + HOUR), False),
        (Mask(CaseId(2), Scope.CASE, None, None, START, START + 9 * HOUR), False),
    ],
)
def test_a_mask_hides_what_its_scope_says_while_it_lasts(mask: Mask, hides: bool) -> None:
    assert mask.hides(failure(1), START + HOUR) is hides


def test_next_week_is_what_the_rate_and_the_runs_of_a_day_make() -> None:
    runs = [run(number, branch="main" if number % 2 else f"pull-{number}") for number in range(1, 15)]
    (one,), _ = impact.assess(period(runs, [failure(2)]))
    assert one.expected_failures == pytest.approx(7 * 0.9 * 0.1 * 2)
    assert one.expected_blocked == pytest.approx(7 * 0.9 * 0.1 * 1)


def test_what_blocks_most_comes_first_then_what_takes_most_time() -> None:
    scores = {(CaseId(number), "linux"): flaky(CaseId(number)) for number in (1, 2, 3)}
    first = run(5, branch="x")
    failures = [failure(1), failure(2, 2), failure(3, 2), failure(5, 3)]
    runs = [run(1, branch="a"), run(2, branch="a"), run(3, branch="b"), first, again(first, 6)]
    found, _ = impact.assess(period(runs, failures, scores=scores))
    assert [one.case_id for one in found] == [2, 3, 1]


def test_the_times_of_a_mask_follow_its_moves() -> None:
    at = [START + number * HOUR for number in range(9)]
    moves = [
        (AuditAction.APPROVE, at[1]),
        (AuditAction.SUSPEND, at[3]),
        (AuditAction.RESUME, at[4]),
        (AuditAction.LIFT, at[6]),
    ]
    assert impact.masked_times(moves, at[8]) == [(at[1], at[3]), (at[4], at[6])]
    assert impact.masked_times(moves[:1], at[8]) == [(at[1], at[8])]
    assert impact.masked_times([(AuditAction.APPROVE, at[8])], at[1]) == []
