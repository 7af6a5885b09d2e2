"""Which links to our pages were shared in a channel lately."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from bot.analysis.model import CaseId, Channel
from bot.store.database import Session
from bot.store.tables.conversation import shared_links


def put(session: Session, channel: Channel, case_id: CaseId, now: datetime) -> datetime | None:
    """Remember that a link to a case was shared; returns when one was before, None where never."""
    before: datetime | None = session.execute(
        sa.select(shared_links.c.shared_at).where(
            shared_links.c.workspace_id == channel.workspace_id,
            shared_links.c.channel == channel.id,
            shared_links.c.case_id == case_id,
        )
    ).scalar_one_or_none()
    session.execute(
        insert(shared_links)
        .values(workspace_id=channel.workspace_id, channel=channel.id, case_id=case_id, shared_at=now)
        .on_conflict_do_update(index_elements=["workspace_id", "channel", "case_id"], set_={"shared_at": now})
    )
    return before


def forget(session: Session, before: datetime) -> None:
    """Forget what was shared before a time."""
    session.execute(sa.delete(shared_links).where(shared_links.c.shared_at < before))
