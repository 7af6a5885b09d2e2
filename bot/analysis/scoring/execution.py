"""The values the filter works on: one execution, its outage term, the part that is evidence, and what it changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from bot.analysis.scoring.active import Indices
from bot.analysis.scoring.memory import Push
from bot.analysis.scoring.model import INCIDENT, Floats

Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Execution:
    """One variant of one attempt of a run: aligned arrays over its cases, ascending by case, without skipped ones.

    `suites` are numbers from 0 within this execution, and so are `runners`, the machines, if they are known. `retries`
    says by case whether each retry failed. The same code is (sha, event kind). `counted` says which cases are evidence,
    None for all: the passes of an incomplete variant only count for its size. `branch` is only needed off the default
    branch.
    """

    variant: str
    branch: str = ""
    on_default_branch: bool = True
    sha: str
    base_sha: str | None = None
    event_kind: str = "push"
    started_at: datetime
    case_ids: NDArray[np.int32]
    suites: NDArray[np.int32]
    failed: NDArray[np.bool_]
    retries: Mapping[int, tuple[bool, ...]] = field(default_factory=dict)
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

    `run` is the share of unexpected failures beyond the usual, 0 to 1; `suites` and `runners` have the share of the
    groups that are out. `chance` and `keep` are per case: how likely its failure is due
    to the outage, and how much it counts, 0 to 1.
    """

    run: float
    suites: Mapping[int, float]
    runners: Mapping[int, float]
    chance: Floats
    keep: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """The active cases of an execution whose result is evidence, as aligned arrays.

    `positions` are their indices among the active cases, `at` is the time in seconds, `chance` and `keep` are the
    outage term, `base` is the main position a branch began at or before, `commits` how many commits the branch has had,
    `same_commit` has the earlier executions of the commit as bits. `presumed` marks cases that are not in a report that
    lists failures only.
    """

    positions: Indices
    case_ids: NDArray[np.int32]
    failed: Flags
    retries: Mapping[int, tuple[bool, ...]]
    at: float
    chance: Floats
    keep: Floats
    position: int
    base: int
    base_known: bool
    commits: int
    number: int
    same_commit: NDArray[np.uint8]
    presumed: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Observation:
    """What an execution changed.

    `touched` are the active cases it ran, ascending. `keep` says for each case that failed how much the failure counts,
    0 to 1. `push` is the commit of the branch it ran on, None on the default branch.
    """

    touched: NDArray[np.int32]
    outage: Outage
    keep: Mapping[int, float]
    push: Push | None

    @property
    def is_incident(self) -> bool:
        """Whether so much failed that the run is an incident."""
        return self.outage.run >= INCIDENT
