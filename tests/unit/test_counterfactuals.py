"""What would change the status of a case, by running the filter on."""

from __future__ import annotations

import itertools
from datetime import timedelta

import numpy as np
import pytest

from bot.analysis import scoring
from bot.analysis.case_history import CaseResult
from bot.analysis.explanation import counterfactual
from bot.analysis.model import Status
from bot.analysis.quarantine.policy import Thresholds
from tests.unit.made_history import START, result, run

KEYS = 100
RULES = Thresholds()


def state_after(results: list[CaseResult]) -> bytes:
    """The stored state of the case after these results, none of them beside another case."""
    scorer = scoring.Scorer(scoring.RepositoryMemory(KEYS))
    for one in results:
        scorer.observe(
            scoring.Execution(
                variant="linux",
                branch="main",
                on_default_branch=True,
                sha=one.run.head_sha,
                base_sha=None,
                event_kind="push",
                started_at=one.run.started_at,
                case_ids=np.zeros(1, dtype=np.int32),
                suites=np.zeros(1, dtype=np.int32),
                failed=np.array([one.outcome.is_failure]),
                retries={0: one.retries} if one.retries else {},
            )
        )
    followed = scorer.variant("linux")
    return followed.active.pack(followed.slots_of(np.zeros(1, dtype=np.int32)), scoring.MODEL.version)[0]


def flaky(*at: int, runs: int = 60) -> list[CaseResult]:
    return [result(run(number), "F." if number in at else ".") for number in range(1, runs + 1)]


def statuses(results: list[CaseResult]) -> list[Status]:
    case = counterfactual.StoredVariant("linux", state_after(results), Status.FLAKY)
    return [
        forecast[0][0]
        for forecast in counterfactual.after_clean_commits([case], KEYS, RULES, results[-1].run.started_at)
    ]


def without_days(results: list[CaseResult], status: Status = Status.FLAKY) -> list[counterfactual.StatusWithoutDay]:
    case = counterfactual.StoredVariant("linux", state_after(results), status)
    return counterfactual.without_days(results, [case], KEYS, RULES, results[-1].run.started_at)


def test_clean_commits_make_a_flaky_case_healthy_by_way_of_watched() -> None:
    turns = [status for status, _ in itertools.groupby(statuses(flaky(20, 30, 40)))]
    assert turns[0] is Status.FLAKY
    assert turns[-1] is not Status.FLAKY


def test_what_is_foretold_comes_true() -> None:
    history = flaky(40, 50, 55, runs=58)
    ahead = statuses(history)
    for more in (1, 20, 60):
        after = [*history, *(result(run(number)) for number in range(59, 59 + more))]
        assert statuses(after)[0] is ahead[more]


def test_no_clean_commit_raises_the_belief() -> None:
    case = counterfactual.StoredVariant("linux", state_after(flaky(40, 50, 55)), Status.FLAKY)
    beliefs = [forecast[0][1] for forecast in counterfactual.after_clean_commits([case], KEYS, RULES, START)]
    assert len(beliefs) == counterfactual.MAX_COMMITS + 1
    assert all(later <= earlier + 1e-12 for earlier, later in itertools.pairwise(beliefs))


def test_without_the_one_bad_day_a_case_is_healthy() -> None:
    history = flaky(30, 31, 32, runs=45)
    (day,) = without_days(history)
    assert (day.day, day.failures, day.status) == ((START + timedelta(hours=30)).date(), 3, Status.HEALTHY)


def test_nothing_is_said_where_the_results_do_not_give_the_status() -> None:
    history = flaky(30, 31, 32, runs=45)
    assert without_days(history, Status.BROKEN) == []


def test_a_day_among_many_is_not_tried() -> None:
    history = flaky(*range(1, 240, 24), runs=240)
    assert without_days(history) == []


@pytest.mark.parametrize("tries", ["s", "."])
def test_what_says_nothing_is_not_replayed(tries: str) -> None:
    history = [*flaky(30, 31, 32, runs=45), result(run(46), tries, whole=False)]
    assert without_days(history) == without_days(history[:-1])


def test_where_reports_list_failures_only_a_commit_is_clean_that_lists_nothing() -> None:
    scorer = scoring.Scorer(scoring.RepositoryMemory(KEYS))

    def take(number: int, *failing: int) -> None:
        scorer.observe(
            scoring.Execution(
                variant="linux",
                branch="main",
                on_default_branch=True,
                sha=f"{number}",
                base_sha=None,
                event_kind="push",
                started_at=START + timedelta(hours=number),
                case_ids=np.array(failing, dtype=np.int32),
                suites=np.zeros(len(failing), dtype=np.int32),
                failed=np.ones(len(failing), dtype=np.bool_),
                retries={},
            )
        )

    for number in range(40):
        take(number, *([3] if number % 4 == 0 else []), *([5] if number % 9 == 0 else []))
    assert scorer.lists_failures_only("linux")
    followed = scorer.variant("linux")
    (state,) = followed.active.pack(followed.slots_of(np.array([3], dtype=np.int32)), scoring.MODEL.version)
    listed = counterfactual.StoredVariant("linux", state, Status.FLAKY, failures_only=True)
    foretold = [forecast[0][1] for forecast in counterfactual.after_clean_commits([listed], KEYS, RULES, START)]
    for more in range(60):
        (now,) = scoring.readout.active(scorer, "linux", None, np.array([3], dtype=np.int32))
        assert now.p_flaky == foretold[more]
        take(40 + more)
