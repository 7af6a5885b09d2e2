"""The model: the hypotheses about a case, and every constant of the filter."""

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
"""Chance per main commit that bad code is repaired."""
USUAL_BREAKAGE: Final = 0.003
"""Chance per main commit that one case breaks, in a repository of some hundred cases."""


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """One way a case may behave: calm, it fails at `rate`; disturbed, at `disturbed`. All are chances, 0 to 1.

    The disturbance of a steady case is a change that broke it: it sets in as often as changes break cases, and is
    repaired. That of a recurrent case comes `recurrence` times as often, and goes by itself.
    """

    rate: float
    prior: float
    disturbed: float = 1 - EPSILON
    recurrence: float = 1.0
    repair: float = REPAIR

    @property
    def is_steady(self) -> bool:
        """Whether only a change disturbs the case."""
        return self.recurrence == 1

    @property
    def long_run(self) -> float:
        """The share of executions that fail for no reason of a change, in a repository of usual size."""
        if self.is_steady:
            return self.rate
        onset = self.recurrence * USUAL_BREAKAGE
        share = onset / (onset + self.repair)
        return share * self.disturbed + (1 - share) * self.rate

    @property
    def calm_pass(self) -> float:
        """The chance of a pass after nothing but passes, in a repository of usual size."""
        onset = 0.0 if self.is_steady else self.recurrence * USUAL_BREAKAGE
        return (1 - self.rate) * (1 - onset * self.disturbed)


RATES: Final = (0.0, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 0.7)
"""Flake rates; real ones are close to log-uniform. A case that fails more often than that is broken, not flaky."""
STEADY: Final = tuple(Hypothesis(rate, 0.05 / 12 if rate else 0.95) for rate in RATES)
"""The hypothesis in front, and only it, is that the case never fails for no reason."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """A version of the filter; a stored state is of exactly one.

    `forgetting` is the chance per execution that the behaviour of a case is drawn anew, `outage_floor` the chance
    that a lone failure was an outage, `carry` how much of main's breakage a branch starts with and `carry_known` where
    its base is known to have failed, `stickiness` the extra chance that an in-run retry fails again although the code
    is good. `refined` leaves a failure that says nothing out altogether, and a case that fails for the first time
    late, on an older commit, is not broken for that; `lists_failures` notices reports that list failures only: a case
    they do not list ran, and so passed, with the chance `presumed`.
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
    mass_decay: float = 0.97
    refined: bool = True
    lists_failures: bool = True
    presumed: float = 0.7


REFERENCE: Final = Model(
    version=1,
    hypotheses=tuple(replace(way, repair=0.07) for way in STEADY),
    refined=False,
    lists_failures=False,
)
"""The published filter, kept to measure against."""
MODEL: Final = Model(version=4, hypotheses=(*STEADY, Hypothesis(0.0, 0.05 / 12, recurrence=8, repair=0.15)))
"""The filter in use: beside steady cases it knows one that fails for days and passes for days, as an order-dependent
case does in an order that stays. Four such times, none explained by a change, make it the likelier."""

ALL_PASS_LENGTH: Final = 4000
INCIDENT: Final = 0.05
"""From this share of unexpected failures on, a run is an incident of its own."""


class Tables:
    """A model as arrays over its hypotheses, for a number of keys; columns of shape (hypotheses, 1)."""

    __slots__ = (
        "again", "branch_first", "branch_push", "broken", "code", "disturbed", "expected", "main", "order", "prior",
        "rate", "rates", "repair", "repair_push",
    )  # fmt: skip

    def __init__(self, model: Model, keys: int) -> None:
        ways = model.hypotheses
        self.rate = _column(way.rate for way in ways)
        self.again = _column(way.rate if way.is_steady else way.disturbed * (1 - way.repair) for way in ways)
        self.disturbed = _column(way.disturbed for way in ways)
        self.expected = _column(1.0 if way.is_steady else way.disturbed for way in ways)
        self.prior = _column(way.prior for way in ways)
        self.repair = _column(way.repair for way in ways)
        self.repair_push = _column(model.repair_push if way.is_steady else way.repair for way in ways)
        self.main = _column(breakage_main(keys) * way.recurrence for way in ways)
        self.branch_first = _column(breakage_branch(keys) * way.recurrence for way in ways)
        self.branch_push = self.branch_first / 2
        self.code = np.array([way.is_steady for way in ways])
        self.broken = np.array([way.disturbed >= 1 - EPSILON for way in ways])
        long_run = np.array([way.long_run for way in ways])
        self.order = np.argsort(long_run, kind="stable")
        self.rates = long_run[self.order]


def _column(values: Iterable[float]) -> Floats:
    return np.array(list(values), dtype=np.float64)[:, None]


@functools.lru_cache(maxsize=8)
def tables(model: Model, keys: int) -> Tables:
    """The arrays of a model, made once."""
    return Tables(model, keys)


@functools.lru_cache(maxsize=4)
def all_pass(model: Model) -> Floats:
    """Belief about the behaviour after n passes and no failure: shape (hypotheses, ALL_PASS_LENGTH + 1)."""
    prior = np.array([way.prior for way in model.hypotheses])
    passes = np.array([way.calm_pass for way in model.hypotheses])
    beliefs = np.empty((ALL_PASS_LENGTH + 1, len(prior)))
    beliefs[0] = prior
    for n in range(ALL_PASS_LENGTH):
        belief = ((1 - model.forgetting) * beliefs[n] + model.forgetting * prior) * passes
        beliefs[n + 1] = belief / belief.sum()
    return np.ascontiguousarray(beliefs.T)


def breakage_main(keys: int) -> float:
    """Chance per main commit that good code turns bad for one case of a repository with so many keys."""
    return min(max(2 / max(keys, 1), 1e-4), 0.005)


def breakage_branch(keys: int) -> float:
    """The same for the first commit of another branch; half of it per further push."""
    return min(max(2 / max(keys, 1), 5e-4), 0.01)
