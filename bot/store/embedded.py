"""The embedded PostgreSQL: started by the bot, stopped with it, recovered after a crash.

A data folder has one owner, the holder of its lock; every other process connects to the owner's server. PostgreSQL
refuses to run as root, so root runs it as `nobody`: in the data folder if that user can reach it, else in a folder
under /var/lib/flakeguard, because we never open somebody's home folder to others.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from bot.errors import ConfigurationError
from bot.store import postgres_binaries
from bot.store.postgres_cluster import START_SECONDS, PostgresCluster

_ROOT_HOME: Final = Path("/var/lib/flakeguard")
_UNQUOTABLE: Final = frozenset('"$`\\\n')  # pg_ctl passes the path to a shell between double quotes


@dataclass(slots=True)
class Server:
    """A running PostgreSQL; `owner` says that this process started it and stops it."""

    url: str
    owner: bool
    _cluster: PostgresCluster
    _lock: IO[str] | None

    def stop(self) -> None:
        """Stop the server if this process owns it; idempotent."""
        if not self.owner:
            return
        self.owner = False
        try:
            self._cluster.stop()
        finally:
            if self._lock is not None:
                self._lock.close()
                self._lock = None


@contextlib.contextmanager
def running(data: Path, *, durable: bool = True) -> Iterator[Server]:
    """A server for the duration of a `with` block."""
    server = start(data, durable=durable)
    try:
        yield server
    finally:
        server.stop()


def start(data: Path, *, durable: bool = True) -> Server:
    """Start the PostgreSQL of a data folder, or connect to the one that another process owns.

    Raises:
        ConfigurationError: it cannot be started; the message names the log.
    """
    try:
        account = postgres_binaries.account()
        home = _home_of(data, account)
        _make_folders(home, account)
        return _start(PostgresCluster(home, account, _digest(home), durable=durable))
    except OSError as error:
        message = (
            f"The embedded PostgreSQL cannot use {data} ({error}). Set FLAKEGUARD_DATA to another folder, "
            "or DATABASE_URL to use another PostgreSQL."
        )
        raise ConfigurationError(message) from error


def _start(cluster: PostgresCluster) -> Server:
    with contextlib.ExitStack() as stack:
        lock = stack.enter_context(os.fdopen(os.open(cluster.home / "lock", os.O_RDWR | os.O_CREAT, 0o600), "r+"))
        deadline = time.monotonic() + START_SECONDS
        while not _try_lock(lock):
            if cluster.answers():
                return Server(cluster.url, owner=False, _cluster=cluster, _lock=None)
            if time.monotonic() > deadline:
                message = (
                    f"Another process owns {cluster.home} but its PostgreSQL does not answer. "
                    f"Stop that process, or see {cluster.log}."
                )
                raise ConfigurationError(message)
            time.sleep(0.05)
        cluster.ensure()
        stack.pop_all()  # the owner keeps the lock
    return Server(cluster.url, owner=True, _cluster=cluster, _lock=lock)


def _try_lock(lock: IO[str]) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _home_of(data: Path, account: postgres_binaries.ServerUser) -> Path:
    """The folder of the cluster: the data folder, or for root its own one if `nobody` cannot reach that."""
    home = data.expanduser().resolve()
    if account.changed and not account.may_enter(next(folder for folder in (home, *home.parents) if folder.exists())):
        home = _ROOT_HOME / _digest(home)
    if _UNQUOTABLE & set(str(home)):
        message = f'FLAKEGUARD_DATA: {home} has one of " $ ` \\ in it; choose a folder without.'
        raise ConfigurationError(message)
    return home


def _make_folders(home: Path, account: postgres_binaries.ServerUser) -> None:
    missing = [folder for folder in (home, *home.parents) if not folder.exists()]
    for folder in reversed(missing):
        folder.mkdir(exist_ok=True)
        if account.changed:
            folder.chmod(0o755)  # whatever the umask is: the server's user must enter


def _digest(path: Path) -> str:
    return hashlib.sha256(str(path).encode()).hexdigest()[:12]
