"""What flaky cases cost a repository, and which to fix first."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TypeVar

from bot.analysis import impact
from bot.analysis.impact import Cost, Failure, Impact, Period
from bot.analysis.incident import Incident
from bot.analysis.model import CaseId, Outcome, RepositoryId, RunId
from bot.analysis.run import StoredRun
from bot.store.cases import case as case_store
from bot.store.cases import masked as masked_store
from bot.store.database import Session
from bot.store.runs import history as history_store
from bot.store.runs.result import FailureRow
from bot.store.scores import incident as incident_store
from bot.store.scores import score as score_store

Item = TypeVar("Item")


def rank(session: Session, repository_id: RepositoryId, since: datetime, now: datetime, limit: int) -> list[Impact]:
    """What the flaky cases of a repository cost since a time: what to fix first in front, at most `limit`."""
    impacts, _ = impact.assess(_periods(session, [repository_id], since, now)[repository_id])
    return _named(session, impacts[:limit])


def of_case(
    session: Session, repository_id: RepositoryId, case_id: CaseId, since: datetime, now: datetime
) -> Impact | None:
    """What one case cost since a time; None where it cost nothing."""
    impacts, _ = impact.assess(_periods(session, [repository_id], since, now, case_id)[repository_id])
    own = [item for item in impacts if item.case_id == case_id]
    return _named(session, own)[0] if own else None


def total(session: Session, repository_ids: Collection[RepositoryId], since: datetime, now: datetime) -> Cost:
    """What all flaky cases of repositories cost since a time, and what quarantine saved."""
    return impact.total([impact.assess(period)[1] for period in _periods(session, repository_ids, since, now).values()])


def _periods(
    session: Session,
    repository_ids: Collection[RepositoryId],
    since: datetime,
    now: datetime,
    case_id: CaseId | None = None,
) -> dict[RepositoryId, Period]:
    """What happened since a time; of failures, where a case is named, those in the runs in which it failed."""
    runs = history_store.list_runs_of(session, repository_ids, since)
    repository_of = {run.id: repository_id for repository_id, of_repository in runs.items() for run in of_repository}
    failures = _by_repository(
        _failures(history_store.list_failures(session, repository_ids, since, beside=case_id)),
        lambda failure: repository_of.get(failure.run_id),
    )
    variants = _by_repository(
        history_store.list_variants(session, repository_ids, since), lambda variant: repository_of.get(variant[0])
    )
    cases = {
        failure.case_id: repository_id for repository_id, of_repository in failures.items() for failure in of_repository
    }
    masks = masked_store.list_masks(session, repository_ids, since, now)
    scores = _by_repository(
        score_store.list_of_cases(session, repository_ids, cases), lambda score: cases[score.case_id]
    )
    incidents = _by_repository(
        incident_store.list_since(session, repository_ids, since), lambda incident: incident.repository_id
    )
    return {
        repository_id: Period(
            days=(now - since) / timedelta(days=1),
            runs={run.id: run for run in runs[repository_id]},
            variants=variants.get(repository_id, []),
            failures=failures.get(repository_id, []),
            scores={(score.case_id, score.variant): score for score in scores.get(repository_id, [])},
            masks=masks,
            incidents=_in_incidents(incidents.get(repository_id, []), runs[repository_id]),
        )
        for repository_id in repository_ids
    }


def _by_repository(
    items: Iterable[Item], repository_of: Callable[[Item], RepositoryId | None]
) -> dict[RepositoryId, list[Item]]:
    grouped: dict[RepositoryId, list[Item]] = {}
    for item in items:
        if (repository_id := repository_of(item)) is not None:
            grouped.setdefault(repository_id, []).append(item)
    return grouped


def _failures(rows: list[FailureRow]) -> list[Failure]:
    """One failure per run, variant and case; those of a case that passed in the end are time lost."""
    failures = []
    for (run_id, variant, case_id), group in itertools.groupby(
        rows, lambda row: (row.run_id, row.variant, row.case_id)
    ):
        results = [row for row in group if row.outcome is not Outcome.SKIPPED]
        failed = [row for row in results if row.outcome.is_failure]
        if failed:
            failures.append(
                Failure(
                    case_id=case_id,
                    run_id=run_id,
                    variant=variant,
                    is_final=results[-1].outcome.is_failure,
                    seconds=sum(max(0.0, row.duration) for row in failed),
                    fingerprint_id=failed[-1].fingerprint_id,
                )
            )
    return failures


def _in_incidents(incidents: Iterable[Incident], runs: Sequence[StoredRun]) -> set[RunId]:
    known = list(incidents)
    marked = [incident for incident in known if incident.run_id is None]
    within = {incident.run_id for incident in known if incident.run_id is not None}
    return within | {
        run.id for run in runs if any(window.covers(run.started_at, run.completed_at) for window in marked)
    }


def _named(session: Session, impacts: list[Impact]) -> list[Impact]:
    cases = case_store.list_current(session, [item.case_id for item in impacts])
    return [replace(item, title=cases[item.case_id].title) for item in impacts]
