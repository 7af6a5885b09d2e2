"""Judge a history that is not stored: the filter over executions in memory, and the scores at the end."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from bot.analysis import scoring
from bot.analysis.case_state import VariantScore
from bot.analysis.model import Status
from bot.analysis.quarantine.policy import Thresholds
from bot.analysis.scoring import status


@dataclass(frozen=True, slots=True)
class VariantChange:
    """A change of status; the first status of a case is insufficient."""

    case: int
    variant: str
    before: Status
    after: Status


class Replay:
    """The filter over a whole history; `cases` and `keys` are how many cases and (case, variant) it has."""

    def __init__(
        self,
        cases: int,
        keys: int,
        thresholds: Thresholds | None = None,
        *,
        hysteresis: bool = True,
        model: scoring.Model = scoring.MODEL,
    ) -> None:
        self._cases = cases
        self._scorer = scoring.Scorer(scoring.RepositoryMemory(keys), thresholds, hysteresis=hysteresis, model=model)
        self._codes: dict[str, NDArray[np.uint8]] = {}

    def observe(self, execution: scoring.Execution) -> scoring.Observation:
        """Judge one execution."""
        return self._scorer.observe(execution)

    def scores(self, at: datetime) -> Iterator[VariantScore]:
        """The score of every (case, variant), those that never failed included."""
        for variant in sorted(self._scorer.variants):
            yield from scoring.readout.everything(self._scorer, variant, at)

    def changes(self, execution: scoring.Execution) -> list[VariantChange]:
        """The changes of status by the execution observed last; it has to be called after every one."""
        variant = execution.variant
        known = self._codes.setdefault(variant, np.full(self._cases, status.INSUFFICIENT, dtype=np.uint8))
        before, after = known[execution.case_ids], scoring.readout.codes(self._scorer, execution)
        known[execution.case_ids] = after
        return [
            VariantChange(
                int(execution.case_ids[index]), variant, status.CODES[before[index]], status.CODES[after[index]]
            )
            for index in np.flatnonzero(before != after).tolist()
        ]
