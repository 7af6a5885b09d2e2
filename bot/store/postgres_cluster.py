"""One PostgreSQL cluster: its files, and the server process on them."""

from __future__ import annotations

import contextlib
import functools
import os
import re
import shlex
import shutil
import stat
import time
from pathlib import Path
from typing import Final

from psycopg import pq

from bot import telemetry
from bot.errors import ConfigurationError
from bot.store import postgres_binaries

START_SECONDS: Final = 60
_STOP_SECONDS: Final = 30
_LEFTOVER_SECONDS: Final = 15  # the children of a killed server exit within moments, but not at once
_SOCKET: Final = ".s.PGSQL.5432"
_SOCKET_LIMIT: Final = 100  # sun_path holds 107 bytes on Linux, 103 on macOS
_SHORT: Final = Path("/tmp")  # noqa: S108  # only a private folder inside it is used, and its owner is checked
_SETTINGS: Final = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "shared_buffers": "64MB",
    "max_connections": "120",  # the largest DATABASE_POOL_SIZE, and the queue
    "log_destination": "stderr",
    "log_checkpoints": "off",
    "timezone": "UTC",
}
_NOT_DURABLE: Final = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}
_log = telemetry.logger(__name__)


class PostgresCluster:
    """A cluster in the folder `home`; `digest` names it where a path must be short."""

    def __init__(self, home: Path, account: postgres_binaries.ServerUser, digest: str, *, durable: bool) -> None:
        self.home = home
        self.data = home / "postgres"
        self.log = home / "postgres.log"
        self.run = home / "run"
        too_long = len(os.fsencode(self.run / _SOCKET)) > _SOCKET_LIMIT
        if too_long or not re.fullmatch(r"[\w./+-]+", str(self.run), re.ASCII):
            self.run = _SHORT / f"flakeguard-{digest}"
        self.url = f"postgresql+psycopg://{account.name}@/flakeguard?host={self.run}"
        self._account = account
        self._durable = durable

    @functools.cached_property
    def _binaries(self) -> postgres_binaries.Binaries:
        version = self.data / "PG_VERSION"
        major = version.read_text().strip() if version.exists() else None
        return postgres_binaries.find(self._account, major=major, copies=self.home / "binaries")

    def ensure(self) -> None:
        """Create the cluster if there is none, and start the server; only for the holder of the lock."""
        if not (self.data / "PG_VERSION").exists():
            self._create()
        self._claim_run()
        if self._adopt():
            return
        deadline = time.monotonic() + _LEFTOVER_SECONDS
        while fault := self._launch():
            # A server that was just killed leaves children and a zombie behind; PostgreSQL waits for neither.
            is_temporary = "still in use" in fault or "already exists" in fault
            if not is_temporary or time.monotonic() > deadline:
                message = (
                    f"The embedded PostgreSQL did not start ({fault}). See {self.log}, "
                    "or set DATABASE_URL to use another one."
                )
                raise ConfigurationError(message)
            time.sleep(0.1)
        _log.info("embedded PostgreSQL started", folder=str(self.home))

    def stop(self) -> None:
        """Stop the server; its connections are closed first."""
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
        # Created under another name and renamed when complete: an interrupted initdb leaves a PG_VERSION behind.
        staging = self.home / "postgres.new"
        shutil.rmtree(staging, ignore_errors=True)
        staging.mkdir(mode=0o700)
        self._account.give(staging)
        sync = () if self._durable else ("--no-sync",)
        folder = ("-D", str(staging))
        result = self._call(
            "initdb", *folder, "--auth=trust", "--encoding=UTF8", "--locale=C", "-U", self._account.name, *sync
        )
        if result.code == 0:
            single = ("--single", *folder, "-c", "exit_on_error=true", "template1")
            result = self._call("postgres", *single, text="create database flakeguard;\n")
        if result.code != 0:
            log = self.home / "initdb.log"
            log.write_text(result.output)
            message = f"The embedded PostgreSQL could not be created ({result.fault}). See {log}, or set DATABASE_URL."
            raise ConfigurationError(message)
        if self.data.exists():
            self.data.rmdir()  # an empty folder may be here; anything else is not ours to remove
        staging.rename(self.data)

    def _owns(self, folder: Path) -> bool:
        """Whether a path is a folder of the server's user and no link: anybody may write to /tmp."""
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
        """Take over the server of an owner that was killed; False if there is none or it is unusable."""
        pid = self._postmaster()
        if pid is None:
            return False
        durable = "fsync=off" not in (self.data / "postmaster.opts").read_text()
        deadline = time.monotonic() + START_SECONDS
        while durable == self._durable and self._postmaster() == pid and time.monotonic() < deadline:
            if self.answers():
                _log.info("embedded PostgreSQL adopted", folder=str(self.home), pid=pid)
                return True
            if self._status() == "ready":
                break  # it reports ready but nobody can connect: its socket is gone
            time.sleep(0.05)
        self.stop()
        self._claim_run()
        return False

    def _launch(self) -> str:
        """Start the server; returns the fault, empty if it answers."""
        self._remove_leftovers()
        with contextlib.suppress(FileExistsError):
            os.close(os.open(self.log, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
            self._account.give(self.log)
        before = self.log.stat().st_size
        settings = _SETTINGS | ({} if self._durable else _NOT_DURABLE) | {"unix_socket_directories": str(self.run)}
        options = " ".join(f"-c {name}={shlex.quote(value)}" for name, value in settings.items())
        waiting = ("-w", "-t", str(START_SECONDS))
        result = self._call("pg_ctl", "-s", "-D", str(self.data), "-l", str(self.log), "-o", options, *waiting, "start")
        if result.code == 0 and self.answers():
            return ""
        with self.log.open(errors="replace") as log:
            log.seek(before)
            return next((line.strip() for line in log if "FATAL" in line), result.fault)

    def _remove_leftovers(self) -> None:
        """Remove the pid files of a dead server: the number may be of a zombie or of another process by now."""
        if self._postmaster() is None:
            for leftover in (self.data / "postmaster.pid", self.run / f"{_SOCKET}.lock", self.run / _SOCKET):
                leftover.unlink(missing_ok=True)

    def _postmaster(self) -> int | None:
        """The process of this cluster's server; None if it does not run."""
        lines = self._pid_file()
        pid = int(lines[0]) if lines and lines[0].isdigit() else None
        return pid if pid is not None and postgres_binaries.is_server(pid, self.data) else None

    def _status(self) -> str:
        lines = self._pid_file()
        return lines[7].strip() if len(lines) > 7 else ""  # noqa: PLR2004  # the line that pg_ctl reads

    def _pid_file(self) -> list[str]:
        try:
            return (self.data / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return []

    def _call(self, program: str, *arguments: str, text: str = "") -> postgres_binaries.ExitStatus:
        return self._binaries.call(program, *arguments, text=text, seconds=START_SECONDS + 10)
