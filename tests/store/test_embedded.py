"""The embedded PostgreSQL: one owner, and recovery from the worst."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.errors import ConfigurationError
from bot.store import embedded
from bot.store.database import Database, parse_url


@pytest.fixture
def data() -> Iterator[Path]:
    """A folder that the server's own user can reach."""
    folder = Path(tempfile.mkdtemp(prefix="flakeguard-embedded-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


def write(url: str, statement: str) -> object:
    database = Database(url, pool_size=1)
    with database.begin() as session:
        result = session.exec_driver_sql(statement)
        value = result.scalar() if result.returns_rows else None
    database.close()
    return value


def postmaster(data: Path) -> int:
    return int((data / "postgres" / "postmaster.pid").read_text().splitlines()[0])


def test_a_second_command_connects_and_never_stops_the_owners_server(data: Path) -> None:
    owner = embedded.start(data)
    guest = embedded.start(data)
    assert (owner.owner, guest.owner) == (True, False)
    guest.stop()
    assert write(owner.url, "select 1") == 1
    owner.stop()
    with pytest.raises(Exception, match="does not answer"):
        write(owner.url, "select 1")


def test_a_killed_server_and_a_pid_file_of_somebody_else_are_recovered_from(data: Path) -> None:
    first = embedded.start(data)
    write(first.url, "create table kept as select 7 as n")
    os.kill(postmaster(data), signal.SIGKILL)
    first.stop()
    pid_file = data / "postgres" / "postmaster.pid"
    if pid_file.exists():
        lines = pid_file.read_text().splitlines()
        pid_file.write_text("\n".join([str(os.getpid()), *lines[1:]]) + "\n")
    second = embedded.start(data)
    assert write(second.url, "select n from kept") == 7
    second.stop()


def test_a_server_that_outlived_its_owner_is_adopted(data: Path) -> None:
    first = embedded.start(data)
    write(first.url, "create table kept as select 7 as n")
    first._lock.close()
    second = embedded.start(data)
    assert second.owner
    assert write(second.url, "select n from kept") == 7
    second.stop()


def test_what_is_no_postgresql_is_refused_with_a_sentence() -> None:
    for address in ("mysql://h/d", "nonsense", "sqlite:///x"):
        with pytest.raises(ConfigurationError, match="DATABASE_URL"):
            parse_url(address)
