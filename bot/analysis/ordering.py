"""Order-dependent suspects: cases that fail when they run after certain others, or when these did not run before.

From the orders in which a case passed and failed. An order that was run again says nothing new of who is to blame, so
each distinct order counts once. With one fixed order for ever nothing can be concluded, and nothing is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from bot.analysis import significance

CHANCE = 0.01
"""How likely one false suspect may be per case looked at; shared among all cases that could be followed."""
NAMED = 3
_FEWEST_FAILED = 3
_FEWEST_PASSED = 3
_HELD = 0.8


class OrderKind(StrEnum):
    """How the order matters: `after` others have run (they pollute), or `without` them (they prepare)."""

    AFTER = "after"
    WITHOUT = "without"


@dataclass(frozen=True, slots=True)
class Execution:
    """The cases of one execution in the order they ran, and whether the case in question failed in it."""

    order: NDArray[np.int32]
    failed: bool


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


def suspect(case: int, executions: Sequence[Execution]) -> OrderSuspect | None:
    """Whether a case's failures hang on which cases ran before it; None where chance explains them."""
    by_order: dict[bytes, tuple[NDArray[np.int32], list[bool]]] = {}
    for one in executions:
        if (one.order == case).any():
            by_order.setdefault(one.order.tobytes(), (one.order, []))[1].append(one.failed)
    orders = [(order, 2 * sum(failed) > len(failed)) for order, failed in by_order.values()]
    failed = np.array([fails for _, fails in orders], dtype=np.bool_)
    n_failed, n_passed = int(failed.sum()), int((~failed).sum())
    if n_failed < _FEWEST_FAILED or n_passed < _FEWEST_PASSED:
        return None
    others = np.unique(np.concatenate([order for order, _ in orders]))
    others = others[others != case]
    before = np.zeros((len(orders), len(others)), dtype=np.bool_)
    distance = np.full((len(orders), len(others)), np.inf)
    for row, (order, _) in enumerate(orders):
        at = int(np.flatnonzero(order == case)[0])
        columns = np.searchsorted(others, order[:at])
        before[row, columns] = True
        distance[row, columns] = np.arange(at, 0, -1)
    found = [
        _best(case, OrderKind.AFTER, others, before, failed, distance),
        _best(case, OrderKind.WITHOUT, others, ~before, failed, distance),
    ]
    return min((one for one in found if one is not None), key=lambda one: (one.chance, one.kind), default=None)


def _best(
    case: int,
    kind: OrderKind,
    others: NDArray[np.int32],
    condition: NDArray[np.bool_],
    failed: NDArray[np.bool_],
    distance: NDArray[np.float64],
) -> OrderSuspect | None:
    """The cases whose condition goes with the failures best, where chance does not explain it."""
    n_failed, total = int(failed.sum()), len(failed)
    with_failure = condition[failed].sum(axis=0)
    overall = condition.sum(axis=0)
    # What causes the failures held in nearly all of them; a few may have had another cause.
    contrast = with_failure / n_failed - (overall - with_failure) / (total - n_failed)
    contrast[with_failure < _HELD * n_failed] = -1
    if contrast.max(initial=-1) <= 0:
        return None
    chosen = np.flatnonzero(contrast == contrast.max())
    together, marked = int(with_failure[chosen[0]]), int(overall[chosen[0]])
    chance = min(1.0, significance.by_chance(together, n_failed, marked, total) * 2 * len(others))
    if chance >= CHANCE:
        return None
    # A cause is felt by what runs soon after it; one that is missed in the failing orders stands before in the others.
    rows = failed if kind is OrderKind.AFTER else ~failed
    near = np.where(np.isfinite(distance[rows][:, chosen]), distance[rows][:, chosen], total + len(others)).mean(axis=0)
    ranked = chosen[np.lexsort((others[chosen], near))]
    return OrderSuspect(
        case=case,
        kind=kind,
        follows=tuple(int(one) for one in others[ranked][:NAMED]),
        candidates=len(chosen),
        failed=n_failed,
        passed=total - n_failed,
        chance=chance,
    )


@dataclass(frozen=True, slots=True)
class NamedOrder:
    """An order-dependent suspect as its card shows it: the cases it follows or misses by name, and how many fit."""

    kind: OrderKind
    variant: str
    follows: tuple[str, ...]
    candidates: int
    failed: int
    passed: int
