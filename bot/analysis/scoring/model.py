"""The model: the hypotheses about a case, and the constants of the filter.

The values are the published filter's (measured on simulated and real histories); ADR 9 says where they differ and why.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

EPSILON: Final = 0.02
"""Chance that a case passes on bad code."""
REPAIR: Final = 0.12
"""Chance per main commit that bad code is repaired; .07 in the published filter (ADR 9)."""
USUAL_BREAKAGE: Final = 0.003
"""Chance per main commit that one case breaks, in a repository of some hundred cases."""


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """One way a case may behave: it fails at `rate` while calm, at `disturbed` while disturbed; chances, 0 to 1.

    A steady case is disturbed by a change that broke it: as often as changes break cases, until a repair. A recurrent
    case is disturbed `recurrence` times as often, and recovers by itself.
    """

    rate: float
    prior: float
    disturbed: float = 1 - EPSILON
    recurrence: float = 1.0
    repair: float = REPAIR

    @property
    def is_steady(self) -> bool:
        """Whether only changes disturb the case."""
        return self.recurrence == 1

    @property
    def long_run(self) -> float:
        """The share of executions that fail without a change as the reason, in a repository of usual size."""
        if self.is_steady:
            return self.rate
        onset = self.recurrence * USUAL_BREAKAGE
        share = onset / (onset + self.repair)
        return share * self.disturbed + (1 - share) * self.rate

    @property
    def calm_pass(self) -> float:
        """The chance of a pass after passes only, in a repository of usual size."""
        onset = 0.0 if self.is_steady else self.recurrence * USUAL_BREAKAGE
        return (1 - self.rate) * (1 - onset * self.disturbed)


RATES: Final = (0.0, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 0.7)
"""Flake rates; real ones are close to log-uniform. A case that fails more often is broken, not flaky."""
STEADY: Final = tuple(Hypothesis(rate, 0.05 / 12 if rate else 0.95) for rate in RATES)
"""Only the first hypothesis is that the case is not flaky."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """A version of the filter; a stored state belongs to exactly one.

    `forgetting` is the chance per execution that a case changes its behaviour, `outage_floor` the chance that a lone
    failure was an outage, `carry` how much of main's breakage a branch starts with, `carry_known` the same if its base
    is known to have failed, `stickiness` the extra chance that an in-run retry fails again although the code is good.
    `refined` ignores discounted failures completely, and a first failure on an older commit breaks no case.
    `lists_failures` recognises reports that list failures only: a case they omit ran, and passed, with the chance
    `presumed`.
    """

    version: int
    hypotheses: tuple[Hypothesis, ...] = STEADY
    forgetting: float = 5e-4
    outage_floor: float = 5e-5
    outage_ceiling: float = 0.98
    carry: float = 0.6
    carry_known: float = 0.97
    repair_push: float = 0.2
    stickiness: float = 0.3
    refined: bool = True
    lists_failures: bool = True
    presumed: float = 0.7


REFERENCE: Final = Model(
    version=1,
    hypotheses=tuple(replace(h, repair=0.07) for h in STEADY),
    refined=False,
    lists_failures=False,
)
"""The published filter, for comparison."""
MODEL: Final = Model(version=4, hypotheses=(*STEADY, Hypothesis(0.0, 0.05 / 12, recurrence=8, repair=0.15)))
"""The filter in use. Its recurrent case fails for days and passes for days, as an order-dependent case does while the
order stays; four such times without a change that explains them make it the likelier one (ADR 9)."""

ALL_PASS_LENGTH: Final = 4000
INCIDENT: Final = 0.05
"""From this share of unexpected failures on, a run is an incident (as in the published filter)."""


class Tables:
    """A model as arrays over its hypotheses, columns of shape (hypotheses, 1), for a number of keys."""

    __slots__ = (
        "branch_first", "branch_push", "broken", "disturbed", "expected", "fails_again", "main", "order", "prior",
        "rate", "rates", "repair", "repair_push",
    )  # fmt: skip

    def __init__(self, model: Model, keys: int) -> None:
        hypotheses = model.hypotheses
        self.rate = _column(h.rate for h in hypotheses)
        self.fails_again = _column(h.rate if h.is_steady else h.disturbed * (1 - h.repair) for h in hypotheses)
        self.disturbed = _column(h.disturbed for h in hypotheses)
        self.expected = _column(1.0 if h.is_steady else h.disturbed for h in hypotheses)
        self.prior = _column(h.prior for h in hypotheses)
        self.repair = _column(h.repair for h in hypotheses)
        self.repair_push = _column(model.repair_push if h.is_steady else h.repair for h in hypotheses)
        self.main = _column(breakage_main(keys) * h.recurrence for h in hypotheses)
        self.branch_first = _column(breakage_branch(keys) * h.recurrence for h in hypotheses)
        self.branch_push = self.branch_first / 2
        self.broken = np.array([h.disturbed >= 1 - EPSILON for h in hypotheses])
        long_run = np.array([h.long_run for h in hypotheses])
        self.order = np.argsort(long_run, kind="stable")
        self.rates = long_run[self.order]


def _column(values: Iterable[float]) -> Floats:
    return np.array(list(values), dtype=np.float64)[:, None]


@functools.lru_cache(maxsize=8)
def tables(model: Model, keys: int) -> Tables:
    """The arrays of a model, cached."""
    return Tables(model, keys)


@functools.lru_cache(maxsize=4)
def all_pass(model: Model) -> Floats:
    """The belief after n passes without a failure, of shape (hypotheses, ALL_PASS_LENGTH + 1)."""
    prior = np.array([h.prior for h in model.hypotheses])
    passes = np.array([h.calm_pass for h in model.hypotheses])
    beliefs = np.empty((ALL_PASS_LENGTH + 1, len(prior)))
    beliefs[0] = prior
    for n in range(ALL_PASS_LENGTH):
        belief = ((1 - model.forgetting) * beliefs[n] + model.forgetting * prior) * passes
        beliefs[n + 1] = belief / belief.sum()
    return np.ascontiguousarray(beliefs.T)


def breakage_main(keys: int) -> float:
    """The chance per main commit that good code turns bad for one case, in a repository with so many keys."""
    return min(max(2 / max(keys, 1), 1e-4), 0.005)


def breakage_branch(keys: int) -> float:
    """The same for the first commit of another branch; half of it per further push."""
    return min(max(2 / max(keys, 1), 5e-4), 0.01)
