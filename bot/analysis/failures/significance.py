"""Fisher's exact test, for `cluster` and for `order_dependence`."""

from __future__ import annotations

from math import comb


def p_value(together: int, first: int, second: int, total: int) -> float:
    """The chance that `together` or more of `total` events have both marks, if `first` have one and `second` the other.

    One-sided: the upper tail of the hypergeometric distribution.
    """
    ways = sum(
        comb(first, both) * comb(total - first, second - both) for both in range(together, min(first, second) + 1)
    )
    return ways / comb(total, second)
