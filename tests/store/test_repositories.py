"""The repositories of an installation, as payloads describe them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from bot.analysis.model import RepositoryId
from bot.store.database import Database
from bot.store.workspaces import repository as repository_store
from bot.store.workspaces.repository import Repository, RepositoryDetails
from tests.sql_count import counting

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)


def details(number: int, *, branch: str | None = None) -> RepositoryDetails:
    return RepositoryDetails(RepositoryId(number), f"acme/shop-{number:03}", branch, private=False)


@pytest.mark.parametrize("number", [5, 500])
def test_repositories_are_recorded_and_removed_in_a_statement_each(db: Database, number: int) -> None:
    with counting() as count, db.begin() as session:
        repository_store.put_all(session, 7, [details(one) for one in range(1, number + 1)])
    assert len(count.statements) == 1
    with counting() as count, db.begin() as session:
        repository_store.remove(session, [RepositoryId(one) for one in range(2, number + 1)], NOW)
    assert len(count.statements) == 1
    with db.begin() as session:
        assert repository_store.list_present(session) == [Repository(RepositoryId(1), 7, "acme/shop-001", "main")]


def test_what_a_payload_leaves_out_does_not_erase_what_is_known(db: Database) -> None:
    with db.begin() as session:
        repository_store.put_all(session, 7, [details(1, branch="trunk"), details(2)])
        repository_store.put_all(session, None, [details(1), details(2, branch="develop")])
        assert [(one.installation_id, one.default_branch) for one in repository_store.list_present(session)] == [
            (7, "trunk"),
            (7, "develop"),
        ]


def test_a_repository_named_twice_in_a_payload_is_recorded_once(db: Database) -> None:
    with db.begin() as session:
        repository_store.put_all(session, 7, [details(1), details(1, branch="trunk")])
        assert [one.default_branch for one in repository_store.list_present(session)] == ["trunk"]


def test_no_repository_is_no_statement(db: Database) -> None:
    with counting() as count, db.begin() as session:
        repository_store.put_all(session, 7, [])
    assert count.statements == []
