"""What would change the status of a case, found by running the filter on: more clean commits, or without some runs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime

import numpy as np

from bot.analysis import scoring
from bot.analysis.history import CaseResult
from bot.analysis.model import Outcome, Status
from bot.analysis.policy import Thresholds
from bot.analysis.scoring.model import RATES

MOST_COMMITS = 200
"""How far the filter is run on; what takes longer is not worth a promise."""
MOST_RUNS = 300
"""How many of the newest results are replayed."""
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
class Ahead:
    """A case after some more clean commits."""

    status: Status
    p_flaky: float


def after_clean_commits(state: bytes, variant: str, keys: int, thresholds: Thresholds, at: datetime) -> Iterator[Ahead]:
    """A case as it is, after one more clean commit of the default branch, after two, up to MOST_COMMITS.

    `state` is the stored state of the case in `variant`, `keys` the number of (case, variant) of the repository.
    """
    scorer = scoring.Scorer.of_case(state, variant, keys, thresholds)
    (now,) = scoring.readout.active(scorer, variant, at)
    yield Ahead(now.status, now.p_flaky)
    for number in range(MOST_COMMITS):
        scorer.observe(_clean(variant, f"clean {number}", at))
        yield Ahead(*scorer.standing(variant))


def without_days(
    results: Sequence[CaseResult], variant: str, keys: int, thresholds: Thresholds, at: datetime, status: Status
) -> list[Without]:
    """The status of a case by the newest results of one variant, without each day that holds much of its failures.

    Runs of incidents are left out in any case. Nothing is said where the results as they are do not give its `status`,
    because the history is longer than they are.
    """
    counted = [one for one in results if one.variant == variant and not one.discounted and _says_something(one)]
    counted = counted[-MOST_RUNS:]
    failed = [one.run.started_at.date() for one in counted if one.failed]
    days = [day for day, count in Counter(failed).most_common(MOST_DAYS) if MOST_DAYS * count >= len(failed)]
    if not days:
        return []
    copies: list[date | None] = [None, *days]
    scorer = scoring.Scorer(scoring.RepositoryMemory(keys), thresholds)
    scorer.variant(variant).locate(np.arange(len(copies), dtype=np.int32))
    for one in counted:
        inside = [place for place, day in enumerate(copies) if day != one.run.started_at.date()]
        scorer.observe(_replayed(one, inside))
    as_it_is, *without = [score.status for score in scoring.readout.everything(scorer, variant, at)]
    if as_it_is is not status:
        return []
    return [Without(day, failed.count(day), found) for day, found in zip(days, without, strict=True)]


def _says_something(result: CaseResult) -> bool:
    return result.outcome is not Outcome.SKIPPED and (result.whole or result.outcome.is_failure)


def _replayed(result: CaseResult, places: list[int]) -> scoring.Execution:
    run = result.run
    return scoring.Execution(
        variant=result.variant,
        branch=run.head_branch,
        on_default_branch=run.on_default_branch,
        sha=run.head_sha,
        base_sha=run.base_sha,
        event_kind="pull_request" if run.is_pull_request else "push",
        started_at=run.started_at,
        case_ids=np.array(places, dtype=np.int32),
        suites=np.arange(len(places), dtype=np.int32),
        failed=np.full(len(places), result.outcome.is_failure),
        retries=dict.fromkeys(places, result.retries) if result.retries else {},
    )


def _clean(variant: str, sha: str, at: datetime) -> scoring.Execution:
    return scoring.Execution(
        variant=variant,
        branch="",
        on_default_branch=True,
        sha=sha,
        base_sha=None,
        event_kind="push",
        started_at=at,
        case_ids=np.zeros(1, dtype=np.int32),
        suites=np.zeros(1, dtype=np.int32),
        failed=np.zeros(1, dtype=np.bool_),
        retries={},
    )
