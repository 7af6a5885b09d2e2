"""What the cost of flaky cases is counted from: beliefs, the times a quarantine masked, and names."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import sqlalchemy as sa

from bot.analysis import impact
from bot.analysis.impact import Belief, Mask
from bot.analysis.model import CaseId, RepositoryId, Status
from bot.analysis.quarantine.lifecycle import Scope
from bot.store.database import Session
from bot.store.tables import audit, cases, quarantines, scores


def list_beliefs(
    session: Session, repository_id: RepositoryId, case_ids: Iterable[CaseId]
) -> dict[tuple[CaseId, str], Belief]:
    """What the filter holds of cases, by case and variant."""
    rows = session.execute(
        sa.select(scores.c.case_id, scores.c.variant, scores.c.p_flaky, scores.c.rate, scores.c.status).where(
            scores.c.repository_id == repository_id,
            scores.c.case_id == sa.any_(sa.bindparam("case_ids", list(case_ids))),
        )
    )
    return {(CaseId(row[0]), row[1]): Belief(row[2], row[3], row[4] == Status.FLAKY) for row in rows}


def list_masks(session: Session, repository_id: RepositoryId, since: datetime, until: datetime) -> list[Mask]:
    """The times since `since` in which a quarantine masked a case, by its moves in the audit trail."""
    rows = session.execute(
        sa.select(
            quarantines.c.id,
            quarantines.c.case_id,
            quarantines.c.scope,
            quarantines.c.variant,
            quarantines.c.fingerprint_id,
            quarantines.c.expires_at,
            audit.c.tag,
            audit.c.created_at,
        )
        .join(
            audit,
            sa.and_(audit.c.repository_id == quarantines.c.repository_id, audit.c.quarantine_id == quarantines.c.id),
        )
        .where(
            quarantines.c.repository_id == repository_id,
            audit.c.tag.in_([f"quarantine:{move}" for move in ("approve", "resume", "suspend", "lift", "expire")]),
            quarantines.c.expires_at >= since,
        )
        .order_by(quarantines.c.id, audit.c.id)
    ).all()
    moves: dict[int, list[tuple[str, datetime]]] = {}
    held = {}
    for row in rows:
        held[row[0]] = row
        moves.setdefault(row[0], []).append((row[6].partition(":")[2], row[7]))
    return [
        Mask(CaseId(row[1]), Scope(row[2]), row[3], row[4], begin, end)
        for number, row in held.items()
        for begin, end in impact.masked_times(moves[number], min(until, row[5]))
        if end > since
    ]


def list_titles(session: Session, repository_id: RepositoryId, case_ids: Iterable[CaseId]) -> dict[CaseId, str]:
    """The titles of cases."""
    rows = session.execute(
        sa.select(cases.c.id, cases.c.title).where(
            cases.c.repository_id == repository_id, cases.c.id == sa.any_(sa.bindparam("case_ids", list(case_ids)))
        )
    )
    return {CaseId(row[0]): row[1] for row in rows}
