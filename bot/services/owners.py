"""Who answers for a case."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from bot.analysis.model import CaseId, RepositoryId
from bot.store import clusters, quarantines
from bot.store.database import Session


def of_cases(session: Session, repository_id: RepositoryId, case_ids: Iterable[CaseId]) -> Mapping[CaseId, str]:
    """The owner named on the latest quarantine of each case, else that of the cluster it is part of.

    Cases nobody was named for are left out.
    """
    wanted = list(case_ids)
    return {
        **clusters.list_owned(session, repository_id, wanted),
        **quarantines.list_owners(session, repository_id, wanted),
    }
