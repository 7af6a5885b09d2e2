"""The error ledger of a repository: how often a status was wrong, and which regressions a quarantine masked."""

from __future__ import annotations

from datetime import datetime

from bot.analysis.learning import error_ledger
from bot.analysis.learning.error_ledger import Ledger
from bot.analysis.model import RepositoryId
from bot.store.cases import masked as masked_store
from bot.store.database import Session
from bot.store.scores import label as label_store


def of_repository(session: Session, repository_id: RepositoryId, since: datetime, now: datetime) -> Ledger:
    """The ledger of a period that ends now."""
    return Ledger(
        since=since,
        until=now,
        statuses=error_ledger.count_errors(label_store.list_since(session, repository_id, since, now)),
        masked=tuple(masked_store.list_since(session, repository_id, since, now)),
    )
