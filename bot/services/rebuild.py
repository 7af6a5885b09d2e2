"""Scoring a repository anew from its stored runs: when the model changed, or when runs left the scores."""

from __future__ import annotations

from datetime import datetime

from bot.analysis.incidents import Incident
from bot.analysis.model import RepositoryId
from bot.store import queue, rescores, runs, scorers
from bot.store.database import Session


def request(session: Session, repository_id: RepositoryId, reason: str, now: datetime) -> None:
    """Ask for the scores of a repository to be computed anew, in the background; those of now stay readable."""
    rescores.request(session, repository_id, reason, now)
    queue.defer(
        session,
        queue.REBUILD,
        lock=f"rebuild:{repository_id}",
        key=f"rebuild:{repository_id}",
        repository_id=repository_id,
    )


def request_for_window(session: Session, incident: Incident, now: datetime) -> None:
    """Ask for a re-score where a window opens over runs that were judged, or ends before runs that were not.

    Takes the repository's scorer, so that no run is judged in between by the windows as they were.
    """
    scorers.lock(session, incident.repository_id)
    if runs.any_ended_since(session, incident.repository_id, incident.ended_at or incident.started_at):
        request(session, incident.repository_id, f"incident:{incident.id}", now)
