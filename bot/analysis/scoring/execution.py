"""What the filter takes in and gives back: one execution, and what it concluded of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from bot.analysis.scoring.model import INCIDENT, Floats


@dataclass(frozen=True, slots=True, eq=False)
class Execution:
    """One variant of one attempt of a run: aligned arrays over its cases, ascending by case, skipped ones left out.

    `suites` are numbers from 0 on, of this execution; so are `runners`, the machines, where they are known.
    `retries` holds, by case, whether each retry failed. Same code is (sha, event kind). `counted` says which
    cases are evidence, all where it is None: the passes of a variant that is not whole count for its size alone.
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
        """The execution with only the cases that are evidence, and the places of these in the whole one."""
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
    `runners` hold the same share for those where most failed at once. `chance` and `keep` are aligned with the
    cases asked for: how likely a failure is the outage's, and how much one counts, 0 to 1.
    """

    run: float
    unexpected: float
    suites: Mapping[int, float]
    runners: Mapping[int, float]
    chance: Floats
    keep: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Observation:
    """What an execution changed.

    `touched` are the active cases it ran, ascending. `keep` says, by case that failed, how much its failure counts
    here: 0 nothing, 1 in full. `branch` is the chain that moved (None on the default branch), `forgotten` one that is
    remembered no longer.
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
        """Whether so much failed that the run is an incident of its own."""
        return self.outage >= INCIDENT
