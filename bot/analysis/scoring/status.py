"""The status of a case: which one the beliefs indicate, and how long the current one is kept (ADR 9)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bot.analysis.model import Status
from bot.analysis.quarantine.policy import Thresholds
from bot.analysis.scoring.active import Records
from bot.analysis.scoring.inactive import OUTAGE_AT, OUTAGE_PASSES, OUTAGES, PASSES
from bot.analysis.scoring.model import Floats

CODES = (Status.HEALTHY, Status.FLAKY, Status.BROKEN, Status.INFRA, Status.SUSPECT, Status.INSUFFICIENT)
HEALTHY, FLAKY, BROKEN, INFRA, SUSPECT, INSUFFICIENT = range(6)
NONE = 255
"""The code of a case without a status."""

BY_CHANCE = 1e-4
"""A flaky case is broken if a streak of failures as long as its own has at most this chance (ADR 9)."""
BROKEN_UNTIL = 0.5
FLAKY_UNTIL = 0.6
SUSPECT_UNTIL = 0.35
"""The current status ends only below these (hysteresis), so that nothing flaps around a threshold."""
MIXED_RUNS = 60
"""A commit with both outcomes keeps a case suspect for this many of its runs."""
INFRA_CLEAN = 3
"""Passes after an outage that end it for a case."""
_DAY = 24 * 3600.0


def decide(
    p_flaky: Floats,
    p_broken: Floats,
    by_chance: Floats,
    records: Records,
    at: float,
    thresholds: Thresholds,
    *,
    hysteresis: bool,
) -> NDArray[np.uint8]:
    """The statuses of active cases, as indices of CODES; `at` is in seconds.

    `by_chance` is the chance that a flaky case fails as often in a row on main.
    """
    current = records["status"]
    counted = records["outside"] >= thresholds.flaky_failures
    broken = p_broken >= thresholds.broken_from
    # p_broken stays below the threshold for a case that fails every other time, however long it fails.
    broken |= (p_broken >= min(BROKEN_UNTIL, thresholds.broken_from)) & (by_chance <= BY_CHANCE)
    # A case that may well be broken is not called flaky: a quarantine would hide a bug.
    flaky = (p_flaky >= thresholds.flaky_from) & counted & (p_broken < BROKEN_UNTIL)
    mixed = (records["mixed"] > 0) & (records["runs"] - records["mixed_run"] < MIXED_RUNS)
    suspect = (p_flaky >= thresholds.suspect_from) | mixed
    if hysteresis:
        broken |= (current == BROKEN) & (p_broken >= min(BROKEN_UNTIL, thresholds.broken_from))
        # A case that has been clean for longer than it was known before may well be repaired.
        recent = records["clean"] * 2 <= records["runs"]
        flaky |= (current == FLAKY) & (p_flaky >= min(FLAKY_UNTIL, thresholds.flaky_from)) & counted & recent
        suspect |= (current == SUSPECT) & (p_flaky >= min(SUSPECT_UNTIL, thresholds.suspect_from))
    infra = (
        (records["outage_at"] >= records["failed_at"])
        & (records["failures"] > records["outside"])  # histories without times have one time for all
        & (records["clean"] < INFRA_CLEAN)
        & (at - records["outage_at"] <= thresholds.infra_days * _DAY)
    )
    few = records["runs"] < thresholds.sufficient_runs
    statuses = np.select(
        [broken, flaky, suspect, infra, few], [BROKEN, FLAKY, SUSPECT, INFRA, INSUFFICIENT], default=HEALTHY
    )
    return statuses.astype(np.uint8)


def decide_inactive(counts: NDArray[np.int32], at: float, thresholds: Thresholds) -> NDArray[np.uint8]:
    """The statuses of cases that never failed outside an outage; `counts` has shape (COUNTS, cases)."""
    infra = (
        (counts[OUTAGES] > 0)
        & (counts[PASSES] - counts[OUTAGE_PASSES] < INFRA_CLEAN)
        & (at - counts[OUTAGE_AT] <= thresholds.infra_days * _DAY)
    )
    few = counts[PASSES] + counts[OUTAGES] < thresholds.sufficient_runs
    return np.select([infra, few], [INFRA, INSUFFICIENT], default=HEALTHY).astype(np.uint8)
