"""How likely the failures of an execution are one outage, without each case's own failure.

The sums do not depend on the order of the cases, not in a single bit (ADR 8). The constants are the published filter's.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from bot.analysis.scoring.execution import Execution, Outage
from bot.analysis.scoring.memory import RepositoryMemory
from bot.analysis.scoring.model import Floats, Model

SUITE_SIZE = 10
"""Smaller suites are no evidence."""
GROUP_OUTAGE = 0.3
"""From this share on, a suite or a runner is out."""
LISTED_SHARE = 10
"""If reports list failures only, a run is assumed to have this many times the cases they list on average."""


def assess(
    execution: Execution,
    failing: NDArray[np.intp],
    unexpected: Floats,
    followed: NDArray[np.intp],
    memory: RepositoryMemory,
    model: Model,
    *,
    listing: bool,
) -> Outage:
    """The outage term of an execution, for the cases at the indices `followed`.

    `failing` are the indices of the cases that failed, `unexpected` how little each failure was expected, 0 to 1;
    `listing` says that the reports list failures only.
    """
    size = len(execution.case_ids)
    total = math.fsum(unexpected.tolist())
    of_all = np.zeros(size)
    of_all[failing] = unexpected
    usual = 4 + 2 * memory.background
    memory.background += 0.02 * (min(total, 10 + memory.background) - memory.background)
    own = of_all[followed]
    if listing:
        # How many ran is unknown: a run is out if far more fails than usual, and no suite ever is.
        variant = memory.variant(execution.variant)
        size = max(size, variant.results // max(variant.executions, 1) * LISTED_SHARE)
    run = np.maximum(0.0, total - own - usual) / (size - 1 + 20)
    least = float(np.min(unexpected, initial=0.0)) if len(failing) == size else 0.0
    suites, runners = (None, None) if listing else (execution.suites, execution.runners)
    suite_share, suite_out = _group(suites, failing, unexpected, followed, own)
    runner_share, runner_out = _group(runners, failing, unexpected, followed, own)
    group = np.maximum(suite_share, runner_share)
    worst = np.maximum(run, group)
    return Outage(
        run=max(0.0, total - least - usual) / (size - 1 + 20),
        suites=suite_out,
        runners=runner_out,
        chance=np.clip(worst * np.sqrt(worst), model.outage_floor, model.outage_ceiling),
        keep=1 - np.clip(np.maximum((run - 0.02) / 0.03, (group - GROUP_OUTAGE) / 0.3), 0, 1),
    )


def _group(
    groups: NDArray[np.int32] | None,
    failing: NDArray[np.intp],
    unexpected: Floats,
    followed: NDArray[np.intp],
    own: Floats,
) -> tuple[Floats, dict[int, float]]:
    """The share of each followed case's group that failed beside it, and the groups that are out, if there are any."""
    none: tuple[Floats, dict[int, float]] = np.zeros(len(followed)), {}
    if groups is None:
        return none
    of_failing = groups[failing]
    order = np.lexsort((unexpected, of_failing))
    sums = np.bincount(of_failing[order], weights=unexpected[order])
    if not (sums > 1).any():
        return none
    sizes = np.bincount(groups)
    sums = np.concatenate([sums, np.zeros(len(sizes) - len(sums))])
    big = sizes >= SUITE_SIZE
    of = groups[followed]
    share = np.where(big[of], np.maximum(0.0, sums[of] - own - 1) / (sizes[of] - 1 + 8), 0.0)
    whole = np.where(big, np.maximum(0.0, sums - 1) / (sizes - 1 + 8), 0.0)
    return share, {int(index): float(whole[index]) for index in np.flatnonzero(whole >= GROUP_OUTAGE)}
