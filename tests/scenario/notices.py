"""What is still to be sent."""

from __future__ import annotations

from bot.analysis.notice import KINDS
from bot.store.database import Database
from tests import stored_notices


def count_waiting(db: Database) -> int:
    """How many notices are new, or have changed since they were sent."""
    with db.begin() as session:
        return sum(not notice.is_sent for kind in KINDS for notice in stored_notices.list_of_kind(session, kind))
