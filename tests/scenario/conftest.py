"""A stage per scenario."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bot.store import embedded
from bot.store.database import Database
from tests.conftest import clone
from tests.scenario.day import Day
from tests.scenario.stage import Stage


@pytest.fixture
def stage(database_url: str) -> Iterator[Stage]:
    """The sandbox and a running bot."""
    made = Stage(database_url)
    made.start_bot()
    yield made
    made.close()


@pytest.fixture
def killable_stage(database_url: str) -> Iterator[Stage]:
    """The sandbox and a running bot that can be killed."""
    made = Stage(database_url, own_process=True)
    made.start_bot()
    yield made
    made.close()


@pytest.fixture(scope="module")
def day(server: embedded.Server, template: str) -> Iterator[Day]:
    """A workspace that all scenarios of a module go through, one after the other."""
    with clone(server, template) as url:
        stage, db = Stage(url), Database(url, pool_size=2)
        try:
            stage.start_bot()
            yield Day(stage, db)
        finally:
            db.close()
            stage.close()
