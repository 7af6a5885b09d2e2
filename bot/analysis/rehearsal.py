"""Judging a past that is stored nowhere: the filter over executions held in memory, and what it says at the end."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from bot.analysis import scoring
from bot.analysis.model import Status


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """One (case, variant) after the last execution; `rate` and `interval` are shares of executions, 0 to 1."""

    case: int
    variant: str
    status: Status
    p_flaky: float
    p_broken: float
    score: float
    rate: float
    interval: tuple[float, float]
    runs: int
    failures: int


@dataclass(frozen=True, slots=True)
class Turn:
    """A status that moved: from nothing known, or from what it was."""

    case: int
    variant: str
    before: Status
    after: Status


class Rehearsal:
    """The filter's state of one repository; `cases` and `keys` are how many it has, known beforehand."""

    def __init__(self, cases: int, keys: int) -> None:
        self._keys = keys
        self._cases = cases
        self._repository = scoring.RepositoryState.new()
        self._active: dict[str, scoring.ActiveCases] = {}
        self._passes: dict[str, np.ndarray[tuple[int], np.dtype[np.int32]]] = {}
        self._status: dict[tuple[str, int], Status] = {}

    def take(self, execution: scoring.Execution) -> tuple[list[Turn], bool]:
        """Take one execution in; returns the statuses it moved, and whether it is an incident of its own."""
        variant = execution.variant
        active = self._active.get(variant, scoring.ActiveCases.empty())
        passes = self._passes.setdefault(variant, np.full(self._cases, -1, dtype=np.int32))
        ran = passes[execution.case_ids]
        observation = scoring.observe(execution, self._repository, active, np.maximum(ran, 0), self._keys)
        passes[execution.case_ids] = observation.passes
        rest = active.take(np.flatnonzero(~np.isin(active.case_ids, observation.active.case_ids)))
        self._active[variant] = _join(rest, observation.active)
        turns = []
        for score in scoring.readout(observation.active, execution.started_at):
            before = self._status.get((variant, score.case_id), Status.HEALTHY)
            if before is not score.status:
                turns.append(Turn(score.case_id, variant, before, score.status))
                self._status[variant, score.case_id] = score.status
        return turns, observation.is_incident

    def judge(self, at: datetime) -> Iterator[Judged]:
        """Every (case, variant) as it stands, those that never failed included."""
        for variant, passes in sorted(self._passes.items()):
            scores = {score.case_id: score for score in scoring.readout(self._active[variant], at)}
            for case, passed in enumerate(passes.tolist()):
                if (score := scores.get(case)) is not None:
                    yield Judged(
                        case=case, variant=variant, status=score.status, p_flaky=score.p_flaky,
                        p_broken=score.p_broken, score=score.score, rate=score.rate, interval=score.interval,
                        runs=score.runs, failures=score.failures,
                    )  # fmt: skip
                elif passed >= 0:
                    yield _never_failed(case, variant, passed)


def _join(first: scoring.ActiveCases, second: scoring.ActiveCases) -> scoring.ActiveCases:
    joined = scoring.ActiveCases(
        np.concatenate([first.case_ids, second.case_ids]),
        np.concatenate([first.records, second.records]),
        [*first.commits, *second.commits],
        [*first.branches, *second.branches],
    )
    return joined.take(np.argsort(joined.case_ids, kind="stable"))


def _never_failed(case: int, variant: str, passed: int) -> Judged:
    belief = scoring.constants.ALL_PASS[min(passed, scoring.constants.ALL_PASS_LENGTH)]
    p_flaky = float(1 - belief[0])
    return Judged(
        case=case, variant=variant, status=scoring.inactive_status(passed), p_flaky=p_flaky, p_broken=0.0,
        score=float(np.log(p_flaky / (1 - p_flaky))), rate=0.0, interval=(0.0, 0.0), runs=passed, failures=0,
    )  # fmt: skip
