from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray

from bot.analysis.failures import order_dependence
from bot.analysis.failures.order_dependence import Orders, OrderSuspect
from bot.analysis.model import OrderKind

VICTIM, OTHER = 17, 42


@dataclass(frozen=True)
class Execution:
    order: NDArray[np.int32]
    failed: bool


def _suspect(executions: Sequence[Execution]) -> OrderSuspect | None:
    return Orders([one.order for one in executions]).suspect(VICTIM, [one.failed for one in executions])


def _shuffled(seed: int, fails: Callable[[list[int]], bool], *, number: int = 30) -> list[Execution]:
    dice = np.random.default_rng(seed)
    orders = [dice.permutation(60).astype(np.int32) for _ in range(number)]
    return [Execution(order, fails(order.tolist())) for order in orders]


def _after(order: list[int]) -> bool:
    return order.index(OTHER) < order.index(VICTIM)


@pytest.mark.parametrize("seed", range(5))
def test_a_case_that_fails_after_another_is_named_with_the_one_it_follows(seed: int) -> None:
    found = _suspect(_shuffled(seed, _after))
    assert found is not None
    assert (found.kind, found.follows, found.candidates) == (OrderKind.AFTER, (OTHER,), 1)
    assert found.chance < order_dependence.CHANCE


@pytest.mark.parametrize("seed", range(5))
def test_a_case_that_needs_another_before_it_is_named_with_the_one_it_misses(seed: int) -> None:
    found = _suspect(_shuffled(seed, lambda order: not _after(order)))
    assert found is not None
    assert (found.kind, found.follows) == (OrderKind.WITHOUT, (OTHER,))


def test_a_case_that_fails_by_the_dice_is_no_suspect() -> None:
    dice = np.random.default_rng(7)
    found = [_suspect(_shuffled(seed, lambda _: dice.random() < 0.3)) for seed in range(40)]
    assert sum(one is not None for one in found) <= 1


def test_one_fixed_order_says_nothing() -> None:
    order = np.arange(60, dtype=np.int32)
    executions = [Execution(order, number % 3 == 0) for number in range(60)]
    assert _suspect(executions) is None


def test_the_same_orders_again_add_nothing() -> None:
    few = _shuffled(3, _after, number=6)
    assert _suspect(few * 20) == _suspect(few)


def test_where_several_fit_the_nearest_are_named_and_all_are_counted() -> None:
    block = [40, 41, 42, 43, 44]
    dice = np.random.default_rng(1)
    executions = []
    for _ in range(30):
        rest = [case for case in dice.permutation(60).tolist() if case not in block]
        at = int(dice.integers(len(rest)))
        order = [*rest[:at], *block, *rest[at:]]
        executions.append(Execution(np.array(order, dtype=np.int32), _after(order)))
    found = _suspect(executions)
    assert found is not None
    assert found.candidates == len(block)
    assert set(found.follows) <= set(block)
    assert found.follows[0] == 44
