"""A PostgreSQL of our own: started by the bot, shut down with it, recovered after a crash.

A data folder has one owner, the holder of its lock; everybody else connects to the owner's server. PostgreSQL
refuses to run as root, so root runs it as `nobody`: in the data folder where that user can reach it, else in a folder
under /var/lib/flakeguard, because opening somebody's home folder to others is not ours to do.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import re
import shlex
import shutil
import stat
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from psycopg import pq

from bot import telemetry
from bot.errors import ConfigurationError
from bot.store import postgres_binaries

_log = telemetry.logger(__name__)
_START_SECONDS = 60
_STOP_SECONDS = 30
_DEBRIS_SECONDS = 15  # the children of a killed server leave within moments, but not at once
_SOCKET = ".s.PGSQL.5432"
_SOCKET_LIMIT = 100  # sun_path holds 107 bytes on Linux, 103 on macOS
_SHORT = Path("/tmp")  # noqa: S108  # only a private folder inside it is used, and its owner is checked
_ROOT_HOME = Path("/var/lib/flakeguard")
_UNQUOTABLE = frozenset('"$`\\\n')  # pg_ctl hands the path to a shell between double quotes
_SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "shared_buffers": "64MB",
    "max_connections": "120",  # the largest DATABASE_POOL_SIZE, and the queue beside it
    "log_destination": "stderr",
    "log_checkpoints": "off",
    "timezone": "UTC",
}
_NOT_DURABLE = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}


@dataclass(slots=True)
class Server:
    """A running PostgreSQL; `owner` is whether this process started it and stops it."""

    url: str
    owner: bool
    _cluster: _Cluster
    _lock: IO[str] | None

    def stop(self) -> None:
        """Stop the server if this process owns it; harmless a second time."""
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
    """A server for the length of a block."""
    server = start(data, durable=durable)
    try:
        yield server
    finally:
        server.stop()


def start(data: Path, *, durable: bool = True) -> Server:
    """Start the PostgreSQL of a data folder, or connect to the one another process owns there.

    Raises:
        ConfigurationError: it cannot be started; the text names the log.
    """
    try:
        account = postgres_binaries.account()
        home = _home(data, account)
        _make(home, account)
        cluster = _Cluster(home, account, durable=durable)
        return _start(cluster)
    except OSError as error:
        message = (
            f"The embedded PostgreSQL cannot use {data} ({error}). Set FLAKEGUARD_DATA to a folder of yours, "
            "or DATABASE_URL to use another PostgreSQL."
        )
        raise ConfigurationError(message) from error


def _start(cluster: _Cluster) -> Server:
    with contextlib.ExitStack() as stack:
        lock = stack.enter_context(os.fdopen(os.open(cluster.home / "lock", os.O_RDWR | os.O_CREAT, 0o600), "r+"))
        deadline = time.monotonic() + _START_SECONDS
        while not _took(lock):
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
        stack.pop_all()  # the lock is kept for the owner's life
    return Server(cluster.url, owner=True, _cluster=cluster, _lock=lock)


def _took(lock: IO[str]) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _home(data: Path, account: postgres_binaries.Account) -> Path:
    """Where the cluster lives: the data folder, or for root one of its own if `nobody` cannot reach that."""
    home = data.expanduser().resolve()
    if account.changed and not account.may_enter(next(folder for folder in (home, *home.parents) if folder.exists())):
        home = _ROOT_HOME / _digest(home)
    if _UNQUOTABLE & set(str(home)):
        message = f'FLAKEGUARD_DATA: {home} has one of " $ ` \\ in it; choose a folder without.'
        raise ConfigurationError(message)
    return home


def _make(home: Path, account: postgres_binaries.Account) -> None:
    missing = [folder for folder in (home, *home.parents) if not folder.exists()]
    for folder in reversed(missing):
        folder.mkdir(exist_ok=True)
        if account.changed:
            folder.chmod(0o755)  # whatever the umask: the server's user has to pass


def _digest(path: Path) -> str:
    return hashlib.sha256(str(path).encode()).hexdigest()[:12]


class _Cluster:
    """The files and the process of one PostgreSQL."""

    def __init__(self, home: Path, account: postgres_binaries.Account, *, durable: bool) -> None:
        self.home = home
        self.data = home / "postgres"
        self.log = home / "postgres.log"
        self.run = home / "run"
        too_long = len(os.fsencode(self.run / _SOCKET)) > _SOCKET_LIMIT
        if too_long or not re.fullmatch(r"[\w./+-]+", str(self.run), re.ASCII):
            self.run = _SHORT / f"flakeguard-{_digest(home)}"
        self.url = f"postgresql+psycopg://{account.name}@/flakeguard?host={self.run}"
        self._account = account
        self._durable = durable
        self._found: postgres_binaries.Binaries | None = None

    @property
    def _binaries(self) -> postgres_binaries.Binaries:
        if self._found is None:
            version = self.data / "PG_VERSION"
            major = version.read_text().strip() if version.exists() else None
            self._found = postgres_binaries.find(self._account, major=major, copies=self.home / "binaries")
        return self._found

    def ensure(self) -> None:
        """Create the cluster where there is none, and have it answer; for the holder of the lock."""
        if not (self.data / "PG_VERSION").exists():
            self._create()
        self._claim_run()
        if self._adopt():
            return
        deadline = time.monotonic() + _DEBRIS_SECONDS
        while fault := self._launch():
            # A server killed a moment ago leaves children and a zombie behind; PostgreSQL waits for neither.
            passing = "still in use" in fault or "already exists" in fault
            if not passing or time.monotonic() > deadline:
                message = (
                    f"The embedded PostgreSQL did not start ({fault}). See {self.log}, "
                    "or set DATABASE_URL to use another one."
                )
                raise ConfigurationError(message)
            time.sleep(0.1)
        _log.info("embedded PostgreSQL started", folder=str(self.home))

    def stop(self) -> None:
        """Stop the server, its connections closed first."""
        for mode in ("fast", "immediate"):
            self._call("pg_ctl", "-D", str(self.data), "-m", mode, "-w", "-t", str(_STOP_SECONDS), "stop")
            if self._postmaster() is None:
                break
        else:
            _log.warning("embedded PostgreSQL does not stop", log=str(self.log))
        if self.run.parent == _SHORT:
            with contextlib.suppress(OSError):
                self.run.rmdir()

    def answers(self) -> bool:
        """Whether the server accepts connections."""
        name = self._account.name
        conninfo = f"host={self.run} port=5432 user={name} dbname=flakeguard connect_timeout=2"
        return self._owns(self.run) and pq.PGconn.ping(conninfo.encode()) == pq.Ping.OK

    def _create(self) -> None:
        # Made under another name and renamed when whole: an interrupted initdb leaves a PG_VERSION behind.
        staging = self.home / "postgres.new"
        shutil.rmtree(staging, ignore_errors=True)
        staging.mkdir(mode=0o700)
        self._account.give(staging)
        sync = () if self._durable else ("--no-sync",)
        where = ("-D", str(staging))
        made = self._call(
            "initdb", *where, "--auth=trust", "--encoding=UTF8", "--locale=C", "-U", self._account.name, *sync
        )
        if made.code == 0:
            single = ("--single", *where, "-c", "exit_on_error=true", "template1")
            made = self._call("postgres", *single, text="create database flakeguard;\n")
        if made.code != 0:
            kept = self.home / "initdb.log"
            kept.write_text(made.output)
            message = f"The embedded PostgreSQL could not be created ({made.fault}). See {kept}, or set DATABASE_URL."
            raise ConfigurationError(message)
        if self.data.exists():
            self.data.rmdir()  # an empty folder may stand here; anything more is not ours to remove
        staging.rename(self.data)

    def _owns(self, folder: Path) -> bool:
        """Whether a folder is a real one of the server's user: /tmp is open to everybody, links included."""
        try:
            status = folder.lstat()
        except FileNotFoundError:
            return False
        return stat.S_ISDIR(status.st_mode) and status.st_uid == self._account.uid

    def _claim_run(self) -> None:
        with contextlib.suppress(FileExistsError):
            self.run.mkdir(mode=0o700)
            self._account.give(self.run)
        if not self._owns(self.run):
            message = f"{self.run} belongs to another user or is not a folder. Remove it, and start again."
            raise ConfigurationError(message)

    def _adopt(self) -> bool:
        """Take over the server of an owner that was killed; False where there is none or it is of no use."""
        pid = self._postmaster()
        if pid is None:
            return False
        durable = "fsync=off" not in (self.data / "postmaster.opts").read_text()
        deadline = time.monotonic() + _START_SECONDS
        while durable == self._durable and self._postmaster() == pid and time.monotonic() < deadline:
            if self.answers():
                _log.info("embedded PostgreSQL adopted", folder=str(self.home), pid=pid)
                return True
            if self._status() == "ready":
                break  # it believes it is ready, yet nobody can connect: its socket is gone
            time.sleep(0.05)
        self.stop()
        self._claim_run()
        return False

    def _launch(self) -> str:
        """Start the server; the fault in words, empty when it answers."""
        self._clear_debris()
        with contextlib.suppress(FileExistsError):
            os.close(os.open(self.log, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
            self._account.give(self.log)
        before = self.log.stat().st_size
        settings = _SETTINGS | ({} if self._durable else _NOT_DURABLE) | {"unix_socket_directories": str(self.run)}
        options = " ".join(f"-c {name}={shlex.quote(value)}" for name, value in settings.items())
        waiting = ("-w", "-t", str(_START_SECONDS))
        called = self._call("pg_ctl", "-s", "-D", str(self.data), "-l", str(self.log), "-o", options, *waiting, "start")
        if called.code == 0 and self.answers():
            return ""
        with self.log.open(errors="replace") as log:
            log.seek(before)
            return next((line.strip() for line in log if "FATAL" in line), called.fault)

    def _clear_debris(self) -> None:
        """Drop the pid files of a dead server: its number may be a zombie's, or somebody else's, by now."""
        if self._postmaster() is None:
            for debris in (self.data / "postmaster.pid", self.run / f"{_SOCKET}.lock", self.run / _SOCKET):
                debris.unlink(missing_ok=True)

    def _postmaster(self) -> int | None:
        """The process of this cluster's server, None where it does not live."""
        lines = self._pid_file()
        pid = int(lines[0]) if lines and lines[0].isdigit() else None
        return pid if pid is not None and postgres_binaries.is_server(pid, self.data) else None

    def _status(self) -> str:
        lines = self._pid_file()
        return lines[7].strip() if len(lines) > 7 else ""  # noqa: PLR2004  # the line pg_ctl reads too

    def _pid_file(self) -> list[str]:
        try:
            return (self.data / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return []

    def _call(self, program: str, *arguments: str, text: str = "") -> postgres_binaries.Outcome:
        return self._binaries.call(program, *arguments, text=text, seconds=_START_SECONDS + 10)
