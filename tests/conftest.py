"""What several layers of tests share: one PostgreSQL for the session, a migrated database per test."""

from __future__ import annotations

import itertools
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa
import stamina
import structlog
from sqlalchemy.engine import make_url

from bot.app import SUBSCRIBERS
from bot.services import event
from bot.store import embedded
from bot.store.database import Database

_numbers = itertools.count(1)
_MEMORY_BYTES = 4 * 2**30  # what the databases of several workers may need
event.subscribe(SUBSCRIBERS)  # as a process of the bot does


def pytest_configure() -> None:
    """Show the log with the output of a test that fails, from warnings on."""
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.contextvars.merge_contextvars,
            structlog.processors.format_exc_info,
            structlog.processors.KeyValueRenderer(key_order=["event"]),
        ],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )


@pytest.fixture(scope="session", autouse=True)
def no_backoff() -> None:
    """Repeat a call that failed as often as outside of tests, but at once."""
    stamina.set_testing(True, attempts=3, cap=True)


@pytest.fixture(scope="session", autouse=True)
def no_certificates(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Tests speak with 127.0.0.1 only, without TLS; reading the machine's certificates takes 40 ms for each client."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SSL_CERT_DIR", str(tmp_path_factory.mktemp("no-certificates")))
        yield


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Bytes are named by their argument: compressed ones hold the time, and every worker must collect the same."""
    return argname if isinstance(val, bytes) else None


@pytest.fixture(scope="session")
def server() -> Iterator[embedded.Server]:
    """A PostgreSQL for the tests: the real thing, not durable."""
    folder = _memory_or_disk() / f"flakeguard-tests-{os.getpid()}"
    folder.mkdir()
    started = embedded.start(folder, durable=False)
    yield started
    started.stop()
    shutil.rmtree(folder)


def _memory_or_disk() -> Path:
    """Where the server's own user can write, in memory if there is room: cloning takes ten times as long on a disk."""
    memory = Path("/dev/shm")  # noqa: S108  # only a folder of this process inside it is used
    if memory.is_dir() and os.access(memory, os.W_OK):
        file_system = os.statvfs(memory)
        is_large = file_system.f_bavail * file_system.f_frsize >= _MEMORY_BYTES
        if is_large and not file_system.f_flag & os.ST_NOEXEC:  # the programs may have to be copied there
            return memory
    return Path("/tmp")  # noqa: S108


@pytest.fixture(scope="session")
def template(server: embedded.Server) -> str:
    """The name of a migrated database that is never connected to again."""
    _execute(server.url, "create database template_flakeguard")
    database = Database(_named(server.url, "template_flakeguard"))
    database.migrate()
    database.close()
    return "template_flakeguard"


@pytest.fixture
def database_url(server: embedded.Server, template: str) -> Iterator[str]:
    """The address of a database of its own, cloned from the template."""
    with clone(server, template) as url:
        yield url


@contextmanager
def clone(server: embedded.Server, template: str) -> Iterator[str]:
    """A database cloned from the template; its address."""
    name = f"test_{next(_numbers)}"
    _execute(server.url, f"create database {name} template {template} strategy file_copy")
    yield _named(server.url, name)
    _execute(server.url, f"drop database {name} with (force)")


@pytest.fixture
def db(database_url: str) -> Iterator[Database]:
    """A database of its own."""
    database = Database(database_url, pool_size=4)
    yield database
    database.close()


def database_name(url: str) -> str:
    """The name of the database at an address."""
    return str(make_url(url).database)


def _named(url: str, name: str) -> str:
    return url.replace("@/flakeguard?", f"@/{name}?")


def _execute(url: str, statement: str) -> None:
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(statement)
    engine.dispose()
