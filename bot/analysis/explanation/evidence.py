"""The evidence about a case, gathered from its results: what speaks for and against it, as data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.analysis.explanation import case_history
from bot.analysis.explanation.case_history import CaseResult
from bot.analysis.explanation.regression import FirstBad
from bot.analysis.incident import FaultySuite, Incident
from bot.analysis.model import RunId
from bot.analysis.run import StoredRun


@dataclass(frozen=True, slots=True)
class MixedCommit:
    """A commit on which a case passed and failed in one variant, with the runs that show it."""

    sha: str
    variant: str
    runs: tuple[StoredRun, ...]


@dataclass(frozen=True, slots=True)
class IsolatedFailure:
    """A pull request on which the case failed while nothing else in the run did."""

    branch: str
    run: StoredRun


@dataclass(frozen=True, slots=True)
class FailureKind:
    """Failures of one cause: the message, its likely category, how often, and when last."""

    fingerprint_id: int
    message: str
    category: str
    count: int
    last_at: datetime


@dataclass(frozen=True, slots=True)
class Discount:
    """Failures that do not count against the case, and the incident that is why."""

    incident: Incident
    failures: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What is known of a case in the variant that gives it its status; newest first.

    `streak` is how many of the latest commits of the default branch were clean.
    """

    mixed: tuple[MixedCommit, ...]
    isolated: tuple[IsolatedFailure, ...]
    kinds: tuple[FailureKind, ...]
    discounted: tuple[Discount, ...]
    first_bad: FirstBad | None
    faults: tuple[FaultySuite, ...]
    streak: int
    failing_streak: int


def gather(
    results: Sequence[CaseResult],
    failing: Mapping[tuple[RunId, str], int],
    kinds: Sequence[FailureKind],
    *,
    first_bad: FirstBad | None,
    faults: Iterable[FaultySuite],
) -> Evidence:
    """The evidence in the results of one variant, oldest first; `failing` counts the failed cases of its runs."""
    verdicts = case_history.default_branch_verdicts(results)
    fails = 0
    for one in reversed(verdicts):
        if one.passes:
            break
        fails += 1
    return Evidence(
        mixed=_mixed(results),
        isolated=_isolated(results, failing),
        kinds=tuple(sorted(kinds, key=lambda kind: (-kind.count, kind.fingerprint_id))),
        discounted=_discounted(results),
        first_bad=first_bad,
        faults=tuple(faults),
        streak=case_history.clean_streak(verdicts),
        failing_streak=fails,
    )


def _mixed(results: Sequence[CaseResult]) -> tuple[MixedCommit, ...]:
    by_code: dict[tuple[str, bool], list[CaseResult]] = {}
    for one in results:
        if not one.discounted or one.passed:
            by_code.setdefault(one.code, []).append(one)
    found = [
        MixedCommit(sha, of_code[0].variant, tuple(dict.fromkeys(one.run for one in of_code)))
        for (sha, _), of_code in by_code.items()
        if any(one.failed and not one.discounted for one in of_code) and any(one.passed for one in of_code)
    ]
    return tuple(sorted(found, key=lambda one: -one.runs[-1].ordinal))


def _isolated(results: Sequence[CaseResult], failing: Mapping[tuple[RunId, str], int]) -> tuple[IsolatedFailure, ...]:
    """The latest isolated failure of every pull request."""
    found: dict[str, IsolatedFailure] = {}
    for one in results:
        alone = failing.get((one.run.id, one.variant), 0) <= 1
        if one.run.is_pull_request and one.failed and alone and not one.discounted:
            found[one.run.head_branch] = IsolatedFailure(one.run.head_branch, one.run)
    return tuple(sorted(found.values(), key=lambda one: -one.run.ordinal))


def _discounted(results: Sequence[CaseResult]) -> tuple[Discount, ...]:
    counts: dict[int, tuple[Incident, int]] = {}
    for one in results:
        if one.failed and one.incidents:
            first = one.incidents[0]
            counts[first.id] = (first, counts.get(first.id, (first, 0))[1] + 1)
    found = [Discount(incident, count) for incident, count in counts.values()]
    return tuple(sorted(found, key=lambda one: one.incident.started_at, reverse=True))
