"""The error ledger of a repository: how often a status was wrong, and which regressions a quarantine masked."""

from __future__ import annotations

from datetime import datetime

from bot.analysis import ledger
from bot.analysis.ledger import Ledger
from bot.analysis.model import RepositoryId
from bot.store import labels, masked
from bot.store.database import Session


def of_repository(session: Session, repository_id: RepositoryId, since: datetime, now: datetime) -> Ledger:
    """The ledger of a period that ends now."""
    return Ledger(
        since=since,
        until=now,
        statuses=ledger.count_errors(labels.list_since(session, repository_id, since, now)),
        masked=tuple(masked.list_since(session, repository_id, since, now)),
    )
