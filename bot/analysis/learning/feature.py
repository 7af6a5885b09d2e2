"""The features of a case for the learned model: numbers of similar size."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import log, log1p, log10
from typing import Final

VERSION: Final = 1
"""Raise it when a feature changes its meaning: training ignores vectors of another version."""

_TIMING = frozenset(
    {"async wait", "concurrency", "time", "randomness", "order dependency", "unordered collection", "floating point"}
)
_ENVIRONMENT = frozenset({"network", "resource", "infrastructure", "port clash", "I/O", "environment"})
_CODE = frozenset({"code error", "assertion", "crash"})
_MAX_LOG_ODDS = 12.0
_MIN_RATE = 1e-4
_MAX_LOG_RATIO = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseFigures:
    """The figures of a case at a moment: the scores of its worst variant, and its recent failures.

    Durations are in seconds, None if unknown; ages in days; `retried` counts failures that were retried in their run,
    `retries_passed` those of them that passed in the end.
    """

    p_flaky: float
    p_broken: float
    rate: float
    runs: int
    failures: int
    mixed_commits: int
    categories: Mapping[str, int] = field(default_factory=dict)
    kinds: int = 0
    recent_failures: int = 0
    on_default_branch: int = 0
    branches: int = 0
    retried: int = 0
    retries_passed: int = 0
    failed_duration: float | None = None
    usual_duration: float | None = None
    fails_with: int = 0
    on_fixture: bool = False
    on_order: bool = False
    age: float = 0.0
    since_failure: float = 0.0


def extract(figures: CaseFigures) -> tuple[float, ...]:
    """The features of a case, aligned with NAMES; always finite."""
    return tuple(_by_name(figures).values())


def _by_name(figures: CaseFigures) -> dict[str, float]:
    categories = figures.categories
    classified = max(1, sum(categories.values()))
    recent = max(1, figures.recent_failures)
    return {
        "filter: log odds of flaky": _log_odds(figures.p_flaky),
        "filter: log odds of broken": _log_odds(figures.p_broken),
        "filter: log10 of the rate": log10(max(figures.rate, _MIN_RATE)),
        "log of executions": log1p(figures.runs),
        "log of failures": log1p(figures.failures),
        "log of commits with both outcomes": log1p(figures.mixed_commits),
        "share of failures by timing or order": sum(categories.get(name, 0) for name in _TIMING) / classified,
        "share of failures by the environment": sum(categories.get(name, 0) for name in _ENVIRONMENT) / classified,
        "share of failures in the code": sum(categories.get(name, 0) for name in _CODE) / classified,
        "kinds of failure per failure": figures.kinds / recent,
        "share of failures retried": figures.retried / recent,
        "share of retries that passed": figures.retries_passed / max(1, figures.retried),
        "log of the duration when it fails to the usual one": _slower(figures.failed_duration, figures.usual_duration),
        "log of the cases it fails together with": log1p(figures.fails_with),
        "hangs on a fixture": float(figures.on_fixture),
        "hangs on the order": float(figures.on_order),
        "log of days since first seen": log1p(max(0.0, figures.age)),
        "log of days since the last failure": log1p(max(0.0, figures.since_failure)),
        "share of failures on the default branch": figures.on_default_branch / recent,
        "log of branches it failed on": log1p(figures.branches),
    }


def _log_odds(p: float) -> float:
    if not 0 < p < 1:
        return _MAX_LOG_ODDS if p > 0 else -_MAX_LOG_ODDS
    return min(max(log(p / (1 - p)), -_MAX_LOG_ODDS), _MAX_LOG_ODDS)


def _slower(failed: float | None, usual: float | None) -> float:
    """The log ratio of a failure's duration to the usual one; 10 ms are added, below that a ratio means nothing."""
    if failed is None or usual is None:
        return 0.0
    return min(max(log((failed + 0.01) / (usual + 0.01)), -_MAX_LOG_RATIO), _MAX_LOG_RATIO)


NAMES: Final = tuple(_by_name(CaseFigures(p_flaky=0.0, p_broken=0.0, rate=0.0, runs=0, failures=0, mixed_commits=0)))
