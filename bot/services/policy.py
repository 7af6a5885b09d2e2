"""The policy in force in a repository, and whose its paths are."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from functools import lru_cache

from bot.analysis.model import RepositoryId
from bot.analysis.quarantine import owner
from bot.analysis.quarantine.policy import ApprovalRule, Policy
from bot.errors import InvalidInputError
from bot.github import policy_file
from bot.store.database import Session
from bot.store.decisions import policy as policy_store
from bot.store.decisions.policy import StoredPolicy


def of_repository(session: Session, repository_id: RepositoryId) -> Policy:
    """The policy in force: the last good `.flakeguard.yml` of the default branch, or the defaults."""
    stored = policy_store.find(session, repository_id)
    return _parsed(stored.source if stored else "")


def rule(session: Session, repository_id: RepositoryId, path: str) -> ApprovalRule:
    """Who may approve a quarantine of a case of this file."""
    return of_repository(session, repository_id).approval.rule(path)


def fault(session: Session, repository_id: RepositoryId) -> str | None:
    """Why the newest policy file is not in force; None where it is."""
    stored = policy_store.find(session, repository_id)
    return stored.fault if stored else None


def owners_of(session: Session, repository_id: RepositoryId, path: str) -> tuple[str, ...]:
    """The owners of a path as CODEOWNERS writes them, such as `@org/team`; none where nobody is named."""
    return owners_of_paths(session, repository_id, [path]).get(path, ())


def owners_of_paths(
    session: Session, repository_id: RepositoryId, paths: Collection[str]
) -> Mapping[str, tuple[str, ...]]:
    """The owners of some paths, as `owners_of` names them."""
    stored = policy_store.find(session, repository_id) if paths else None
    rules = _rules(stored.codeowners) if stored else ()
    return {path: owner.of_path(rules, path) for path in paths if path}


def load(
    session: Session, repository_id: RepositoryId, file: bytes | None, codeowners: bytes | None, now: datetime
) -> str | None:
    """Put the files of the default branch in force; a bad policy keeps the last good one, and its fault is returned."""
    before = policy_store.find(session, repository_id)
    source, wrong = "", None
    if file is not None:
        try:
            policy_file.parse(file)
            source = file.decode("utf-8-sig")
        except InvalidInputError as error:
            wrong = str(error)
            source = before.source if before else ""
    named = codeowners.decode("utf-8", "replace") if codeowners and len(codeowners) <= owner.BYTES else ""
    policy_store.put(session, repository_id, StoredPolicy(source, named.replace("\0", ""), wrong, now))
    return wrong


@lru_cache(maxsize=256)
def _parsed(source: str) -> Policy:
    return policy_file.parse(source.encode())


@lru_cache(maxsize=64)
def _rules(text: str) -> tuple[owner.Rule, ...]:
    return owner.parse(text)
