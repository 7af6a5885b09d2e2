"""A stage per scenario."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.scenario.stage import Stage


@pytest.fixture
def stage(database_url: str) -> Iterator[Stage]:
    """The sandbox and a running bot."""
    made = Stage(database_url)
    made.start_bot()
    yield made
    made.close()
