"""What of an execution the update needs, aligned over the cases it says something of."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bot.analysis.scoring.active import Places
from bot.analysis.scoring.model import Floats

Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """The active cases of an execution whose result says something, as aligned arrays.

    `places` is where they are among the active cases, `chance` and `keep` the outage term, `base` the main position a
    branch cannot have begun after, `same_commit` the earlier executions of the commit as bits. `presumed` are cases
    that a report which lists failures only does not list.
    """

    positions: Places
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
