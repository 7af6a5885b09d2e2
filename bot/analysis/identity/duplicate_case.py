"""Cases that a report, or the reports of one artifact, hold more than once: retries of one test.

pytest-rerunfailures and the flaky plugin write every retry as one more bare element, and only the last one says how
the case ended: the earlier ones failed, or there would be no later one. Jest, vitest, mocha and surefire write no such
elements: every element that ran is a different test, and a skipped one (as TestNG marks a retry) belongs to the next.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from bot.analysis.model import Outcome, Result
from bot.analysis.reports.reported_case import DuplicateMeaning, ReportedCase

_FAILED, _PASSED, _SKIPPED, _BROKEN = 1, 2, 4, 8
_STEP = np.int64(0x1E3779B97F4A7C15)  # odd, so that no two of 2⁶⁴ multiples are equal
LOAD_ERROR = "Test suite failed to run"
"""The class under which jest-junit writes a file that it could not load: twice, though it is one."""


def occurrences(cases: Iterable[ReportedCase]) -> Iterator[int]:
    """For each case of a file without retries, how many cases of the same names ran before it."""
    counts: dict[tuple[str, str, str], int] = {}
    for case in cases:
        names = (case.file, case.class_name, case.name)
        yield counts.get(names, 0)
        if _BITS[case.outcome] != _SKIPPED and case.class_name != LOAD_ERROR:
            counts[names] = counts.get(names, 0) + 1


def mark_failed_retries(cases: Sequence[ReportedCase]) -> list[ReportedCase]:
    """The cases of a file whose writer leaves retries bare: a pass that the same case follows was a failure."""
    last = {(case.file, case.class_name, case.name): number for number, case in enumerate(cases)}
    return [
        case._replace(outcome=Outcome.FAILED)
        if case.outcome is Outcome.PASSED and number < last[case.file, case.class_name, case.name]
        else case
        for number, case in enumerate(cases)
    ]


class DuplicateCounter:
    """Counts distinct cases, results and flakes of an artifact in a few bytes per case.

    A case is identified by a 64-bit hash of its names: of n cases two are taken for one with a probability of
    n² / 2⁶⁵, which is one in 30 million for a million cases.
    """

    def __init__(self) -> None:
        self._keys = array("q")
        self._outcomes = array("b")
        self._results = 0

    def add_all(self, cases: Iterable[ReportedCase]) -> None:
        """Add the next cases of a file; one without a name equals no other."""
        keys, outcomes = self._keys, self._outcomes
        start = len(keys)
        for case in cases:
            suites, file, class_name, name, _, outcome, host, _, reruns = case
            names = (file, class_name, name, suites, host)
            keys.append(hash(names if name and not name.isspace() else (*names, len(keys))))
            bits = _BITS[outcome] if not reruns else _bits(reruns)
            outcomes.append(bits if class_name != LOAD_ERROR else bits | _BROKEN)
            self._results += max(len(reruns) - 1, 0)
        self._results += len(keys) - start

    def add_file(self, file: DuplicateCounter, repeats: DuplicateMeaning) -> None:
        """Add the cases of a file that is complete, which may be this; `repeats` is of its summary."""
        keys = np.frombuffer(file._keys, dtype=np.int64)
        outcomes = np.frombuffer(file._outcomes, dtype=np.int8)
        order = np.argsort(keys, kind="stable") if repeats is not DuplicateMeaning.RETRIES else None
        if order is not None and repeats is DuplicateMeaning.TESTS:
            ran = (outcomes[order] & (_SKIPPED | _BROKEN)) == 0
            before = np.cumsum(ran) - ran
            starts = np.flatnonzero(np.diff(keys[order], prepend=keys[order][:1] - 1))
            sizes = np.diff(np.append(starts, len(keys)))
            keys[order] += (before - np.repeat(before[starts], sizes)) * _STEP
        elif order is not None:
            earlier = order[:-1][keys[order[:-1]] == keys[order[1:]]]
            outcomes[earlier[outcomes[earlier] == _PASSED]] = _FAILED
        if file is not self:
            self._keys += file._keys
            self._outcomes += file._outcomes
            self._results += file._results

    @property
    def figures(self) -> dict[str, int]:
        """The number of distinct cases, of results, and of cases that both failed and passed."""
        keys = np.frombuffer(self._keys, dtype=np.int64)
        outcomes = np.frombuffer(self._outcomes, dtype=np.int8)
        order = np.argsort(keys, kind="stable")
        firsts = np.flatnonzero(np.diff(keys[order], prepend=keys[order][:1] - 1)) if len(keys) else order
        together = np.bitwise_or.reduceat(outcomes[order], firsts) if len(keys) else outcomes
        both = (together & (_FAILED | _PASSED)) == (_FAILED | _PASSED)
        return {
            "distinct_cases": len(firsts),
            "results": self._results,
            "flaky_by_repetition": int(np.count_nonzero(both)),
        }


_BITS = {
    Outcome.PASSED: _PASSED,
    Outcome.FAILED: _FAILED,
    Outcome.ERRORED: _FAILED,
    Outcome.SKIPPED: _SKIPPED,
}


def _bits(results: Sequence[Result]) -> int:
    bits = 0
    for result in results:
        bits |= _BITS[result.outcome]
    return bits
