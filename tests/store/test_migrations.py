"""The migrations make the tables the code knows."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from bot.errors import ConfigurationError
from bot.store import tables
from bot.store.database import Database, parse_url


@pytest.fixture
def connection(database_url: str) -> Iterator[sa.Connection]:
    engine = sa.create_engine(parse_url(database_url))
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def differences(connection: sa.Connection) -> list[object]:
    """What the migrated tables have and the code does not, or the other way about."""
    options = {"compare_type": True, "compare_server_default": True, "include_object": ours}
    return list(compare_metadata(MigrationContext.configure(connection, opts=options), tables.metadata))


def ours(_item: object, name: str | None, kind: str, _reflected: bool, _other: object) -> bool:
    return not (kind == "table" and (name or "").startswith("procrastinate_"))


def test_the_migrated_tables_are_those_the_code_knows(connection: sa.Connection) -> None:
    assert differences(connection) == []


def test_a_table_without_one_of_the_columns_the_code_knows_is_reported(connection: sa.Connection) -> None:
    connection.execute(sa.text("alter table cases drop column title"))
    assert len(differences(connection)) == 1


def test_migrating_a_database_that_is_at_the_newest_revision_changes_nothing(database_url: str) -> None:
    database = Database(database_url)
    database.migrate()
    assert database.is_migrated()
    database.close()


def test_tables_of_another_version_are_an_error_that_says_what_to_do(database_url: str) -> None:
    database = Database(database_url)
    with database.begin() as session:
        session.execute(sa.text("update alembic_version set version_num = 'unknown'"))
    with pytest.raises(ConfigurationError, match="made by another version of FlakeGuard"):
        database.migrate()
    database.close()
