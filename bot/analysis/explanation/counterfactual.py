"""What would change the status of a case, found by running the filter on: more clean commits, or without some runs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime

import numpy as np

from bot.analysis import scoring
from bot.analysis.explanation.case_history import CaseResult
from bot.analysis.model import Outcome, Status, worst
from bot.analysis.quarantine.policy import Thresholds
from bot.analysis.scoring.model import RATES

MOST_COMMITS = 200
"""How far the filter is run on; what takes longer is not worth a promise."""
MOST_RUNS = 300
"""How many of the newest results of a variant are replayed."""
MOST_DAYS = 3
"""How many days are tried, each with a third of the failures or more. With the case as it is, four copies run side by
side, and up to four failures never make an outage of a run."""


@dataclass(frozen=True, slots=True)
class Without:
    """The status a case would have without the runs of one day."""

    day: date
    failures: int
    status: Status


def rates(state: bytes) -> list[float]:
    """The belief over the filter's flake rates in a stored state, that the case is of another kind left out."""
    active = scoring.ActiveCases.unpack([(0, state)], scoring.MODEL)
    belief = active.beliefs[0, : len(RATES), 0]
    return [float(share) for share in belief / belief.sum()]


@dataclass(frozen=True, slots=True)
class Followed:
    """A case in one variant as it is stored; `listing` where the reports of the variant list failures only."""

    variant: str
    state: bytes
    status: Status
    listing: bool = False


@dataclass(frozen=True, slots=True)
class Ahead:
    """A case after some more clean commits: its status and the belief that it is flaky, aligned with its variants."""

    statuses: tuple[Status, ...]
    p_flaky: tuple[float, ...]


def after_clean_commits(
    followed: Sequence[Followed], keys: int, thresholds: Thresholds, at: datetime
) -> Iterator[Ahead]:
    """A case as it is, and after each of up to MOST_COMMITS commits of the default branch, clean in every variant.

    `followed` are the variants in which it ever failed, `keys` the number of (case, variant) of the
    repository. Where reports list failures only, a clean commit is one that does not list the case.
    """
    parts = [[position for position, one in enumerate(followed) if one.listing is listing] for listing in (False, True)]
    scorers = [
        scoring.Scorer.of_cases([followed[position].state for position in part], keys, thresholds, listing=listing)
        for part, listing in zip(parts, (False, True), strict=True)
    ]
    statuses, beliefs = [Status.HEALTHY] * len(followed), [0.0] * len(followed)
    for number in range(MOST_COMMITS + 1):
        for part, scorer, listing in zip(parts, scorers, (False, True), strict=True):
            if not part:
                continue
            if number:
                scorer.observe(_clean(f"clean {number}", 0 if listing else len(part), at))
            for position, status, p_flaky in zip(part, *scorer.statuses(), strict=True):
                statuses[position], beliefs[position] = status, p_flaky
        yield Ahead(tuple(statuses), tuple(beliefs))


def without_days(
    results: Sequence[CaseResult], followed: Sequence[Followed], keys: int, thresholds: Thresholds, at: datetime
) -> list[Without]:
    """The status of a case by its newest results, without each day that holds much of its failures.

    It is the worst of all variants; one that is well stays so. Runs of incidents are left out in any case. Nothing is
    said where the results as they are do not give a variant its status, because the history is longer than they are.
    """
    troubled = [one for one in followed if one.status not in {Status.HEALTHY, Status.INSUFFICIENT}]
    counted = [one for one in results if not one.discounted and _says_something(one)]
    by_variant = {one.variant: [two for two in counted if two.variant == one.variant][-MOST_RUNS:] for one in troubled}
    failed = [one.run.started_at.date() for of in by_variant.values() for one in of if one.failed]
    days = [day for day, count in Counter(failed).most_common(MOST_DAYS) if MOST_DAYS * count >= len(failed)]
    if not days:
        return []
    found: list[list[Status]] = [[one.status for one in followed if one not in troubled] for _ in days]
    for one in troubled:
        as_it_is, *without = _replay(by_variant[one.variant], one.variant, [None, *days], keys, thresholds, at)
        if as_it_is is not one.status:
            return []
        for statuses, status in zip(found, without, strict=True):
            statuses.append(status)
    return [Without(day, failed.count(day), worst(statuses)) for day, statuses in zip(days, found, strict=True)]


def _replay(
    results: Sequence[CaseResult],
    variant: str,
    copies: Sequence[date | None],
    keys: int,
    thresholds: Thresholds,
    at: datetime,
) -> list[Status]:
    """The status that copies of a case have, each without the results of one day."""
    scorer = scoring.Scorer(scoring.RepositoryMemory(keys), thresholds)
    scorer.variant(variant).locate(np.arange(len(copies), dtype=np.int32))
    for one in results:
        inside = [position for position, day in enumerate(copies) if day != one.run.started_at.date()]
        scorer.observe(_replayed(one, inside))
    return [score.status for score in scoring.readout.everything(scorer, variant, at)]


def _says_something(result: CaseResult) -> bool:
    return result.outcome is not Outcome.SKIPPED and (result.whole or result.outcome.is_failure)


def _replayed(result: CaseResult, positions: list[int]) -> scoring.Execution:
    run = result.run
    return scoring.Execution(
        variant=result.variant,
        branch=run.head_branch,
        on_default_branch=run.on_default_branch,
        sha=run.head_sha,
        base_sha=run.base_sha,
        event_kind=run.event_kind,
        started_at=run.started_at,
        case_ids=np.array(positions, dtype=np.int32),
        suites=np.arange(len(positions), dtype=np.int32),
        failed=np.full(len(positions), result.outcome.is_failure),
        retries=dict.fromkeys(positions, result.retries) if result.retries else {},
    )


def _clean(sha: str, cases: int, at: datetime) -> scoring.Execution:
    return scoring.Execution(
        variant="",
        branch="",
        on_default_branch=True,
        sha=sha,
        base_sha=None,
        event_kind="push",
        started_at=at,
        case_ids=np.arange(cases, dtype=np.int32),
        suites=np.zeros(cases, dtype=np.int32),
        failed=np.zeros(cases, dtype=np.bool_),
        retries={},
    )
