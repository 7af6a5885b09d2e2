"""Statuses that end with time: a case is infra only for some days after its outage, even if it never runs again."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from bot.analysis import scoring
from bot.analysis.model import RepositoryId, Status
from bot.queries import policy
from bot.services import notice
from bot.store.database import Session
from bot.store.scores import score as score_store
from bot.store.scores import scorer as scorer_store


def end_infra(session: Session, now: datetime) -> int:
    """End the status infra of every case whose outage is long over; returns how many (case, variant) it ends for.

    Only the status changes. The state of the filter stays as it was after the last run of the case.
    """
    return sum(
        _end_infra(session, repository_id, now)
        for repository_id in score_store.list_repositories(session, Status.INFRA)
    )


def _end_infra(session: Session, repository_id: RepositoryId, now: datetime) -> int:
    stored = scorer_store.lock(session, repository_id)
    if stored is None or stored.model != scoring.MODEL.version:
        return 0  # a rebuild of the scores is due
    rows = score_store.list_stored(session, repository_id, status=Status.INFRA)
    thresholds = policy.of_repository(session, repository_id).thresholds
    scorer = scoring.Scorer.of_cases([row.state for row in rows], stored.keys, thresholds)
    aged = scoring.readout.active(scorer, "", now)
    ended = [
        replace(row, score=replace(row.score, status=score.status))
        for row, score in zip(rows, aged, strict=True)
        if score.status is not Status.INFRA
    ]
    score_store.put(session, repository_id, ended, now)
    notice.cards(session, repository_id, [row.score.case_id for row in ended], now)
    return len(ended)
