"""Where a case broke: the posterior over the first bad commit, given the case's flake rate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bot.analysis.case_history import CommitVerdict
from bot.analysis.scoring import MODEL
from bot.analysis.scoring.model import EPSILON, RATES, REPAIR

SURE = 0.9
"""The range contains the first bad commit with at least this probability."""
_SHORT = 7


@dataclass(frozen=True, slots=True)
class FirstBad:
    """The range of the first bad commit: after `good`, one of `commits` (oldest first), with a probability.

    `good` is None if the case fails since the first known commit.
    """

    good: str | None
    commits: tuple[str, ...]
    probability: float

    @property
    def sentence(self) -> str:
        """The range, such as `between a1b2c3d and d4e5f6a (3 commits), 92 %`."""
        sure = f"{100 * min(self.probability, 0.99):.0f} %"
        last = self.commits[-1][:_SHORT]
        if self.good is None:
            return f"at or before {last}, {sure}"
        count = len(self.commits)
        if count == 1:
            return f"at {last} (after {self.good[:_SHORT]}), {sure}"
        return f"between {self.good[:_SHORT]} and {last} ({count} commits), {sure}"


def first_bad(
    verdicts: Sequence[CommitVerdict],
    belief: Sequence[float],
    *,
    breakage: float,
    order: Sequence[str] | None = None,
) -> FirstBad | None:
    """The smallest range of the first bad commit of the current breakage; None if the case does not fail.

    The same two-state chain as the filter's, smoothed over the verdicts of the default branch: code turns bad with
    chance `breakage` per commit and good again with `REPAIR`; good code fails at the flake rate, bad code passes with
    `EPSILON`. `belief` is the filter's belief over its grid of rates, summed out. The posterior of "bad since i" is

        forward(good at i-1) * breakage * prod(bad evidence from i on) * (1 - REPAIR)^(n-i),

    normalised over i. `order` has all commits of the branch, those that did not run the case included: a commit without
    a verdict may be the bad one as well as the next with one.
    """
    if not verdicts or not verdicts[-1].failures:
        return None
    since = _posterior(verdicts, np.asarray(belief, dtype=np.float64), breakage)
    low, high = _smallest_range(since)
    if low == 0:
        return FirstBad(None, tuple(commit.sha for commit in verdicts[: high + 1]), float(since[: high + 1].sum()))
    shas = list(order or [commit.sha for commit in verdicts])
    positions = {sha: position for position, sha in enumerate(shas)}
    good, last = verdicts[low - 1].sha, verdicts[high].sha
    between = shas[positions[good] + 1 : positions[last] + 1] if good in positions and last in positions else []
    inside = tuple(between) or tuple(commit.sha for commit in verdicts[low : high + 1])
    return FirstBad(good, inside, float(since[low : high + 1].sum()))


def _posterior(verdicts: Sequence[CommitVerdict], belief: NDArray[np.float64], breakage: float) -> NDArray[np.float64]:
    """The chance, per commit, that the case is bad from there to the end, in logarithms until the last step."""
    passes = np.array([commit.passes for commit in verdicts])
    failures = np.array([commit.failures for commit in verdicts])
    rate = np.clip(RATES, MODEL.outage_floor, 1)  # a lone failure may be an outage
    good = failures[:, None] * np.log(rate) + passes[:, None] * np.log1p(-rate)
    bad = failures * np.log(1 - EPSILON) + passes * np.log(EPSILON)
    stays = np.log(1 - REPAIR)
    after = np.cumsum(bad[::-1])[::-1] + stays * np.arange(len(bad) - 1, -1, -1)
    prior = np.log(np.maximum(belief, 1e-300))
    at_good = prior + np.log1p(-breakage)  # the code before the verdict at i: good, or bad
    at_bad = prior + np.log(breakage)
    since = np.empty((len(verdicts), len(rate)))
    since[0] = at_bad + after[0]
    for i in range(1, len(verdicts)):
        was_good, was_bad = at_good + good[i - 1], at_bad + bad[i - 1]
        turned = was_good + np.log(breakage)
        since[i] = turned + after[i]
        at_good = np.logaddexp(was_good + np.log1p(-breakage), was_bad + np.log(REPAIR))
        at_bad = np.logaddexp(turned, was_bad + stays)
    weights = np.exp(since - np.max(since)).sum(axis=1)
    share: NDArray[np.float64] = weights / weights.sum()
    return share


def _smallest_range(share: NDArray[np.float64]) -> tuple[int, int]:
    """First and last index of the shortest range with SURE of the mass, the likeliest of equals."""
    total = np.concatenate([[0.0], np.cumsum(share)])
    low, ranges = 0, []
    for high in range(len(share)):
        while low < high and total[high + 1] - total[low + 1] >= SURE:
            low += 1
        mass = total[high + 1] - total[low]
        if mass >= SURE:
            ranges.append((high - low, -mass, low, high))
    _, _, first, last = min(ranges)
    return first, last
