"""The migrations make the tables the code knows, and can be taken back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import alembic.command
import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from bot.store import tables
from bot.store.database import parse_url

MIGRATIONS = Path(__file__).parents[2] / "migrations"


@pytest.fixture
def connection(database_url: str) -> Iterator[sa.Connection]:
    engine = sa.create_engine(parse_url(database_url))
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def differences(connection: sa.Connection) -> list[object]:
    """What the migrated tables have and the code does not, or the other way about."""
    context = MigrationContext.configure(connection, opts={"compare_type": True, "include_object": ours})
    return list(compare_metadata(context, tables.metadata))


def ours(_item: object, name: str | None, kind: str, _reflected: bool, _other: object) -> bool:
    return not (kind == "table" and (name or "").startswith("procrastinate_"))


def test_the_migrated_tables_are_those_the_code_knows(connection: sa.Connection) -> None:
    assert differences(connection) == []


def test_every_migration_can_be_taken_back_and_done_again(connection: sa.Connection) -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    revisions = list(ScriptDirectory.from_config(config).walk_revisions())
    for revision in revisions[:-1]:
        alembic.command.downgrade(config, str(revision.down_revision))
        connection.commit()
    alembic.command.upgrade(config, "head")
    connection.commit()
    assert differences(connection) == []
