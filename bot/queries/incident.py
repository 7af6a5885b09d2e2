"""What is known of incidents: whether the outage of a suite or of a runner is news."""

from __future__ import annotations

from datetime import datetime, timedelta

from bot.analysis.incident import Incident, Kind
from bot.analysis.run import StoredRun
from bot.store.database import Session
from bot.store.runs import run as run_store
from bot.store.scores import incident as incident_store

NEWS = timedelta(days=1)
"""A suite or runner that stays out is announced once in this time."""


def is_news(session: Session, run: StoredRun, now: datetime) -> bool:
    """Whether a suite or a runner was out in a run, and in no other one since `NEWS`.

    A suite counts on the default branch only: in a pull request it is its author's.
    """
    recent = incident_store.list_since(session, [run.repository_id], now - NEWS)
    run_ids = {incident.run_id for incident in recent if incident.kind is Kind.SUITE and incident.run_id is not None}
    pushed = {one.id for one in run_store.list_by_id(session, run.repository_id, run_ids) if one.on_default_branch}
    outages = [
        incident
        for incident in recent
        if incident.kind is Kind.RUNNER or (incident.kind is Kind.SUITE and incident.run_id in pushed)
    ]
    before = {_key(outage) for outage in outages if outage.run_id != run.id}
    return any(outage.run_id == run.id and _key(outage) not in before for outage in outages)


def _key(outage: Incident) -> tuple[Kind, str]:
    return outage.kind, outage.suite
