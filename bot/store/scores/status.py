"""The status of cases as the scores give it: a case has that of its worst variant."""

from __future__ import annotations

from collections.abc import Mapping

import sqlalchemy as sa

from bot.analysis.model import SEVERITY, CaseId, RepositoryId, Status
from bot.store.database import Session
from bot.store.tables import scores

RANK = sa.case({status.value: rank for rank, status in enumerate(SEVERITY)}, value=scores.c.status)
"""The place of a score's status in SEVERITY."""


def count(session: Session, repository_id: RepositoryId) -> Mapping[Status, int]:
    """How many cases that ever failed have each status, each case counted once by its worst variant."""
    worst = (
        sa.select(scores.c.case_id, sa.func.min(RANK).label("rank"))
        .where(scores.c.repository_id == repository_id)
        .group_by(scores.c.case_id)
        .subquery()
    )
    rows = session.execute(sa.select(worst.c.rank, sa.func.count()).group_by(worst.c.rank))
    return {SEVERITY[row[0]]: row[1] for row in rows}


def list_worst(session: Session, repository_id: RepositoryId) -> dict[CaseId, Status]:
    """The status of every case that ever failed: that of its worst variant."""
    rows = session.execute(
        sa.select(scores.c.case_id, sa.func.min(RANK))
        .where(scores.c.repository_id == repository_id)
        .group_by(scores.c.case_id)
    )
    return {CaseId(row[0]): SEVERITY[row[1]] for row in rows}


def list_cases(session: Session, repository_id: RepositoryId, status: Status, limit: int) -> list[CaseId]:
    """The cases of a status in any variant, those to fix first in front."""
    rows = session.execute(
        sa.select(scores.c.case_id)
        .where(scores.c.repository_id == repository_id, scores.c.status == status.value)
        .group_by(scores.c.case_id)
        .order_by(sa.func.max(scores.c.p_flaky * scores.c.rate).desc(), scores.c.case_id)
        .limit(limit)
    )
    return [CaseId(row[0]) for row in rows]


def list_repositories(session: Session, status: Status) -> list[RepositoryId]:
    """The repositories in which a case has this status in some variant."""
    rows = session.execute(
        sa.select(scores.c.repository_id)
        .where(scores.c.status == status.value)
        .distinct()
        .order_by(scores.c.repository_id)
    )
    return [RepositoryId(row[0]) for row in rows]
