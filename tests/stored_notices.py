"""The stored notices of a kind."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from bot.analysis.notice import Notice
from bot.store.conversation import notice as notice_store
from bot.store.database import Session
from bot.store.tables.conversation import notices


def list_of_kind(session: Session, kind: type[Notice]) -> Sequence[notice_store.StoredNotice]:
    """The notices of a kind, sent or not, oldest first."""
    ids = session.execute(sa.select(notices.c.id).where(notices.c.kind == kind.kind).order_by(notices.c.id)).scalars()
    return [notice_store.get(session, notice_id) for notice_id in ids]
