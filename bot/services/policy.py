"""Loading the policy file and CODEOWNERS of a default branch."""

from __future__ import annotations

from datetime import datetime

from bot.analysis.model import RepositoryId
from bot.analysis.quarantine import owner
from bot.errors import InvalidInputError
from bot.github import policy_file
from bot.store.database import Session
from bot.store.decisions import policy as policy_store
from bot.store.decisions.policy import StoredPolicy


def load(
    session: Session, repository_id: RepositoryId, file: bytes | None, codeowners: bytes | None, now: datetime
) -> str | None:
    """Put the files of the default branch in force; a bad policy keeps the last good one, and its fault is returned."""
    previous = policy_store.find(session, repository_id)
    source, fault = "", None
    if file is not None:
        try:
            policy_file.parse(file)
            source = file.decode("utf-8-sig")
        except InvalidInputError as error:
            fault = str(error)
            source = previous.source if previous else ""
    owners = codeowners.decode("utf-8", "replace") if codeowners and len(codeowners) <= owner.BYTES else ""
    policy_store.put(session, repository_id, StoredPolicy(source, owners.replace("\0", ""), fault, now))
    return fault
