"""Installations and repositories, as GitHub names them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from bot.analysis.model import RepositoryId
from bot.store import record
from bot.store.database import Session
from bot.store.tables.results import installations, repositories


@dataclass(frozen=True, slots=True)
class Repository:
    """A repository FlakeGuard was let into; `installation_id` is None where no delivery has named it yet."""

    id: RepositoryId
    installation_id: int | None
    full_name: str
    default_branch: str


@dataclass(frozen=True, slots=True)
class RepositoryDetails:
    """What a payload says of a repository; `default_branch` is None where the payload leaves it out."""

    id: RepositoryId
    full_name: str
    default_branch: str | None
    private: bool


def put_installation(session: Session, installation_id: int, account: str, *, suspended_at: datetime | None) -> None:
    """Record an installation that exists."""
    row = {"account": account, "suspended_at": suspended_at, "deleted_at": None}
    record.put(session, installations, {"id": installation_id}, row)


def delete_installation(session: Session, installation_id: int, now: datetime) -> None:
    """Record that an installation is gone, and its repositories with it."""
    session.execute(sa.update(installations).where(installations.c.id == installation_id).values(deleted_at=now))
    session.execute(
        sa.update(repositories).where(repositories.c.installation_id == installation_id).values(removed_at=now)
    )


def put(
    session: Session,
    repository_id: RepositoryId,
    *,
    installation_id: int | None,
    full_name: str,
    default_branch: str | None,
    private: bool,
) -> None:
    """Record a repository that exists; an unknown installation or branch does not erase a known one."""
    put_all(session, installation_id, [RepositoryDetails(repository_id, full_name, default_branch, private)])


def put_all(session: Session, installation_id: int | None, repositories_now: Iterable[RepositoryDetails]) -> None:
    """Record repositories that exist, in at most two statements; of several with one id the last counts."""
    details = {repository.id: repository for repository in repositories_now}.values()
    for is_branch_known in (True, False):
        rows = [
            record.values(repository)
            | {"installation_id": installation_id, "default_branch": repository.default_branch or "main"}
            for repository in details
            if bool(repository.default_branch) is is_branch_known
        ]
        if not rows:
            continue
        statement = insert(repositories).values(rows)
        new = statement.excluded
        session.execute(
            statement.on_conflict_do_update(
                index_elements=["id"],
                set_={
                    "installation_id": sa.func.coalesce(new.installation_id, repositories.c.installation_id),
                    "full_name": new.full_name,
                    "default_branch": new.default_branch if is_branch_known else repositories.c.default_branch,
                    "private": new.private,
                    "removed_at": None,
                },
            )
        )


def remove(session: Session, repository_ids: Iterable[RepositoryId], now: datetime) -> None:
    """Record that repositories are no longer ours to read; what is known of them stays."""
    session.execute(sa.update(repositories).where(repositories.c.id.in_(repository_ids)).values(removed_at=now))


def get(session: Session, repository_id: RepositoryId) -> Repository:
    """The repository of this number.

    Raises:
        NotFoundError: not known.
    """
    query = _SELECT.where(repositories.c.id == repository_id)
    missing = "FlakeGuard does not know this repository; install the GitHub App on it."
    return record.get(session, Repository, query, missing)


def find_by_name(session: Session, full_name: str) -> Repository | None:
    """The repository called `owner/name`, in any case of letters."""
    is_named_so = sa.func.lower(repositories.c.full_name) == full_name.lower()
    return record.find(session, Repository, _SELECT.where(is_named_so, repositories.c.removed_at.is_(None)))


def list_by_id(session: Session, repository_ids: Sequence[RepositoryId]) -> Sequence[Repository]:
    """The repositories of these numbers, by name."""
    query = _SELECT.where(repositories.c.id.in_(repository_ids)).order_by(repositories.c.full_name)
    return record.list_all(session, Repository, query)


def list_present(session: Session) -> Sequence[Repository]:
    """Every repository that has not been removed, by name."""
    query = _SELECT.where(repositories.c.removed_at.is_(None)).order_by(repositories.c.full_name)
    return record.list_all(session, Repository, query)


COLUMNS = record.columns(repositories, Repository)
_SELECT = sa.select(*COLUMNS)
