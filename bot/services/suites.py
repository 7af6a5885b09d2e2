"""Which modules and folders of a run went down as a whole, which points at a fixture of theirs."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from bot.analysis import clusters as rules
from bot.analysis.model import Outcome, RepositoryId, RunId
from bot.store import clusters, results
from bot.store.database import Session

_FEWEST = 3
_CHUNK = 50  # runs whose arrays are in memory at once


class _Suites:
    """The module and the folder of every case that was asked for, as numbers; 0 is no suite."""

    def __init__(self, session: Session, repository_id: RepositoryId) -> None:
        self._session = session
        self._repository_id = repository_id
        self._numbers = {"": 0}
        self._of_case: dict[int, tuple[int, int]] = {}
        self.names = [""]

    def of(self, case_ids: NDArray[np.int32]) -> NDArray[np.int_]:
        """Two rows, modules and folders, aligned with the cases."""
        wanted = case_ids.tolist()
        if unknown := [case for case in wanted if case not in self._of_case]:
            found = clusters.list_suites(self._session, self._repository_id, unknown)
            for case in unknown:
                module, folder = found.get(case, ("", ""))
                self._of_case[case] = self._number(module), self._number(folder)
        return np.array([self._of_case[case] for case in wanted], dtype=np.int_).reshape(-1, 2).T

    def _number(self, name: str) -> int:
        if name not in self._numbers:
            self._numbers[name] = len(self.names)
            self.names.append(name)
        return self._numbers[name]


def list_down(
    session: Session, repository_id: RepositoryId, failed: Mapping[RunId, frozenset[int]]
) -> dict[RunId, dict[str, frozenset[int]]]:
    """By run the suites of which practically everything failed, each with its failed cases.

    `failed` has the failed cases of each run. A leg that was read in part, or lists failures only, does not say how
    large a suite is, so it says nothing here.
    """
    suites = _Suites(session, repository_id)
    wide = [run_id for run_id, found in failed.items() if len(found) >= _FEWEST]
    down: dict[RunId, dict[str, frozenset[int]]] = {}
    for start in range(0, len(wide), _CHUNK):
        for leg in results.list_legs(session, repository_id, wide[start : start + _CHUNK]):
            ran = leg.case_ids[leg.outcomes != results.CODES[Outcome.SKIPPED]]
            has_failed = np.isin(ran, np.array(sorted(failed[leg.run_id]), dtype=np.int32))
            if has_failed.all() or not leg.complete:
                continue
            for places in suites.of(ran):
                for number in rules.suites_down(places, has_failed):
                    if number:
                        members = frozenset(ran[(places == number) & has_failed].tolist())
                        down.setdefault(leg.run_id, {})[suites.names[number]] = members
    return down
