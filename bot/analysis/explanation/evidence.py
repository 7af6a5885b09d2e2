"""The evidence for and against a case, gathered from its results."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.analysis import case_history
from bot.analysis.case_history import CaseResult
from bot.analysis.explanation.regression import FirstBad
from bot.analysis.incident import FaultySuite, Incident
from bot.analysis.model import RunId
from bot.analysis.run import StoredRun


@dataclass(frozen=True, slots=True)
class MixedCommit:
    """A commit on which a case passed and failed in one variant, with the runs."""

    sha: str
    runs: tuple[StoredRun, ...]


@dataclass(frozen=True, slots=True)
class FailureKind:
    """Failures of one kind: the message, its likely cause, how often, and when last."""

    fingerprint_id: int
    message: str
    category: str
    count: int
    last_at: datetime


@dataclass(frozen=True, slots=True)
class Discount:
    """Failures that an incident explains, which do not count against the case."""

    incident: Incident
    failures: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """The evidence about a case in its worst variant; newest first.

    `isolated` are runs of different pull requests of which the case was the only failure.
    `streak` is how many of the latest commits of the default branch were clean, `failing_streak` how many failed.
    """

    mixed: tuple[MixedCommit, ...]
    isolated: tuple[StoredRun, ...]
    kinds: tuple[FailureKind, ...]
    discounted: tuple[Discount, ...]
    first_bad: FirstBad | None
    faults: tuple[FaultySuite, ...]
    streak: int
    failing_streak: int

    @property
    def discounted_failures(self) -> int:
        """How many failures incidents explain."""
        return sum(discount.failures for discount in self.discounted)


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
    passing = (number for number, commit in enumerate(reversed(verdicts)) if commit.passes)
    return Evidence(
        mixed=_mixed(results),
        isolated=_isolated(results, failing),
        kinds=tuple(sorted(kinds, key=lambda kind: (-kind.count, kind.fingerprint_id))),
        discounted=_discounted(results),
        first_bad=first_bad,
        faults=tuple(faults),
        streak=case_history.clean_streak(verdicts),
        failing_streak=next(passing, len(verdicts)),
    )


def _mixed(results: Sequence[CaseResult]) -> tuple[MixedCommit, ...]:
    by_code: dict[tuple[str, bool], list[CaseResult]] = {}
    for result in results:
        if not result.discounted or result.passed:
            by_code.setdefault(result.code, []).append(result)
    commits = [
        MixedCommit(sha, tuple(dict.fromkeys(result.run for result in of_code)))
        for (sha, _), of_code in by_code.items()
        if any(result.failed and not result.discounted for result in of_code)
        and any(result.passed for result in of_code)
    ]
    return tuple(sorted(commits, key=lambda commit: -commit.runs[-1].ordinal))


def _isolated(results: Sequence[CaseResult], failing: Mapping[tuple[RunId, str], int]) -> tuple[StoredRun, ...]:
    """The latest isolated failure of every pull request."""
    latest = {
        result.run.head_branch: result.run
        for result in results
        if result.run.is_pull_request and result.failed and not result.discounted
        if failing.get((result.run.id, result.variant), 0) <= 1
    }
    return tuple(sorted(latest.values(), key=lambda run: -run.ordinal))


def _discounted(results: Sequence[CaseResult]) -> tuple[Discount, ...]:
    failures = Counter(result.incidents[0] for result in results if result.failed and result.incidents)
    discounts = [Discount(incident, count) for incident, count in failures.items()]
    return tuple(sorted(discounts, key=lambda discount: discount.incident.started_at, reverse=True))
