"""A workspace for each scenario: an empty one, or a copy of one in which something has happened already."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bot.store import embedded
from tests.conftest import clone
from tests.scenario.day import Day
from tests.scenario.snapshot import Snapshot
from tests.scenario.stage import Stage


@pytest.fixture(scope="session")
def suspicious(server: embedded.Server, template: str) -> Iterator[Snapshot]:
    """A repository in which `test_total` failed and passed on the same commit twice; a third time makes it flaky."""
    with clone(server, template) as url:
        stage = Stage(url, linked=False)
        stage.start_bot()
        stage.make_suspicious()
        yield stage.snapshot()


@pytest.fixture(scope="session")
def eventful(server: embedded.Server, suspicious: Snapshot) -> Iterator[Snapshot]:
    """A repository with three flaky tests, each with its card, and a red commit."""
    with clone(server, suspicious.template) as url:
        stage = Stage(url, snapshot=suspicious)
        stage.start_bot()
        Day.play(stage)
        yield stage.snapshot()


@pytest.fixture
def new_stage(database_url: str) -> Iterator[Stage]:
    """The sandbox and a running bot, which has not heard of any repository."""
    with Stage(database_url) as stage:
        yield stage


@pytest.fixture
def suspicious_url(server: embedded.Server, suspicious: Snapshot) -> Iterator[str]:
    """The address of a database in which that repository is stored."""
    with clone(server, suspicious.template) as url:
        yield url


@pytest.fixture
def stage(suspicious_url: str, suspicious: Snapshot) -> Iterator[Stage]:
    """The sandbox and a running bot; `turn_flaky` makes `test_total` flaky."""
    with Stage(suspicious_url, snapshot=suspicious) as stage:
        yield stage


@pytest.fixture
def killable_stage(suspicious_url: str, suspicious: Snapshot) -> Iterator[Stage]:
    """The same with a bot that can be killed."""
    with Stage(suspicious_url, snapshot=suspicious, own_process=True) as stage:
        yield stage


@pytest.fixture
def day(server: embedded.Server, eventful: Snapshot) -> Iterator[Day]:
    """A workspace with flaky tests, and what a person does there."""
    with clone(server, eventful.template) as url, Stage(url, snapshot=eventful) as stage:
        yield Day(stage)
