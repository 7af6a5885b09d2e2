"""The policy in force in a repository, and whose its paths are."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from functools import lru_cache

from bot.analysis.model import RepositoryId
from bot.analysis.quarantine import owner
from bot.analysis.quarantine import policy as policy_rules
from bot.analysis.quarantine.policy import DEFAULT, Policy
from bot.store.database import Session
from bot.store.decisions import policy as policy_store


def of_repository(session: Session, repository_id: RepositoryId) -> Policy:
    """The policy in force: the last good `.flakeguard.yml` of the default branch, or the defaults."""
    return of_repositories(session, [repository_id])[repository_id]


def of_repositories(session: Session, repository_ids: Collection[RepositoryId]) -> Mapping[RepositoryId, Policy]:
    """The policy in force in each repository."""
    stored = policy_store.list_of(session, repository_ids)
    return {
        repository_id: decode(stored[repository_id].document) if repository_id in stored else DEFAULT
        for repository_id in repository_ids
    }


def fault(session: Session, repository_id: RepositoryId) -> str | None:
    """Why the newest policy file is not in force; None where it is."""
    stored = policy_store.find(session, repository_id)
    return stored.fault if stored else None


def owners_of(session: Session, repository_id: RepositoryId, path: str) -> tuple[str, ...]:
    """The owners of a path as CODEOWNERS writes them, such as `@org/team`; none where nobody is named."""
    return owner.of_path(list_codeowners(session, [repository_id])[repository_id], path) if path else ()


def list_codeowners(
    session: Session, repository_ids: Collection[RepositoryId]
) -> dict[RepositoryId, tuple[owner.CodeownersRule, ...]]:
    """The rules of CODEOWNERS of each repository; none where it has no such file."""
    stored = policy_store.list_of(session, repository_ids) if repository_ids else {}
    return {
        repository_id: _rules(stored[repository_id].codeowners) if repository_id in stored else ()
        for repository_id in repository_ids
    }


@lru_cache(maxsize=256)
def decode(document: str) -> Policy:
    """The policy of a stored document; the defaults of an empty one."""
    return policy_rules.decode(json.loads(document)) if document else DEFAULT


@lru_cache(maxsize=64)
def _rules(text: str) -> tuple[owner.CodeownersRule, ...]:
    return owner.parse(text)
