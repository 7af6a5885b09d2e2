"""Fisher's exact test, for `cluster` and for `order_dependence`."""

from __future__ import annotations

from math import exp, lgamma


def p_value(together: int, first: int, second: int, total: int) -> float:
    """The chance that `together` or more of `total` events have both marks, if `first` have one and `second` the other.

    One-sided: the upper tail of the hypergeometric distribution.
    """
    most = min(first, second)
    least = max(0, first + second - total)
    if together <= least:
        return 1.0
    ways = _log_choose(total, second)
    terms = (
        exp(_log_choose(first, both) + _log_choose(total - first, second - both) - ways)
        for both in range(together, most + 1)
    )
    return min(1.0, sum(terms))


def _log_choose(n: int, k: int) -> float:
    return lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1)
