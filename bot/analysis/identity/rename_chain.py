"""Renames over a whole past that is known beforehand, so that a case is followed only where it never came back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from bot.analysis.identity import rename
from bot.analysis.identity.rename import Named, Rename


@dataclass(frozen=True, slots=True)
class Ran:
    """One run: by variant its cases in the order in which they ran, and whether it was read as a whole."""

    orders: Mapping[str, NDArray[np.int32]]
    whole: bool


def find(runs: Sequence[Ran], named: Sequence[Named]) -> Iterator[Rename]:
    """The renames between whole runs that follow one another, oldest first; `named` holds every case at its number.

    None where the old case ran again once the new one had, and none where that had run before.
    """
    first, last = np.full(len(named), len(runs)), np.full(len(named), -1)
    for position, run in enumerate(runs):
        for order in run.orders.values():
            first[order] = np.minimum(first[order], position)
            last[order] = position
    whole = [position for position, run in enumerate(runs) if run.whole]
    for before, now in pairwise(whole):
        variants = sorted(runs[before].orders.keys() & runs[now].orders.keys())
        old, new = ([runs[position].orders[variant] for variant in variants] for position in (before, now))
        gone = [named[case] for case in _cases(old) if last[case] < now]
        come = [named[case] for case in _cases(new) if first[case] > before]
        if gone and come:
            for one in rename.match(gone, come, [order.tolist() for order in old], [order.tolist() for order in new]):
                if last[one.old.id] < first[one.new.id]:
                    yield one


def _cases(orders: Iterable[NDArray[np.int32]]) -> list[int]:
    found = list(orders)
    return np.unique(np.concatenate(found)).tolist() if found else []
