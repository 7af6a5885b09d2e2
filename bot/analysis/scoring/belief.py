"""Sums over the hypotheses, for the scorer, the update and the read-out.

They are made in the order of the hypotheses whatever the shape, so that every caller gets the same bits (ADR 8).
"""

from __future__ import annotations

import numpy as np

from bot.analysis.scoring.active import ActiveCases, Indices
from bot.analysis.scoring.model import Floats, Tables


def total(rows: Floats) -> Floats:
    """The sum over the first axis, the same to the last bit however many columns there are."""
    summed: Floats = rows[0].copy()
    for row in rows[1:]:
        summed += row
    return summed


def summarise(active: ActiveCases, positions: Indices, tables: Tables) -> tuple[Floats, Floats]:
    """The chance that each case is flaky, and that main's head is broken for it."""
    w = active.beliefs[0][:, positions]
    broken = tables.broken
    return 1 - w[0], total(w[broken] * active.beliefs[1][broken][:, positions])


def chance_of_streak(active: ActiveCases, positions: Indices, tables: Tables) -> Floats:
    """The chance that each case, if flaky, fails as often in a row on main as it did."""
    streak = active.records["streak"][positions]
    chance = np.ones(len(streak))
    long = np.flatnonzero(streak > 1)  # few are
    if len(long):
        w = active.beliefs[0][1:, positions[long]]
        by_way = tables.fails_again[1:] ** streak[long].astype(np.float64)
        chance[long] = total(w * by_way) / np.maximum(total(w), 1e-300)
    return chance


def rates(w: Floats, tables: Tables) -> tuple[Floats, Floats, Floats]:
    """The flake rate of each case if it is flaky, and its 5 % and 95 % quantiles."""
    shares = w[tables.order[1:]]
    shares = shares / np.maximum(total(shares), 1e-300)
    values = tables.rates[1:]
    below = np.zeros((2, w.shape[1]), dtype=np.intp)
    reached = np.zeros(w.shape[1])
    for share in shares[:-1]:
        reached = reached + share
        below[0] += reached < 0.05  # noqa: PLR2004  # the two quantiles
        below[1] += reached < 0.95  # noqa: PLR2004
    return total(shares * values[:, None]), values[below[0]], values[below[1]]


def ranking(p_flaky: Floats, p_broken: Floats, episodes: Floats) -> Floats:
    """The sort key of cases: log odds of flaky, less if broken, more if breakages recur (the published filter's)."""
    bounded = np.clip(p_flaky, 1e-12, 1 - 1e-12)
    return np.log(bounded / (1 - bounded)) + np.log(np.clip(1 - p_broken, 1e-12, 1)) + 0.5 * np.maximum(0, episodes - 2)
