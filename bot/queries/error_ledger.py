"""The error ledger: how often a status was wrong, and which regressions a quarantine masked."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from bot.analysis.learning import error_ledger
from bot.analysis.learning.error_ledger import ErrorLedger
from bot.analysis.model import RepositoryId
from bot.store.cases import masked as masked_store
from bot.store.database import Session
from bot.store.scores import label as label_store


def of_repository(session: Session, repository_id: RepositoryId, since: datetime, now: datetime) -> ErrorLedger:
    """The ledger of one repository of a period that ends now."""
    return of_repositories(session, [repository_id], since, now)[0]


def of_repositories(
    session: Session, repository_ids: Sequence[RepositoryId], since: datetime, now: datetime
) -> list[ErrorLedger]:
    """The ledger of each repository of a period that ends now, in their order."""
    labels = label_store.list_since(session, repository_ids, since, now)
    masked = masked_store.list_since(session, repository_ids, since, now)
    return [
        ErrorLedger(
            since=since,
            until=now,
            statuses=error_ledger.count_errors([label for label in labels if label.repository_id == repository_id]),
            masked=tuple(masked[repository_id]),
        )
        for repository_id in repository_ids
    ]
