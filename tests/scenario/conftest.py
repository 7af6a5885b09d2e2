"""A workspace for each scenario: an empty one, or a copy of one in which something has happened already."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bot.store import embedded
from tests.conftest import clone
from tests.scenario.running_app import RunningApp
from tests.scenario.snapshot import Snapshot
from tests.scenario.workspace import Workspace


@pytest.fixture(scope="session")
def suspicious(server: embedded.Server, template: str) -> Iterator[Snapshot]:
    """A repository in which `test_total` failed and passed on the same commit twice; a third time makes it flaky."""
    with clone(server, template) as url:
        app = RunningApp(url, linked=False)
        app.start_bot()
        app.make_suspicious()
        yield app.snapshot()


@pytest.fixture(scope="session")
def eventful(server: embedded.Server, suspicious: Snapshot) -> Iterator[Snapshot]:
    """A repository with three flaky tests, each with its card, and a red commit."""
    with clone(server, suspicious.template) as url:
        app = RunningApp(url, snapshot=suspicious)
        app.start_bot()
        Workspace.play(app)
        yield app.snapshot()


@pytest.fixture
def new_app(database_url: str) -> Iterator[RunningApp]:
    """The sandbox and a running bot, which has not heard of any repository."""
    with RunningApp(database_url) as app:
        yield app


@pytest.fixture
def suspicious_url(server: embedded.Server, suspicious: Snapshot) -> Iterator[str]:
    """The address of a database in which that repository is stored."""
    with clone(server, suspicious.template) as url:
        yield url


@pytest.fixture
def app(suspicious_url: str, suspicious: Snapshot) -> Iterator[RunningApp]:
    """The sandbox and a running bot; `turn_flaky` makes `test_total` flaky."""
    with RunningApp(suspicious_url, snapshot=suspicious) as app:
        yield app


@pytest.fixture
def killable_app(suspicious_url: str, suspicious: Snapshot) -> Iterator[RunningApp]:
    """The same with a bot that can be killed."""
    with RunningApp(suspicious_url, snapshot=suspicious, own_process=True) as app:
        yield app


@pytest.fixture
def workspace(server: embedded.Server, eventful: Snapshot) -> Iterator[Workspace]:
    """A workspace with flaky tests, and what a person does there."""
    with clone(server, eventful.template) as url, RunningApp(url, snapshot=eventful) as app:
        yield Workspace(app)
