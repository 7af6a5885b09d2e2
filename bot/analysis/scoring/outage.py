"""How likely the failures of an execution are one outage: each case is left out of its own evidence.

Sums are made so that the order of the cases does not show in a single bit.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from bot.analysis.scoring.execution import Outage
from bot.analysis.scoring.memory import RepositoryMemory, VariantMemory
from bot.analysis.scoring.model import Floats, Model

SUITE_SIZE = 10
"""Smaller suites say too little."""
GROUP_OUTAGE = 0.3
"""From this share on, a suite or a runner is out as a whole."""
LISTED_SHARE = 10
"""Where reports list failures only, a run is taken to have had so many times as many cases as they list on average."""


def assess(  # noqa: PLR0913  # what an outage is seen by
    failing: NDArray[np.intp],
    unexpected: Floats,
    asked: NDArray[np.intp],
    groups: tuple[NDArray[np.int32], NDArray[np.int32] | None],
    size: int,
    memory: RepositoryMemory,
    variant: VariantMemory,
    model: Model,
    *,
    listing: bool,
) -> Outage:
    """The outage term of an execution of `size` cases.

    `failing` are the places of the cases that failed and `unexpected` (0 to 1) how little that was expected; `asked`
    the places for which the answer is wanted; `groups` the suites and the runners of all cases; `listing` whether the
    reports list failures only.
    """
    total = math.fsum(unexpected.tolist())
    own = np.zeros(size)
    own[failing] = unexpected
    usual = 4 + 2 * memory.background
    memory.background += 0.02 * (min(total, 10 + memory.background) - memory.background)
    mine = own[asked]
    if listing:
        # Nobody knows how many ran: a run is out where far more fails than is usual, and no suite ever is.
        size = max(size, variant.results // max(variant.executions, 1) * LISTED_SHARE)
    run = np.maximum(0.0, total - mine - usual) / (size - 1 + 20)
    spared = float(unexpected.min(initial=0.0)) if len(failing) == size else 0.0
    suites, runners = groups
    suite_share, suite_out = (np.zeros(len(asked)), {}) if listing else _group(suites, failing, unexpected, asked, mine)
    runner_share, runner_out = (
        (np.zeros(len(asked)), {}) if listing or runners is None else _group(runners, failing, unexpected, asked, mine)
    )
    group = np.maximum(suite_share, runner_share)
    worst = np.maximum(run, group)
    return Outage(
        run=max(0.0, total - spared - usual) / (size - 1 + 20),
        unexpected=total,
        suites=suite_out,
        runners=runner_out,
        chance=np.clip(worst * np.sqrt(worst), model.outage_floor, model.outage_ceiling),
        keep=1 - np.clip(np.maximum((run - 0.02) / 0.03, (group - GROUP_OUTAGE) / 0.3), 0, 1),
    )


def _group(
    groups: NDArray[np.int32],
    failing: NDArray[np.intp],
    unexpected: Floats,
    asked: NDArray[np.intp],
    mine: Floats,
) -> tuple[Floats, dict[int, float]]:
    """The share of each asked case's group that failed beside it, and the groups that are out."""
    of_failing = groups[failing]
    order = np.lexsort((unexpected, of_failing))
    sums = np.bincount(of_failing[order], weights=unexpected[order])
    if not (sums > 1).any():
        return np.zeros(len(asked)), {}
    sizes = np.bincount(groups)
    sums = np.concatenate([sums, np.zeros(len(sizes) - len(sums))])
    big = sizes >= SUITE_SIZE
    of = groups[asked]
    share = np.where(big[of], np.maximum(0.0, sums[of] - mine - 1) / (sizes[of] - 1 + 8), 0.0)
    whole = np.where(big, np.maximum(0.0, sums - 1) / (sizes - 1 + 8), 0.0)
    return share, {int(index): float(whole[index]) for index in np.flatnonzero(whole >= GROUP_OUTAGE)}
