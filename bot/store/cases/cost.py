"""What the cost of flaky cases is counted from: beliefs, the times a quarantine masked, and names."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

import sqlalchemy as sa

from bot.analysis import impact
from bot.analysis.audit import AuditAction
from bot.analysis.impact import Mask
from bot.analysis.model import CaseId, RepositoryId
from bot.analysis.quarantine.lifecycle import Scope
from bot.store.database import Session
from bot.store.tables.deciding import audit, quarantines


def list_masks(
    session: Session, repository_ids: Collection[RepositoryId], since: datetime, until: datetime
) -> list[Mask]:
    """The times since `since` in which a quarantine masked a case, by its moves in the audit trail."""
    rows = session.execute(
        sa.select(
            quarantines.c.id,
            quarantines.c.case_id,
            quarantines.c.scope,
            quarantines.c.variant,
            quarantines.c.fingerprint_id,
            quarantines.c.expires_at,
            audit.c.type,
            audit.c.occurred_at,
        )
        .join(
            audit,
            sa.and_(
                audit.c.repository_id == quarantines.c.repository_id,
                audit.c.aggregate_type == AuditAction.APPROVE.aggregate_type,
                audit.c.aggregate_id == quarantines.c.id,
            ),
        )
        .where(
            quarantines.c.repository_id.in_(list(repository_ids)),
            audit.c.type.in_([action.value for action in (*impact.MASKING, *impact.UNMASKING)]),
            quarantines.c.expires_at >= since,
        )
        .order_by(quarantines.c.id, audit.c.id)
    ).all()
    moves: dict[int, list[tuple[AuditAction, datetime]]] = {}
    quarantined = {}
    for row in rows:
        quarantined[row[0]] = row
        moves.setdefault(row[0], []).append((AuditAction(row[6]), row[7]))
    return [
        Mask(CaseId(row[1]), Scope(row[2]), row[3], row[4], begin, end)
        for number, row in quarantined.items()
        for begin, end in impact.masked_times(moves[number], min(until, row[5]))
        if end > since
    ]
