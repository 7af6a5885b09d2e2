"""What would change the status of a case, found by running the filter on: more clean commits, or without some runs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime

import numpy as np

from bot.analysis import scoring
from bot.analysis.history import CaseResult
from bot.analysis.model import Outcome, Status

MOST_COMMITS = 400
"""How far the filter is run on; what takes longer is not worth a promise."""
MOST_DAYS = 3
"""How many days are tried. With the case as it is, four copies run side by side, and up to four failures never make an
outage of a run."""


@dataclass(frozen=True, slots=True)
class Without:
    """The status a case would have without the runs of one day."""

    day: date
    failures: int
    status: Status


def rates(state: bytes) -> list[float]:
    """The belief over the filter's grid of flake rates in a stored state."""
    active = scoring.ActiveCases.from_rows([(0, state)])
    return [float(share) for share in active.records["w"][0]]


def after_clean_commits(state: bytes, variant: str, keys: int, at: datetime) -> Iterator[scoring.Score]:
    """The score of a case as it is, after one more clean commit of the default branch, after two, up to MOST_COMMITS.

    `state` is the stored state of the case in `variant`, `keys` the number of (case, variant) of the repository.
    """
    active = scoring.ActiveCases.from_rows([(0, state)])
    repository = scoring.RepositoryState.new()
    repository.newest = int(active.records["last"][0])
    passes = np.zeros(1, dtype=np.int32)
    yield scoring.readout(active, at)[0]
    for number in range(MOST_COMMITS):
        active = scoring.observe(_clean(variant, f"clean {number}", at), repository, active, passes, keys).active
        yield scoring.readout(active, at)[0]


def without_days(results: Sequence[CaseResult], variant: str, keys: int, at: datetime) -> tuple[Status, list[Without]]:
    """The status of a case by the results of one variant as they are, and by those without each of its worst days.

    Runs of incidents are left out in any case. The status as it is may differ from the stored one where the history
    is longer than `results`; then nothing should be made of the others.
    """
    counted = [one for one in results if one.variant == variant and not one.discounted and _says_something(one)]
    failed = [one.run.started_at.date() for one in counted if one.failed]
    days = sorted(set(failed), key=lambda day: (-failed.count(day), day))[:MOST_DAYS]
    copies: list[date | None] = [None, *days]
    repository = scoring.RepositoryState.new()
    active = scoring.ActiveCases.empty()
    passes = np.zeros(len(copies), dtype=np.int32)
    for one in counted:
        inside = [place for place, day in enumerate(copies) if day != one.run.started_at.date()]
        execution = _replayed(one, inside)
        own = np.isin(active.case_ids, execution.case_ids)
        observation = scoring.observe(
            execution, repository, active.take(np.flatnonzero(own)), passes[execution.case_ids], keys
        )
        passes[execution.case_ids] = observation.passes
        active = _merge(active.take(np.flatnonzero(~own)), observation.active)
    statuses = {score.case_id: score.status for score in scoring.readout(active, at)}
    found = [statuses.get(place, scoring.inactive_status(int(passes[place]))) for place in range(len(copies))]
    return found[0], [Without(day, failed.count(day), status) for day, status in zip(days, found[1:], strict=True)]


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


def _merge(rest: scoring.ActiveCases, seen: scoring.ActiveCases) -> scoring.ActiveCases:
    merged = scoring.ActiveCases(
        np.concatenate([rest.case_ids, seen.case_ids]),
        np.concatenate([rest.records, seen.records]),
        [*rest.commits, *seen.commits],
        [*rest.branches, *seen.branches],
    )
    return merged.take(np.argsort(merged.case_ids, kind="stable"))
