"""The features of a case for the model on top of the filter: what is known of it, as numbers of similar size."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import log, log1p, log10
from typing import Final

VERSION: Final = 1
"""Raised when a feature changes its meaning: vectors of another version are not learned from."""

NAMES: Final = (
    "filter: log odds of flaky",
    "filter: log odds of broken",
    "filter: log10 of the rate",
    "log of executions",
    "log of failures",
    "log of commits with both outcomes",
    "share of failures by timing or order",
    "share of failures by the environment",
    "share of failures in the code",
    "kinds of failure per failure",
    "share of failures retried",
    "share of retries that passed",
    "log of the duration when it fails to the usual one",
    "log of the cases it fails together with",
    "hangs on a fixture",
    "hangs on the order",
    "log of days since first seen",
    "log of days since the last failure",
    "share of failures on the default branch",
    "log of branches it failed on",
)
_TIMING = frozenset(
    {"async wait", "concurrency", "time", "randomness", "order dependency", "unordered collection", "floating point"}
)
_ENVIRONMENT = frozenset({"network", "resource", "infrastructure", "port clash", "I/O", "environment"})
_CODE = frozenset({"code error", "assertion", "crash"})
_ODDS = 12.0
_LEAST_RATE = 1e-4
_RATIO = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseFigures:
    """What is known of a case at a moment: the filter's read-out of its worst variant, and its recent failures.

    Durations are in seconds, None where unknown; ages in days; `retried` and `retries_passed` count failures that
    were tried again inside their run, and how many of those passed in the end.
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


def extract(facts: CaseFigures) -> tuple[float, ...]:
    """The features of a case, aligned with NAMES; finite whatever is missing."""
    named = max(1, sum(facts.categories.values()))
    recent = max(1, facts.recent_failures)
    return (
        _log_odds(facts.p_flaky),
        _log_odds(facts.p_broken),
        log10(max(facts.rate, _LEAST_RATE)),
        log1p(facts.runs),
        log1p(facts.failures),
        log1p(facts.mixed_commits),
        sum(facts.categories.get(name, 0) for name in _TIMING) / named,
        sum(facts.categories.get(name, 0) for name in _ENVIRONMENT) / named,
        sum(facts.categories.get(name, 0) for name in _CODE) / named,
        facts.kinds / recent,
        facts.retried / recent,
        facts.retries_passed / max(1, facts.retried),
        _slower(facts.failed_duration, facts.usual_duration),
        log1p(facts.fails_with),
        float(facts.on_fixture),
        float(facts.on_order),
        log1p(max(0.0, facts.age)),
        log1p(max(0.0, facts.since_failure)),
        facts.on_default_branch / recent,
        log1p(facts.branches),
    )


def _log_odds(p: float) -> float:
    if p <= 0:
        return -_ODDS
    if p >= 1:
        return _ODDS
    return min(max(log(p / (1 - p)), -_ODDS), _ODDS)


def _slower(failed: float | None, usual: float | None) -> float:
    """How many times longer a case runs when it fails, as a logarithm; below 10 ms a ratio means nothing."""
    if failed is None or usual is None:
        return 0.0
    return min(max(log((failed + 0.01) / (usual + 0.01)), -_RATIO), _RATIO)
