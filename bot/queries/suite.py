"""Which modules and folders of a run went down as a whole, which points at a fixture of theirs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

from bot.analysis.failures import cluster
from bot.analysis.model import Outcome, RepositoryId, RunId
from bot.store.cases import cofailure as cofailure_store
from bot.store.database import Session
from bot.store.runs import result as result_store

_LEAST_SHARE = 0.3  # of all cases a suite ever had; a run may hold a part of them
_CHUNK = 50  # runs whose arrays are in memory at once


class _SuiteMembers:
    """The module and the folder of every case of a repository, as numbers; 0 is no suite."""

    def __init__(self, session: Session, repository_id: RepositoryId) -> None:
        suites = cofailure_store.list_suites(session, repository_id)
        numbers = {"": 0}
        self._of = np.zeros((2, max(suites, default=0) + 1), dtype=np.int_)
        for case, names in suites.items():
            for level, name in enumerate(names):
                self._of[level, case] = numbers.setdefault(name, len(numbers))
        self.names = list(numbers)
        self._sizes = [np.bincount(positions, minlength=len(numbers)) for positions in self._of]

    def of(self, case_ids: Iterable[int]) -> NDArray[np.int_]:
        """Two rows, modules and folders, aligned with the cases."""
        numbers: NDArray[np.int_] = self._of[:, np.fromiter(case_ids, dtype=np.int32)]
        return numbers

    def may_be_down(self, failed: frozenset[int]) -> bool:
        """Whether enough of any suite failed that it may have gone down as a whole, by all its cases ever known."""
        for positions, sizes in zip(self.of(failed), self._sizes, strict=True):
            failures = np.bincount(positions, minlength=len(sizes))
            failures[0] = 0
            if ((failures >= cluster.SUITE_CASES) & (failures >= _LEAST_SHARE * sizes)).any():
                return True
        return False


def list_down(
    session: Session, repository_id: RepositoryId, failed: Mapping[RunId, frozenset[int]]
) -> dict[RunId, dict[str, frozenset[int]]]:
    """By run the suites of which practically everything failed, each with its failed cases.

    `failed` has the failed cases of each run. A variant that was read in part, or lists failures only, does not say how
    large a suite is, so it says nothing here.
    """
    if not any(len(case_ids) >= cluster.SUITE_CASES for case_ids in failed.values()):
        return {}
    suites = _SuiteMembers(session, repository_id)
    wide = [run_id for run_id, case_ids in failed.items() if suites.may_be_down(case_ids)]
    down: dict[RunId, dict[str, frozenset[int]]] = {}
    for start in range(0, len(wide), _CHUNK):
        for stored in result_store.list_variants(session, repository_id, wide[start : start + _CHUNK]):
            ran = stored.case_ids[stored.outcomes != result_store.CODES[Outcome.SKIPPED]]
            has_failed = np.isin(ran, np.array(sorted(failed[stored.run_id]), dtype=np.int32))
            if has_failed.all() or not stored.complete:
                continue
            for positions in suites.of(ran.tolist()):
                for number in cluster.suites_down(positions, has_failed):
                    if number:
                        members = frozenset(ran[(positions == number) & has_failed].tolist())
                        down.setdefault(stored.run_id, {})[suites.names[number]] = members
    return down
