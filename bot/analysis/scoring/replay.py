"""Judging a past that is stored nowhere: the filter over executions held in memory, and what it says at the end."""

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
class Turn:
    """A status that moved; a case is first of all one with too few runs."""

    case: int
    variant: str
    before: Status
    after: Status


class Rehearsal:
    """The filter over a repository; `cases` and `keys` are how many it has, known beforehand.

    `follow` asks for the turns of every execution.
    """

    def __init__(
        self,
        cases: int,
        keys: int,
        thresholds: Thresholds | None = None,
        *,
        hysteresis: bool = True,
        follow: bool = True,
        model: scoring.Model = scoring.MODEL,
    ) -> None:
        self._cases = cases
        self._follow = follow
        self._scorer = scoring.Scorer(scoring.RepositoryMemory(keys), thresholds, hysteresis=hysteresis, model=model)
        self._codes: dict[str, NDArray[np.uint8]] = {}

    def take(self, execution: scoring.Execution) -> tuple[list[Turn], bool]:
        """Take one execution in; returns the statuses it moved, and whether it is an incident of its own."""
        observation = self._scorer.observe(execution)
        return self._turns(execution) if self._follow else [], observation.is_incident

    def judge(self, at: datetime) -> Iterator[VariantScore]:
        """Every (case, variant) as it stands, those that never failed included."""
        for variant in sorted(self._scorer.variants):
            yield from scoring.readout.everything(self._scorer, variant, at)

    def _turns(self, execution: scoring.Execution) -> list[Turn]:
        variant = execution.variant
        known = self._codes.setdefault(variant, np.full(self._cases, status.INSUFFICIENT, dtype=np.uint8))
        before, after = known[execution.case_ids], scoring.readout.codes(self._scorer, execution)
        known[execution.case_ids] = after
        return [
            Turn(int(execution.case_ids[at]), variant, status.CODES[before[at]], status.CODES[after[at]])
            for at in np.flatnonzero(before != after).tolist()
        ]
