"""What would change the status of a case: the filter is run with more clean commits, or without some runs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime

import numpy as np

from bot.analysis import scoring
from bot.analysis.case_history import CaseResult
from bot.analysis.model import Outcome, Status, worst
from bot.analysis.quarantine.policy import Thresholds
from bot.analysis.scoring.model import RATES
from bot.analysis.scoring.variant_results import VariantResults

MAX_COMMITS = 200
"""Clean commits that are tried; a longer forecast is worthless."""
MAX_RESULTS = 300
"""The newest results of a variant that are replayed."""
MAX_DAYS = 3
"""Days that are left out in turn, each with a third of the failures or more. With the unchanged case these are four
copies in one run, and four failures are never an outage."""
_WORDS = {
    Status.SUSPECT: "only watched",
    Status.INSUFFICIENT: "a test of too few runs",
    Status.INFRA: "put down to infrastructure",
}


@dataclass(frozen=True, slots=True)
class StatusWithoutDay:
    """The status of a case without the runs of one day."""

    day: date
    failures: int
    status: Status

    @property
    def sentence(self) -> str:
        """What is said of it."""
        return f"Without the runs of {self.day:%-d %b} it would be {_would_be(self.status)}."


@dataclass(frozen=True, slots=True)
class StatusAfter:
    """The status that this many more clean commits lead to; None where they never do, however many are tried."""

    commits: int | None
    status: Status

    @property
    def sentence(self) -> str:
        """What is said of it."""
        if self.commits is None:
            return f"Clean commits alone will not make it {_would_be(self.status)} soon."
        return f"{_more_commits(self.commits)} would make it {_would_be(self.status)}."


@dataclass(frozen=True, slots=True)
class ReleaseAfter:
    """The end of a quarantine after this many more clean commits; None where they never end it."""

    commits: int | None

    @property
    def sentence(self) -> str:
        """What is said of it."""
        if self.commits is None:
            return "Clean commits alone will not release it soon."
        return f"{_more_commits(self.commits)} {'releases' if self.commits == 1 else 'release'} it."


Counterfactual = StatusAfter | ReleaseAfter | StatusWithoutDay


def rates(state: bytes) -> list[float]:
    """The belief over the filter's flake rates in a stored state, without the recurrent hypothesis."""
    active = scoring.ActiveCases.unpack([(0, state)], scoring.MODEL)
    belief = active.beliefs[0, : len(RATES), 0]
    return [float(share) for share in belief / belief.sum()]


@dataclass(frozen=True, slots=True)
class StoredVariant:
    """The stored state of a case in one variant; `failures_only` if its reports list nothing else."""

    variant: str
    state: bytes
    status: Status
    failures_only: bool = False


def after_clean_commits(
    variants: Sequence[StoredVariant], keys: int, thresholds: Thresholds, at: datetime
) -> Iterator[list[tuple[Status, float]]]:
    """A case now, and after each of up to MAX_COMMITS commits of the default branch, clean in every variant.

    Each time its status and p_flaky in each of `variants`, in which it ever failed; `keys` is the number of (case,
    variant) of the repository. If reports list failures only, a clean commit is one that omits the case.
    """
    scorers = []
    for failures_only in (False, True):
        indices = [index for index, variant in enumerate(variants) if variant.failures_only is failures_only]
        if indices:
            states = [variants[index].state for index in indices]
            scorer = scoring.Scorer.of_cases(states, keys, thresholds, listing=failures_only)
            scorers.append((indices, scorer, failures_only))
    forecast = [(Status.HEALTHY, 0.0)] * len(variants)
    for number in range(MAX_COMMITS + 1):
        for indices, scorer, failures_only in scorers:
            if number:
                scorer.observe(_clean(f"clean {number}", 0 if failures_only else len(indices), at))
            for index, status, p_flaky in zip(indices, *scorer.statuses(), strict=True):
                forecast[index] = status, p_flaky
        yield list(forecast)


def without_days(
    results: Sequence[CaseResult], variants: Sequence[StoredVariant], keys: int, thresholds: Thresholds, at: datetime
) -> list[StatusWithoutDay]:
    """The status of a case by its newest results, without each day that has many of its failures.

    It is the worst of all variants; a healthy one stays healthy. Incidents are always left out. The result is empty if
    the newest results alone do not reproduce the status of a variant.
    """
    affected = [variant for variant in variants if variant.status not in {Status.HEALTHY, Status.INSUFFICIENT}]
    counted = [result for result in results if not result.discounted and _is_evidence(result)]
    by_variant = {
        stored.variant: [result for result in counted if result.variant == stored.variant][-MAX_RESULTS:]
        for stored in affected
    }
    failed = [
        result.run.started_at.date() for of_variant in by_variant.values() for result in of_variant if result.failed
    ]
    days = [day for day, count in Counter(failed).most_common(MAX_DAYS) if MAX_DAYS * count >= len(failed)]
    if not days:
        return []
    healthy = [stored.status for stored in variants if stored not in affected]
    replayed = []
    for stored in affected:
        unchanged, *without = _replay(by_variant[stored.variant], stored.variant, [None, *days], keys, thresholds, at)
        if unchanged is not stored.status:
            return []
        replayed.append(without)
    by_day = zip(days, *replayed, strict=True)
    return [StatusWithoutDay(day, failed.count(day), worst([*healthy, *statuses])) for day, *statuses in by_day]


def _replay(
    results: Sequence[CaseResult],
    variant: str,
    copies: Sequence[date | None],
    keys: int,
    thresholds: Thresholds,
    at: datetime,
) -> list[Status]:
    """The statuses of copies of a case, each without the results of one day."""
    scorer = scoring.Scorer(scoring.RepositoryMemory(keys), thresholds)
    scorer.variant(variant).locate(np.arange(len(copies), dtype=np.int32))
    for result in results:
        inside = [index for index, day in enumerate(copies) if day != result.run.started_at.date()]
        scorer.observe(_execution(result, inside))
    return [score.status for score in scoring.readout.everything(scorer, variant, at)]


def _more_commits(number: int) -> str:
    return f"{number:,} more clean commit{'' if number == 1 else 's'}"


def _would_be(status: Status) -> str:
    return _WORDS.get(status, status.value)


def _is_evidence(result: CaseResult) -> bool:
    return result.outcome is not Outcome.SKIPPED and (result.whole or result.outcome.is_failure)


def _execution(result: CaseResult, copies: list[int]) -> scoring.Execution:
    results = VariantResults(
        variant=result.variant,
        case_ids=np.array(copies, dtype=np.int32),
        suites=np.arange(len(copies), dtype=np.int32),
        failed=np.full(len(copies), result.outcome.is_failure),
        retries=dict.fromkeys(copies, result.retries) if result.retries else {},
    )
    return results.execution(result.run)


def _clean(sha: str, cases: int, at: datetime) -> scoring.Execution:
    return scoring.Execution(
        variant="",
        sha=sha,
        started_at=at,
        case_ids=np.arange(cases, dtype=np.int32),
        suites=np.zeros(cases, dtype=np.int32),
        failed=np.zeros(cases, dtype=np.bool_),
    )
