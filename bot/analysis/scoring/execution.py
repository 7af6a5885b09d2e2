"""The values the filter works on: one execution, its outage term, the part that is evidence, and what it changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from bot.analysis.scoring.active import Indices
from bot.analysis.scoring.model import INCIDENT, Floats

Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Execution:
    """One variant of one attempt of a run: aligned arrays over its cases, ascending by case, without skipped ones.

    `suites` are numbers from 0 within this execution, and so are `runners`, the machines, if they are known. `retries`
    says by case whether each retry failed. The same code is (sha, event kind). `counted` says which cases are evidence,
    None for all: the passes of an incomplete variant only count for its size.
    """

    variant: str
    branch: str
    on_default_branch: bool
    sha: str
    base_sha: str | None
    event_kind: str
    started_at: datetime
    case_ids: NDArray[np.int32]
    suites: NDArray[np.int32]
    failed: NDArray[np.bool_]
    retries: Mapping[int, tuple[bool, ...]]
    runners: NDArray[np.int32] | None = None
    counted: NDArray[np.bool_] | None = None

    def evidence(self) -> tuple[Execution, NDArray[np.intp]]:
        """The execution with only the cases that are evidence, and their indices in the whole one."""
        if self.counted is None:
            return self, np.arange(len(self.case_ids))
        part = replace(
            self,
            case_ids=self.case_ids[self.counted],
            suites=self.suites[self.counted],
            failed=self.failed[self.counted],
            runners=None if self.runners is None else self.runners[self.counted],
            counted=None,
        )
        return part, np.flatnonzero(self.counted)


@dataclass(frozen=True, slots=True, eq=False)
class Outage:
    """The outage term of an execution.

    `run` is the share of unexpected failures beyond the usual, 0 to 1, `unexpected` their number; `suites` and
    `runners` have the share of the groups that are out. `chance` and `keep` are per case: how likely its failure is due
    to the outage, and how much it counts, 0 to 1.
    """

    run: float
    unexpected: float
    suites: Mapping[int, float]
    runners: Mapping[int, float]
    chance: Floats
    keep: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """The active cases of an execution whose result is evidence, as aligned arrays.

    `positions` are their indices among the active cases, `chance` and `keep` the outage term, `base` the main position
    a branch began at or before, `same_commit` the earlier executions of the commit as bits. `presumed` marks cases that
    are not in a report that lists failures only.
    """

    positions: Indices
    case_ids: NDArray[np.int32]
    failed: Flags
    chance: Floats
    keep: Floats
    position: int
    base: int
    base_known: bool
    number: int
    same_commit: NDArray[np.uint8]
    presumed: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Observation:
    """What an execution changed.

    `touched` are the active cases it ran, ascending. `keep` says for each case that failed how much the failure counts,
    0 to 1. `branch` is the chain that moved (None on the default branch), `forgotten` one that was dropped.
    """

    touched: NDArray[np.int32]
    outage: float
    unexpected: float
    suite_outages: Mapping[int, float]
    runner_outages: Mapping[int, float]
    keep: Mapping[int, float]
    branch: int | None
    forgotten: int | None

    @property
    def is_incident(self) -> bool:
        """Whether so much failed that the run is an incident."""
        return self.outage >= INCIDENT
