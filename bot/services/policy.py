"""Stores the policy and the CODEOWNERS of a default branch."""

from __future__ import annotations

from datetime import datetime

from bot.analysis.model import RepositoryId
from bot.analysis.quarantine import owner
from bot.store.database import Session
from bot.store.decisions import policy as policy_store
from bot.store.decisions.policy import StoredPolicy


def load(
    session: Session,
    repository_id: RepositoryId,
    document: str,
    codeowners: bytes | None,
    now: datetime,
    *,
    fault: str | None = None,
) -> None:
    """Put a policy in force: the JSON of its file, empty where there is none.

    `fault` says why the newest file is no policy; the last good one then stays in force.
    """
    previous = policy_store.find(session, repository_id) if fault else None
    if fault:
        document = previous.document if previous else ""
    owners = codeowners.decode("utf-8", "replace") if codeowners and len(codeowners) <= owner.MAX_BYTES else ""
    policy_store.put(session, repository_id, StoredPolicy(document, owners.replace("\0", ""), fault, now))
