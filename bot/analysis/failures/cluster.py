"""Cluster cases that are one item: they fail together beyond chance, fail alike, or share a fixture (ADR 11).

The caller leaves out runs that are outages: in them everything fails together.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations, pairwise

import numpy as np
from numpy.typing import NDArray

from bot.analysis.failures import significance
from bot.analysis.model import ClusterKind

CHANCE = 0.01
"""The error rate of false pairs per repository; divided among all possible pairs (Bonferroni)."""
SUITE_CASES = 3
"""A smaller suite cannot be distinguished from its cases."""
_PAIR_SHARE = 0.5  # of the failures of the rarer case; a pair that fails together less often has two causes
_OTHER_SHARE = 0.25  # of the failures of the other case
_TOGETHER = 3
_MAX_FAILURES = 32  # in a run whose pairs are counted, so that the work stays linear
_STREAK = 10  # runs; a failure so soon after another of the same case continues it
_SUITE_SHARE = 0.9
_SUITE_TIMES = 2
_ALIKE_SHARE = 0.5
_WORD = re.compile(r"[a-z]{3,}")
_GENERIC_WORDS = frozenset({
    "assert", "assertion", "assertionerror", "error", "errors", "exception", "failed", "failure", "fail",
    "expected", "actual", "received", "but", "was", "got", "true", "false", "none", "null", "undefined", "not",
    "equal", "equals", "equality", "the", "and", "for", "test", "tests", "value", "values", "timed", "out",
    "timeout", "exceeded", "after", "seconds", "milliseconds", "java", "lang", "org", "junit", "com",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class FailedRun:
    """One run in which something failed: its position among the runs, and the cases.

    `branch` is empty on the default branch; `suites_down` has the failed cases of each suite that failed as a whole.
    """

    number: int
    branch: str
    cases: frozenset[int]
    suites_down: Mapping[str, frozenset[int]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Cluster:
    """Cases that are one item, ascending; `times` is how often they failed together.

    `suite` is set if they failed with it, `fingerprint_cluster` if they fail alike.
    """

    kind: ClusterKind
    cases: tuple[int, ...]
    times: int
    suite: str | None = None
    fingerprint_cluster: int | None = None


def find(
    runs: Sequence[FailedRun],
    total: int,
    kinds_of_failure: Mapping[int, Mapping[int, int]],
    messages: Mapping[int, str],
) -> list[Cluster]:
    """The clusters of a repository in order of their first case; each case is in one at most.

    `total` is the number of runs, those without a failure included. `kinds_of_failure` counts by case how often it
    failed with each cluster of fingerprints, `messages` has the message of each of those.
    """
    return _join([*_fixtures(runs), *_together(runs, total), *_alike(kinds_of_failure, messages)])


def suites_down(suites: NDArray[np.int_], failed: NDArray[np.bool_]) -> list[int]:
    """The suites of one execution of which nearly everything failed; the arrays are aligned."""
    if not failed.any():
        return []
    sizes = np.bincount(suites)
    failures = np.bincount(suites, weights=failed)
    down = np.flatnonzero((sizes >= SUITE_CASES) & (failures >= _SUITE_SHARE * sizes))
    return [int(number) for number in down]


def match(known: Mapping[int, Iterable[int]], clusters: Sequence[Cluster]) -> list[int | None]:
    """The known cluster that each one continues: the one that shares most cases, each once; None for a new one."""
    by_case: dict[int, int] = {case: number for number, cases in sorted(known.items()) for case in cases}
    shared: list[tuple[int, int, int]] = []
    for index, cluster in enumerate(clusters):
        counts = Counter(by_case[case] for case in cluster.cases if case in by_case)
        shared += [(-count, number, index) for number, count in counts.items()]
    continued: list[int | None] = [None] * len(clusters)
    taken: set[int] = set()
    for _, number, index in sorted(shared):
        if number not in taken and continued[index] is None:
            continued[index] = number
            taken.add(number)
    return continued


def is_informative(message: str) -> bool:
    """Whether a message distinguishes one cause from another; `assert False` does not."""
    return len(set(_WORD.findall(message.lower())) - _GENERIC_WORDS) >= 2  # noqa: PLR2004  # one word is a name


def _fixtures(runs: Sequence[FailedRun]) -> list[Cluster]:
    """Suites that failed as a whole: more than once is a fixture, once is cases that broke together."""
    positions: dict[str, list[int]] = defaultdict(list)
    members: dict[str, set[int]] = defaultdict(set)
    for run in sorted(runs, key=lambda run: run.number):
        for suite, cases in run.suites_down.items():
            positions[suite].append(run.number)
            members[suite] |= cases
    bonds = []
    for suite, numbers in sorted(positions.items()):
        times = 1 + sum(after - before > _STREAK for before, after in pairwise(numbers))
        kind = ClusterKind.FIXTURE if times >= _SUITE_TIMES else ClusterKind.TOGETHER
        if len(numbers) >= _SUITE_TIMES:
            bonds.append(Cluster(kind, tuple(sorted(members[suite])), times, suite))
    return bonds


def _together(runs: Sequence[FailedRun], total: int) -> list[Cluster]:
    """Pairs of cases that begin to fail in the same run more often than chance explains."""
    latest: dict[int, int] = {}
    seen_on: set[tuple[str, int]] = set()
    starts: Counter[int] = Counter()
    pairs: Counter[tuple[int, int]] = Counter()
    for run in sorted(runs, key=lambda run: run.number):
        fresh = sorted(
            case
            for case in run.cases
            if run.number - latest.get(case, -_STREAK - 1) > _STREAK and (run.branch, case) not in seen_on
        )
        starts.update(fresh)
        if len(fresh) <= _MAX_FAILURES:
            pairs.update(combinations(fresh, 2))
        latest.update(dict.fromkeys(run.cases, run.number))
        if run.branch:
            # What a branch broke fails in every push to it.
            seen_on.update((run.branch, case) for case in run.cases)
    often = sum(count >= _TOGETHER for count in starts.values())
    possible = often * (often - 1) / 2
    bonds = []
    for (first, second), times in sorted(pairs.items()):
        rarer, other = sorted((starts[first], starts[second]))
        if times < _TOGETHER or times < _PAIR_SHARE * rarer or times < _OTHER_SHARE * other:
            continue
        if significance.p_value(times, rarer, other, total) * possible < CHANCE:
            bonds.append(Cluster(ClusterKind.TOGETHER, (first, second), times))
    return bonds


def _alike(kinds_of_failure: Mapping[int, Mapping[int, int]], messages: Mapping[int, str]) -> list[Cluster]:
    """Cases that fail mostly in one kind with an informative message."""
    members: dict[int, list[int]] = defaultdict(list)
    times: Counter[int] = Counter()
    for case, counts in sorted(kinds_of_failure.items()):
        kind, count = min(counts.items(), key=lambda item: (-item[1], item[0]))
        if count >= _ALIKE_SHARE * sum(counts.values()) and is_informative(messages.get(kind, "")):
            members[kind].append(case)
            times[kind] += count
    return [
        Cluster(ClusterKind.ALIKE, tuple(cases), times[kind], fingerprint_cluster=kind)
        for kind, cases in sorted(members.items())
        if len(cases) > 1
    ]


def _join(bonds: Sequence[Cluster]) -> list[Cluster]:
    """Join clusters that share a case (union-find); the strongest gives the joint one its kind."""
    leader: dict[int, int] = {}

    def leader_of(case: int) -> int:
        while leader.setdefault(case, case) != case:
            leader[case] = leader[leader[case]]
            case = leader[case]
        return case

    for bond in bonds:
        first = leader_of(bond.cases[0]) if bond.cases else 0
        for case in bond.cases[1:]:
            low, high = sorted((first, leader_of(case)))
            leader[high] = first = low
    members: dict[int, list[int]] = defaultdict(list)
    for case in sorted(leader):
        members[leader_of(case)].append(case)
    reasons: dict[int, list[Cluster]] = defaultdict(list)
    for bond in bonds:
        if bond.cases:
            reasons[leader_of(bond.cases[0])].append(bond)
    rank = list(ClusterKind)
    clusters = []
    for first, cases in sorted(members.items()):
        best = min(reasons[first], key=lambda bond: (rank.index(bond.kind), -bond.times, bond.cases))
        alike = (bond.fingerprint_cluster for bond in reasons[first] if bond.fingerprint_cluster is not None)
        if len(cases) > 1:
            clusters.append(Cluster(best.kind, tuple(cases), best.times, best.suite, next(alike, None)))
    return clusters


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredCluster:
    """A stored cluster; `owner` is responsible for all of it, None if nobody is assigned."""

    id: int
    kind: ClusterKind
    title: str
    cases: tuple[int, ...]
    times: int
    owner: str | None
