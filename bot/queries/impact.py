"""What flaky cases cost a repository, and which to mend first."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import datetime, timedelta

from bot.analysis import impact
from bot.analysis.explanation.case_history import RunFacts
from bot.analysis.impact import Failure, Impact, Period, Totals
from bot.analysis.model import CaseId, Outcome, RepositoryId, RunId
from bot.store.cases import case as case_store
from bot.store.cases import cost as cost_store
from bot.store.database import Session
from bot.store.runs import history as history_store
from bot.store.runs.result import FailureRow
from bot.store.scores import incident as incident_store
from bot.store.scores import score as score_store


def rank(session: Session, repository_id: RepositoryId, since: datetime, now: datetime, limit: int) -> list[Impact]:
    """What the flaky cases of a repository cost since a time: what to mend first in front, at most `limit`."""
    found, _ = impact.assess(_period(session, repository_id, since, now))
    return _named(session, found[:limit])


def of_case(
    session: Session, repository_id: RepositoryId, case_id: CaseId, since: datetime, now: datetime
) -> Impact | None:
    """What one case cost since a time; None where it cost nothing."""
    found, _ = impact.assess(_period(session, repository_id, since, now, case_id))
    mine = [one for one in found if one.case_id == case_id]
    return _named(session, mine)[0] if mine else None


def totals(session: Session, repository_id: RepositoryId, since: datetime, now: datetime) -> Totals:
    """What all flaky cases of a repository cost since a time, and what quarantine saved."""
    return impact.assess(_period(session, repository_id, since, now))[1]


def _period(
    session: Session, repository_id: RepositoryId, since: datetime, now: datetime, case_id: CaseId | None = None
) -> Period:
    """What happened since a time; of failures, where a case is named, those in the runs in which it failed."""
    runs = {run.id: run for run in history_store.list_runs(session, repository_id, since=since)}
    failures = _failures(history_store.list_failures(session, repository_id, since, beside=case_id))
    return Period(
        days=(now - since) / timedelta(days=1),
        runs=runs,
        variants=history_store.list_variants(session, repository_id, since),
        failures=failures,
        scores={
            (score.case_id, score.variant): score
            for score in score_store.list_of_cases(session, [repository_id], {one.case_id for one in failures})
        },
        masks=cost_store.list_masks(session, repository_id, since, now),
        incidents=_in_incidents(session, repository_id, runs, since),
    )


def _failures(rows: list[FailureRow]) -> list[Failure]:
    """One failure per run, variant and case; those of a case that passed in the end are time lost."""
    found = []
    for (run_id, variant, case_id), group in itertools.groupby(
        rows, lambda row: (row.run_id, row.variant, row.case_id)
    ):
        results = [row for row in group if row.outcome is not Outcome.SKIPPED]
        failed = [row for row in results if row.outcome.is_failure]
        if failed:
            found.append(
                Failure(
                    case_id=case_id,
                    run_id=run_id,
                    variant=variant,
                    to_the_end=results[-1].outcome.is_failure,
                    seconds=sum(max(0.0, row.duration) for row in failed),
                    fingerprint_id=failed[-1].fingerprint_id,
                )
            )
    return found


def _in_incidents(
    session: Session, repository_id: RepositoryId, runs: dict[RunId, RunFacts], since: datetime
) -> set[RunId]:
    known = incident_store.list_since(session, repository_id, since)
    marked = [one for one in known if one.run_id is None]
    found = {one.run_id for one in known if one.run_id is not None}
    found |= {run.id for run in runs.values() if any(one.covers(run.started_at, run.completed_at) for one in marked)}
    return found


def _named(session: Session, found: list[Impact]) -> list[Impact]:
    cases = case_store.list_current(session, [one.case_id for one in found])
    return [replace(one, title=cases[one.case_id].title) for one in found]
