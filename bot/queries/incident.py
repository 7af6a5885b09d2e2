"""What is known of incidents: which results lie in one, and whether the outage of a suite or of a runner is news."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from bot.analysis.case_history import CaseResult
from bot.analysis.incident import Incident, Kind
from bot.analysis.model import CaseId, RepositoryId
from bot.analysis.run import StoredRun
from bot.store.database import Session
from bot.store.runs import history as history_store
from bot.store.runs import run as run_store
from bot.store.scores import incident as incident_store

NEWS = timedelta(days=1)
"""A suite or runner that stays out is announced once in this time."""


def list_results(
    session: Session, repository_id: RepositoryId, case_ids: Sequence[CaseId], runs: Sequence[StoredRun]
) -> list[CaseResult]:
    """The results of cases in runs, with the incidents that each lies in."""
    results = history_store.list_results(session, repository_id, case_ids, runs)
    if not results:
        return []
    marked = incident_store.list_marked(session, repository_id)
    suites = history_store.list_suites(session, repository_id, sorted({result.case_id for result in results}))
    failed = {result.run.id for result in results if result.failed}
    detected: dict[tuple[int | None, str], list[Incident]] = {}
    for outage in incident_store.list_found(session, repository_id, failed):
        detected.setdefault((outage.run_id, outage.variant), []).append(outage)
    attached = []
    for result in results:
        run, suite = result.run, suites.get(result.case_id)
        incidents = [window for window in marked if window.covers(run.started_at, run.completed_at)]
        if result.failed:
            outages = detected.get((run.id, result.variant), ())
            incidents += [outage for outage in outages if _is_of(outage, suite, result.runner)]
        attached.append(replace(result, incidents=tuple(incidents)) if incidents else result)
    return attached


def _is_of(outage: Incident, suite: str | None, runner: str) -> bool:
    """Whether an outage of a variant is one of a case of this suite that ran on this runner."""
    if outage.kind is Kind.RUN:
        return True
    return (outage.kind is Kind.SUITE and outage.suite == suite) or (
        outage.kind is Kind.RUNNER and outage.suite == runner
    )


def is_news(session: Session, run: StoredRun, now: datetime) -> bool:
    """Whether a suite or a runner was out in a run, and in no other one since `NEWS`.

    A suite counts on the default branch only: in a pull request it is its author's.
    """
    recent = incident_store.list_since(session, [run.repository_id], now - NEWS)
    run_ids = {incident.run_id for incident in recent if incident.kind is Kind.SUITE and incident.run_id is not None}
    pushed = {
        other.id for other in run_store.list_by_id(session, run.repository_id, run_ids) if other.on_default_branch
    }
    outages = [
        incident
        for incident in recent
        if incident.kind is Kind.RUNNER or (incident.kind is Kind.SUITE and incident.run_id in pushed)
    ]
    before = {_key(outage) for outage in outages if outage.run_id != run.id}
    return any(outage.run_id == run.id and _key(outage) not in before for outage in outages)


def _key(outage: Incident) -> tuple[Kind, str]:
    return outage.kind, outage.suite
