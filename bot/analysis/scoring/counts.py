"""The cases of a variant: those that never failed outside an outage have a few counts and share their beliefs."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bot.analysis.scoring.active import ActiveCases, Places
from bot.analysis.scoring.memory import BranchBeliefs

PASSES, OUTAGES, OUTAGE_AT, OUTAGE_PASSES, GOOD_AT = range(5)
COUNTS = 5
"""The rows of counts: passes; failures inside outages; of the latest of these the second of the epoch, and the passes
before it; the newest main position at which the case passed."""


class VariantCases:
    """The cases of one variant: `case_ids` ascending, `counts` of shape (COUNTS, cases), `slots` their place in `active`."""

    __slots__ = ("active", "branches", "case_ids", "counts", "slots")

    def __init__(self, hypotheses: int) -> None:
        self.case_ids = np.empty(0, dtype=np.int32)
        self.counts = np.zeros((COUNTS, 0), dtype=np.int32)
        self.slots = np.empty(0, dtype=np.int32)
        self.active = ActiveCases(hypotheses)
        self.branches: dict[int, BranchBeliefs] = {}

    def locate(self, case_ids: NDArray[np.int32]) -> Places:
        """The places of cases, ascending; those not seen before get one."""
        if len(case_ids) == len(self.case_ids) and np.array_equal(case_ids, self.case_ids):
            return np.arange(len(case_ids))
        at = np.searchsorted(self.case_ids, case_ids)
        known = at < len(self.case_ids)
        known[known] = self.case_ids[at[known]] == case_ids[known]
        if not known.all():
            new = ~known
            self.case_ids = np.insert(self.case_ids, at[new], case_ids[new])
            self.counts = np.insert(self.counts, at[new], 0, axis=1)
            self.slots = np.insert(self.slots, at[new], -1)
            at = np.searchsorted(self.case_ids, case_ids)
        return at

    def load(self, case_ids: NDArray[np.int32], counts: NDArray[np.int32], active: ActiveCases) -> None:
        """Take over cases as they were stored; `counts` has shape (COUNTS, cases)."""
        at = self.locate(case_ids)
        self.counts[:, at] = counts
        self.active = active
        used = active.case_ids[: active.count]
        self.slots[self.locate(used)] = np.arange(active.count)

    def places_of(self, case_ids: NDArray[np.int32]) -> Places:
        """The places among the active ones of cases that are active."""
        return self.slots[np.searchsorted(self.case_ids, case_ids)].astype(np.intp)

    def count_unseen(self, at: Places) -> int:
        """How many of the cases at these places never ran before."""
        ran = (self.counts[PASSES, at] > 0) | (self.counts[OUTAGES, at] > 0) | (self.slots[at] >= 0)
        return len(at) - int(np.count_nonzero(ran))
