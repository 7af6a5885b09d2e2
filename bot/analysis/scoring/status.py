"""The status a case has: which one the beliefs call for, and when one that is held gives way."""

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
"""The code of a case that has had no status yet."""

BY_CHANCE = 1e-4
"""A case that fails so often in a row as this chance leaves is broken, however often it flakes."""
BROKEN_UNTIL = 0.5
FLAKY_UNTIL = 0.6
SUSPECT_UNTIL = 0.35
"""A status that is held gives way below these only, so that nothing flaps around a threshold."""
MIXED_RUNS = 60
"""For so many runs of a case a commit that did both keeps it watched."""
INFRA_CLEAN = 3
"""So many passes after an outage, and it is over for a case."""
_DAY = 24 * 3600.0


def decide(  # what a status is decided by
    p_flaky: Floats,
    p_broken: Floats,
    by_chance: Floats,
    records: Records,
    at: float,
    thresholds: Thresholds,
    *,
    hysteresis: bool,
) -> NDArray[np.uint8]:
    """The status of active cases, as places in CODES; `at` is in seconds.

    `by_chance` is how likely a flaky case would have failed as often in a row on main.
    """
    held = records["status"]
    counted = records["outside"] >= thresholds.flaky_failures
    broken = p_broken >= thresholds.broken_from
    # Of a case that fails every other time nobody is ever sure of the latest failure; not all of them are flakes.
    broken |= (p_broken >= min(BROKEN_UNTIL, thresholds.broken_from)) & (by_chance <= BY_CHANCE)
    # A case that may well be broken is not called flaky: whoever hides it would hide a bug.
    flaky = (p_flaky >= thresholds.flaky_from) & counted & (p_broken < BROKEN_UNTIL)
    mixed = (records["mixed"] > 0) & (records["runs"] - records["mixed_run"] < MIXED_RUNS)
    suspect = (p_flaky >= thresholds.suspect_from) | mixed
    if hysteresis:
        broken |= (held == BROKEN) & (p_broken >= min(BROKEN_UNTIL, thresholds.broken_from))
        # What has been clean for longer than it had been known before may well be repaired.
        recent = records["clean"] * 2 <= records["runs"]
        flaky |= (held == FLAKY) & (p_flaky >= min(FLAKY_UNTIL, thresholds.flaky_from)) & counted & recent
        suspect |= (held == SUSPECT) & (p_flaky >= min(SUSPECT_UNTIL, thresholds.suspect_from))
    infra = (
        (records["outage_at"] >= records["failed_at"])
        & (records["failures"] > records["outside"])  # without times all are of one moment
        & (records["clean"] < INFRA_CLEAN)
        & (at - records["outage_at"] <= thresholds.infra_days * _DAY)
    )
    few = records["runs"] < thresholds.sufficient_runs
    found = np.select(
        [broken, flaky, suspect, infra, few], [BROKEN, FLAKY, SUSPECT, INFRA, INSUFFICIENT], default=HEALTHY
    )
    return found.astype(np.uint8)


def decide_inactive(counts: NDArray[np.int32], at: float, thresholds: Thresholds) -> NDArray[np.uint8]:
    """The status of cases that never failed outside an outage; `counts` of shape (COUNTS, cases)."""
    infra = (
        (counts[OUTAGES] > 0)
        & (counts[PASSES] - counts[OUTAGE_PASSES] < INFRA_CLEAN)
        & (at - counts[OUTAGE_AT] <= thresholds.infra_days * _DAY)
    )
    few = counts[PASSES] + counts[OUTAGES] < thresholds.sufficient_runs
    return np.select([infra, few], [INFRA, INSUFFICIENT], default=HEALTHY).astype(np.uint8)
