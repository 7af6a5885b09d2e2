"""Order-dependent suspects: cases that fail when they run after certain others, or when these did not run before.

From the orders in which a case passed and failed. An order that was run again says nothing new of who is to blame, so
each distinct order counts once. With one fixed order for ever nothing can be concluded, and nothing is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bot.analysis.failures import significance
from bot.analysis.model import OrderKind

CHANCE = 0.01
"""How likely one false suspect may be per case looked at; shared among all cases that could be followed."""
NAMED = 3
_FEWEST_FAILED = 3
_FEWEST_PASSED = 3
_HELD = 0.8


@dataclass(frozen=True, slots=True)
class OrderSuspect:
    """A case whose failures hang on the order: the cases it follows (or misses), the nearest first.

    `candidates` is how many fit as well as the best; `follows` names up to three of them. `failed` and `passed`
    count the distinct orders behind it, `chance` how likely it is a coincidence.
    """

    case: int
    kind: OrderKind
    follows: tuple[int, ...]
    candidates: int
    failed: int
    passed: int
    chance: float


class Orders:
    """The orders in which the executions of one variant ran; each distinct order is kept once."""

    def __init__(self, executions: Sequence[NDArray[np.int32]]) -> None:
        """Take the cases of each execution in the order they ran."""
        numbers: dict[bytes, int] = {}
        self._of = [numbers.setdefault(order.tobytes(), len(numbers)) for order in executions]
        distinct = [np.frombuffer(order, dtype=np.int32) for order in numbers]
        self._cases = np.unique(np.concatenate(distinct)) if distinct else np.empty(0, dtype=np.int32)
        self._places = np.full((len(distinct), len(self._cases)), -1, dtype=np.int32)
        for row, order in enumerate(distinct):
            self._places[row, np.searchsorted(self._cases, order)] = np.arange(len(order))

    def suspect(self, case: int, has_failed: Sequence[bool]) -> OrderSuspect | None:
        """Whether a case's failures hang on which cases ran before it; None where chance explains them.

        `has_failed` is aligned with the executions; those that did not run the case say nothing.
        """
        column = int(np.searchsorted(self._cases, case))
        if column == len(self._cases) or self._cases[column] != case:
            return None
        ran = np.bincount(self._of, minlength=len(self._places))
        failures = np.bincount(self._of, weights=has_failed, minlength=len(self._places))
        rows = np.flatnonzero(self._places[:, column] >= 0)
        failed = 2 * failures[rows] > ran[rows]
        if int(failed.sum()) < _FEWEST_FAILED or int((~failed).sum()) < _FEWEST_PASSED:
            return None
        at = self._places[rows, column][:, None]
        positions = self._places[rows]
        before = (positions >= 0) & (positions < at)
        seen = _Seen(case, self._cases, np.arange(len(self._cases)) != column, before, at - positions, failed)
        found = [seen.best(OrderKind.AFTER), seen.best(OrderKind.WITHOUT)]
        return min((one for one in found if one is not None), key=lambda one: (one.chance, one.kind), default=None)


@dataclass(frozen=True, slots=True)
class _Seen:
    """The distinct orders a case ran in: which `cases` ran before it, at what distance, and whether it failed."""

    case: int
    cases: NDArray[np.int32]
    is_other: NDArray[np.bool_]
    before: NDArray[np.bool_]
    distance: NDArray[np.int32]
    failed: NDArray[np.bool_]

    def best(self, kind: OrderKind) -> OrderSuspect | None:
        """The cases whose place goes with the failures best, where chance does not explain it."""
        condition = self.before if kind is OrderKind.AFTER else ~self.before
        n_failed, total = int(self.failed.sum()), len(self.failed)
        with_failure = condition[self.failed].sum(axis=0)
        overall = condition.sum(axis=0)
        # What causes the failures held in nearly all of them; a few may have had another cause.
        contrast = with_failure / n_failed - (overall - with_failure) / (total - n_failed)
        contrast[(with_failure < _HELD * n_failed) | ~self.is_other] = -1
        if contrast.max(initial=-1) <= 0:
            return None
        chosen = np.flatnonzero(contrast == contrast.max())
        together, marked = int(with_failure[chosen[0]]), int(overall[chosen[0]])
        # Both kinds of every other case were looked at.
        looked_at = 2 * (len(self.cases) - 1)
        chance = min(1.0, significance.by_chance(together, n_failed, marked, total) * looked_at)
        if chance >= CHANCE:
            return None
        # A cause is felt by what runs soon after it; one that is missed in the failing orders stands before in others.
        rows = self.failed if kind is OrderKind.AFTER else ~self.failed
        far = len(self.cases)
        near = np.where(self.before[rows][:, chosen], self.distance[rows][:, chosen], far).mean(axis=0)
        ranked = chosen[np.lexsort((self.cases[chosen], near))]
        return OrderSuspect(
            case=self.case,
            kind=kind,
            follows=tuple(int(one) for one in self.cases[ranked][:NAMED]),
            candidates=len(chosen),
            failed=n_failed,
            passed=total - n_failed,
            chance=chance,
        )
