from __future__ import annotations

import random

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.analysis.failures import cluster
from bot.analysis.failures.cluster import Cluster, FailedRun
from bot.analysis.model import ClusterKind


def _history(seed: int, *, runs: int = 300, loners: int = 40, rate: float = 0.03) -> list[FailedRun]:
    """Forty tests that flake alone; 100, 101 and 102 fail together in one of twenty runs."""
    dice = random.Random(seed)  # noqa: S311  # a simulation
    found = []
    for number in range(runs):
        failing = {case for case in range(loners) if dice.random() < rate}
        if dice.random() < 0.05:
            failing |= {100, 101, 102}
        if failing:
            found.append(FailedRun(number, "", frozenset(failing)))
    return found


def test_cases_that_fail_together_beyond_chance_are_one_item_and_loners_are_none() -> None:
    found = cluster.find(_history(1), 300, {}, {})
    assert [(one.kind, one.cases) for one in found] == [(ClusterKind.TOGETHER, (100, 101, 102))]
    assert found[0].times > 5


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000))
def test_independent_flakes_are_hardly_ever_joined(seed: int) -> None:
    joined = [one for one in cluster.find(_history(seed), 300, {}, {}) if not set(one.cases) >= {100, 101, 102}]
    assert len(joined) <= 1


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 1000), st.randoms(use_true_random=False))
def test_the_order_in_which_runs_are_given_does_not_matter(seed: int, shuffler: random.Random) -> None:
    history = _history(seed)
    shuffled = list(history)
    shuffler.shuffle(shuffled)
    assert cluster.find(shuffled, 300, {}, {}) == cluster.find(history, 300, {}, {})


def test_two_cases_that_one_branch_broke_did_not_meet_more_than_once() -> None:
    history = [FailedRun(number, "feature", frozenset({1, 2})) for number in range(0, 200, 20)]
    assert cluster.find(history, 400, {}, {}) == []


def test_two_cases_broken_at_the_same_time_met_once_however_long_it_lasted() -> None:
    history = [FailedRun(number, "", frozenset({1, 2})) for number in range(50, 150)]
    assert cluster.find(history, 400, {}, {}) == []


def test_cases_that_fail_alike_are_one_item_where_the_message_is_informative() -> None:
    kinds = {1: {7: 3}, 2: {7: 2, 8: 1}, 3: {9: 4}, 4: {9: 4}, 5: {7: 1, 9: 2}}
    messages = {7: "connection refused by redis", 9: "assert False", 8: "boom"}
    assert cluster.find([], 100, kinds, messages) == [
        Cluster(ClusterKind.ALIKE, (1, 2), 5, None, 7),
    ]


def test_a_suite_that_goes_down_as_a_whole_again_and_again_hangs_on_its_fixture() -> None:
    down = {"tests/db": frozenset({1, 2, 3, 4})}
    history = [FailedRun(number, "", frozenset({1, 2, 3, 4, 9}), down) for number in (10, 90, 200)]
    (found,) = cluster.find(history, 300, {}, {})
    assert (found.kind, found.suite, found.times) == (ClusterKind.FIXTURE, "tests/db", 3)
    assert set(found.cases) >= {1, 2, 3, 4}


def test_a_suite_is_down_when_practically_all_of_it_failed_and_it_is_no_handful() -> None:
    suites = np.array([0] * 10 + [1] * 10 + [2, 2])
    failed = np.array([True] * 9 + [False] + [True] * 8 + [False] * 2 + [True, True])
    assert cluster.suites_down(suites, failed) == [0]


def test_reasons_that_share_a_case_make_one_item_named_after_the_strongest() -> None:
    kinds = {100: {7: 3}, 55: {7: 3}}
    (found,) = cluster.find(_history(1), 300, kinds, {7: "connection refused by redis"})
    assert (found.kind, found.cases, found.fingerprint_cluster) == (ClusterKind.TOGETHER, (55, 100, 101, 102), 7)


def test_a_cluster_that_grows_or_shrinks_stays_the_same_one() -> None:
    found = [Cluster(ClusterKind.TOGETHER, cases, 3) for cases in ((1, 2, 3), (4, 5), (8, 9))]
    assert cluster.match({31: [1, 2], 32: [3, 4, 5]}, found) == [31, 32, None]
    split = [Cluster(ClusterKind.TOGETHER, cases, 3) for cases in ((1, 2), (3, 4, 5))]
    assert cluster.match({31: [1, 2, 3, 4, 5]}, split) == [None, 31]
