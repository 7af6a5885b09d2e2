"""The cases of a variant; those that never failed outside an outage share their beliefs (ADR 8)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bot.analysis.scoring.active import ActiveCases, Indices
from bot.analysis.scoring.memory import BranchBeliefs

PASSES, OUTAGES, OUTAGE_AT, OUTAGE_PASSES, GOOD_AT = range(5)
COUNTS = 5
"""The rows of counts: passes; failures in outages; of the latest of these the time in seconds, and the passes before;
the newest main position at which the case passed."""

_MAX_TIME = 2**31 - 1


class VariantCases:
    """The cases of one variant.

    `case_ids` are ascending, `counts` has shape (COUNTS, cases), `slots` are indices of `active`, -1 if inactive;
    `unseen` is how many of the cases are new.
    """

    __slots__ = ("active", "branches", "case_ids", "counts", "slots", "unseen")

    def __init__(self, hypotheses: int) -> None:
        self.case_ids = np.empty(0, dtype=np.int32)
        self.counts = np.zeros((COUNTS, 0), dtype=np.int32)
        self.slots = np.empty(0, dtype=np.int32)
        self.unseen = 0
        self.active = ActiveCases(hypotheses)
        self.branches: dict[int, BranchBeliefs] = {}

    def locate(self, case_ids: NDArray[np.int32]) -> Indices | slice:
        """The indices of cases, ascending, as a slice if these are all; new cases are added."""
        if len(case_ids) == len(self.case_ids) and np.array_equal(case_ids, self.case_ids):
            return slice(None)
        at = np.searchsorted(self.case_ids, case_ids)
        known = at < len(self.case_ids)
        known[known] = self.case_ids[at[known]] == case_ids[known]
        if not known.all():
            new = ~known
            self.unseen += int(np.count_nonzero(new))
            self.case_ids = np.insert(self.case_ids, at[new], case_ids[new])
            self.counts = np.insert(self.counts, at[new], 0, axis=1)
            self.slots = np.insert(self.slots, at[new], -1)
            at = np.searchsorted(self.case_ids, case_ids)
        return at

    def load(self, case_ids: NDArray[np.int32], counts: NDArray[np.int32], active: ActiveCases) -> None:
        """Load stored cases; `counts` has shape (COUNTS, cases), zeros for new ones."""
        at = self.locate(case_ids)
        self.counts[:, at] = counts
        self.active = active
        at = self.locate(active.case_ids[: active.count])
        self.slots[at] = np.arange(active.count)
        ran = (self.counts[PASSES] > 0) | (self.counts[OUTAGES] > 0) | (self.slots >= 0)
        self.unseen = len(ran) - int(np.count_nonzero(ran))

    def slots_of(self, case_ids: NDArray[np.int32]) -> Indices:
        """The indices in `active` of active cases."""
        return self.slots[np.searchsorted(self.case_ids, case_ids)].astype(np.intp)

    def count_passes(self, at: Indices | slice, passed: NDArray[np.bool_], position: int | None) -> None:
        """Count the passes of an execution; `position` is its main position, None on another branch."""
        self.counts[PASSES, at] += passed
        if position is not None:
            good_at = self.counts[GOOD_AT, at]
            self.counts[GOOD_AT, at] = np.where(passed, np.maximum(good_at, position), good_at)

    def count_outage(self, positions: Indices, when: float) -> None:
        """Count a discounted failure of inactive cases, at a time in seconds."""
        seconds = np.int32(min(when, _MAX_TIME))
        self.counts[OUTAGES, positions] += 1
        self.counts[OUTAGE_AT, positions] = np.maximum(self.counts[OUTAGE_AT, positions], seconds)
        self.counts[OUTAGE_PASSES, positions] = self.counts[PASSES, positions]
