"""Suspects of order dependence: cases that fail after certain others ran, or if these did not run before.

The evidence is the orders in which a case passed and failed. A repeated order is no new evidence, so each distinct
order counts once; from a single fixed order nothing follows. Why: ADR 11.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bot.analysis.failures import significance
from bot.analysis.model import OrderKind

CHANCE = 0.01
"""The error rate per case that is tested; divided among all cases it could follow (Bonferroni)."""
MAX_NAMED = 3
_FEWEST_FAILED = 3
_FEWEST_PASSED = 3
_SHARE_OF_FAILURES = 0.8  # a cause precedes nearly all failures; a few may have another


@dataclass(frozen=True, slots=True)
class OrderSuspect:
    """A case whose failures depend on the order: the cases it follows (or misses), the nearest first.

    `candidates` is how many match as well as the best; `follows` are up to three of them. `failed` and `passed` count
    the distinct orders, `chance` is the corrected p-value.
    """

    case: int
    kind: OrderKind
    follows: tuple[int, ...]
    candidates: int
    failed: int
    passed: int
    chance: float


class Orders:
    """The distinct orders in which the executions of one variant ran."""

    def __init__(self, executions: Sequence[NDArray[np.int32]]) -> None:
        """`executions` are the cases of each in the order in which they ran."""
        numbers: dict[bytes, int] = {}
        self._order_of = [numbers.setdefault(order.tobytes(), len(numbers)) for order in executions]
        distinct = [np.frombuffer(order, dtype=np.int32) for order in numbers]
        self._cases = np.unique(np.concatenate(distinct)) if distinct else np.empty(0, dtype=np.int32)
        self._positions = np.full((len(distinct), len(self._cases)), -1, dtype=np.int32)
        for row, order in enumerate(distinct):
            self._positions[row, np.searchsorted(self._cases, order)] = np.arange(len(order))

    def suspect(self, case: int, has_failed: Sequence[bool]) -> OrderSuspect | None:
        """Whether a case's failures depend on the cases before it; None if chance explains them.

        `has_failed` is aligned with the executions; those that did not run the case are ignored.
        """
        column = int(np.searchsorted(self._cases, case))
        if column == len(self._cases) or self._cases[column] != case:
            return None
        ran = np.bincount(self._order_of, minlength=len(self._positions))
        failures = np.bincount(self._order_of, weights=has_failed, minlength=len(self._positions))
        rows = np.flatnonzero(self._positions[:, column] >= 0)
        failed = 2 * failures[rows] > ran[rows]
        if int(failed.sum()) < _FEWEST_FAILED or int((~failed).sum()) < _FEWEST_PASSED:
            return None
        own = self._positions[rows, column][:, None]
        positions = self._positions[rows]
        before = (positions >= 0) & (positions < own)
        observed = _Observed(case, self._cases, np.arange(len(self._cases)) != column, before, own - positions, failed)
        suspects = filter(None, (observed.best(OrderKind.AFTER), observed.best(OrderKind.WITHOUT)))
        return min(suspects, key=lambda suspect: (suspect.chance, suspect.kind), default=None)


@dataclass(frozen=True, slots=True)
class _Observed:
    """The distinct orders that ran a case: which `cases` ran before it, at what distance, and whether it failed."""

    case: int
    cases: NDArray[np.int32]
    is_other: NDArray[np.bool_]
    before: NDArray[np.bool_]
    distance: NDArray[np.int32]
    failed: NDArray[np.bool_]

    def best(self, kind: OrderKind) -> OrderSuspect | None:
        """The cases whose position correlates best with the failures, if chance does not explain it."""
        condition = self.before if kind is OrderKind.AFTER else ~self.before
        n_failed, total = int(self.failed.sum()), len(self.failed)
        with_failure = condition[self.failed].sum(axis=0)
        overall = condition.sum(axis=0)
        contrast = with_failure / n_failed - (overall - with_failure) / (total - n_failed)
        contrast[(with_failure < _SHARE_OF_FAILURES * n_failed) | ~self.is_other] = -1
        if np.max(contrast, initial=-1) <= 0:
            return None
        chosen = np.flatnonzero(contrast == np.max(contrast))
        together, marked = int(with_failure[chosen[0]]), int(overall[chosen[0]])
        hypotheses = 2 * (len(self.cases) - 1)  # both kinds of every other case
        chance = min(1.0, significance.p_value(together, n_failed, marked, total) * hypotheses)
        if chance >= CHANCE:
            return None
        # The nearest come first. A case that the failing orders miss precedes in the passing ones.
        rows = self.failed if kind is OrderKind.AFTER else ~self.failed
        far = len(self.cases)
        near = np.where(self.before[rows][:, chosen], self.distance[rows][:, chosen], far).mean(axis=0)
        ranked = chosen[np.lexsort((self.cases[chosen], near))]
        return OrderSuspect(
            case=self.case,
            kind=kind,
            follows=tuple(int(case) for case in self.cases[ranked][:MAX_NAMED]),
            candidates=len(chosen),
            failed=n_failed,
            passed=total - n_failed,
            chance=chance,
        )
