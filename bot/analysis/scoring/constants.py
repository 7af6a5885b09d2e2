"""The constants of the filter; each was chosen by measurement on simulated and real histories."""

from __future__ import annotations

from typing import Final

import numpy as np

MODEL_VERSION: Final = 1

GRID: Final = np.array([0, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 0.7])
"""Flake rates; a case that fails more often than 70 % of the time is broken, not flaky."""
PRIOR: Final = np.array([0.95] + [0.05 / 12] * 12)
"""Real flake rates are close to log-uniform, so the grid's steps are equally likely."""

MU_MAIN: Final = 0.07
"""Chance per main commit that broken code is repaired."""
MU_PUSH: Final = 0.2
"""The same per push to another branch."""
CARRY: Final = 0.6
"""How much of main's breakage a branch starts with: its merge base may predate it."""
EPSILON: Final = 0.02
"""Chance that a case passes on bad code."""
STICKINESS: Final = 0.3
"""Extra chance that an in-run retry fails again although the code is good."""
FORGETTING: Final = 5e-4
"""Chance per execution that the flake rate is drawn anew: a repaired flake is forgotten."""
OUTAGE_FLOOR: Final = 5e-5
"""Chance that a lone failure was an outage: 21 434 real tests had a constant result in 10 000 reruns."""
OUTAGE_CEILING: Final = 0.98
MASS_DECAY: Final = 0.97
ALL_PASS_LENGTH: Final = 4000
MEMORY_COMMITS: Final = 256
MEMORY_BRANCHES: Final = 400
MEMORY_POSITIONS: Final = 4096
MEMORY_EXECUTED: Final = 1024
INCIDENT: Final = 0.05
"""From this share of unexpected failures on, a run is an incident of its own."""


def _all_pass() -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """Belief about the rate after n passes and no failure, for n up to ALL_PASS_LENGTH."""
    table = np.empty((ALL_PASS_LENGTH + 1, len(GRID)))
    table[0] = PRIOR
    for n in range(ALL_PASS_LENGTH):
        belief = ((1 - FORGETTING) * table[n] + FORGETTING * PRIOR) * (1 - GRID)
        table[n + 1] = belief / belief.sum()
    return table


ALL_PASS: Final = _all_pass()


def breakage_main(keys: int) -> float:
    """Chance per main commit that good code turns bad for one case of a repository with so many keys."""
    return min(max(2 / max(keys, 1), 1e-4), 0.005)


def breakage_branch(keys: int) -> float:
    """The same for the first commit of another branch; half of it per further push."""
    return min(max(2 / max(keys, 1), 5e-4), 0.01)
