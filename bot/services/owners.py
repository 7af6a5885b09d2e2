"""Who answers for a case."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from bot.analysis.model import CaseId, RepositoryId
from bot.store import quarantines
from bot.store.database import Session


def of_cases(session: Session, repository_id: RepositoryId, case_ids: Iterable[CaseId]) -> Mapping[CaseId, str]:
    """The owner named on the latest quarantine of each case; cases nobody was named for are left out."""
    return quarantines.list_owners(session, repository_id, case_ids)
