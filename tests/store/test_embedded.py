"""The embedded PostgreSQL: one owner per folder, and no way to kill it that the next start does not repair."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from bot.errors import ConfigurationError
from bot.store import embedded, postgres_binaries

_ROOT = os.geteuid() == 0
_REPOSITORY = Path(__file__).resolve().parents[2]
_OWNER = """
import pathlib, sys
from bot.store import embedded
server = embedded.start(pathlib.Path(sys.argv[1]), durable="durable" in sys.argv)
print("ready", server.owner, server.url, flush=True)
sys.stdin.readline()
server.stop()
print("stopped", flush=True)
"""

only_root = pytest.mark.skipif(not _ROOT, reason="needs root, to become somebody else")


@dataclass
class Process:
    """Another process that asked for the server of a folder."""

    popen: subprocess.Popen[str]
    owner: bool
    url: str

    def stop(self) -> None:
        self.popen.communicate("\n", timeout=60)

    def kill(self) -> None:
        self.popen.kill()
        self.popen.wait()


@dataclass
class DataFolder:
    """A data folder, and the user whose processes use it."""

    data: Path
    user: int | None

    def spawn(self, *words: str) -> subprocess.Popen[str]:
        return subprocess.Popen(  # this file's own script
            [_interpreter(self.user), "-c", _OWNER, str(self.data), *words],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            user=self.user,
            extra_groups=None if self.user is None else [],
            cwd="/",
            env={"PYTHONPATH": os.pathsep.join([str(_REPOSITORY), *_packages()]), "PATH": os.environ["PATH"]},
            start_new_session=True,
        )

    def wait(self, popen: subprocess.Popen[str]) -> Process:
        assert popen.stdout is not None
        for line in popen.stdout:  # the log comes on the same stream
            if line.startswith("ready "):
                _, owner, url = line.split()
                return Process(popen, owner == "True", url)
        pytest.fail("the process ended without a server")

    @contextlib.contextmanager
    def process(self, *words: str) -> Iterator[Process]:
        popen = self.spawn(*words)
        try:
            yield self.wait(popen)
        finally:
            if popen.poll() is None:
                popen.communicate("\n", timeout=60)
            for stream in (popen.stdin, popen.stdout):
                if stream is not None and not stream.closed:
                    stream.close()

    @property
    def postmaster(self) -> int:
        return int((self.data / "postgres" / "postmaster.pid").read_text().splitlines()[0])


def _packages() -> list[str]:
    return [path for path in sys.path if path.endswith("site-packages")]


def _interpreter(user: int | None) -> str:
    """An interpreter of this version that the user may run: root's own may be in root's home."""
    if user is None:
        return sys.executable
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    for candidate in (sys.executable, f"/usr/bin/python{version}", f"/usr/local/bin/python{version}"):
        with contextlib.suppress(OSError):
            tried = subprocess.run([candidate, "-c", ""], user=user, extra_groups=[], cwd="/", check=False)
            if tried.returncode == 0:
                return candidate
    pytest.skip(f"no Python {version} here that user {user} may run")


def _execute(url: str, statement: str) -> list[tuple[object, ...]]:
    with psycopg.connect(url.replace("+psycopg", "")) as connection:
        cursor = connection.execute(statement)
        return cursor.fetchall() if cursor.description else []


def _new_folder() -> Path:
    path = Path(tempfile.mkdtemp(prefix="flakeguard-embedded-", dir="/tmp"))
    path.chmod(0o755)  # the server's user has to pass
    return path


def _remove(path: Path) -> None:
    for pid_file in path.rglob("postmaster.pid"):
        pid = int(pid_file.read_text().splitlines()[0])
        if postgres_binaries.is_server(pid, pid_file.parent):
            os.kill(pid, signal.SIGQUIT)
    shutil.rmtree(path)


@pytest.fixture
def folder() -> Iterator[Path]:
    """A new, empty folder; no server lives in it afterwards."""
    path = _new_folder()
    yield path
    _remove(path)


@pytest.fixture(scope="module")
def made() -> Iterator[Path]:
    """A cluster that was made and stopped once, to be copied: making one takes most of a test's time."""
    path = _new_folder()
    embedded.start(path, durable=False).stop()
    yield path / "postgres"
    _remove(path)


@pytest.fixture
def data(folder: Path, made: Path) -> Path:
    """A data folder with a stopped cluster in it."""
    path = folder / "data"
    path.mkdir()
    subprocess.run(["/bin/cp", "-a", made, path], check=True)  # keeps the owner
    return path


@pytest.fixture(params=["ourselves", pytest.param("nobody", marks=only_root)])
def data_folder(request: pytest.FixtureRequest, data: Path) -> DataFolder:
    """A data folder for processes of our user, and of another one where we are root."""
    if request.param == "ourselves":
        return DataFolder(data, None)
    user = pwd.getpwnam("nobody")
    os.chown(data, user.pw_uid, user.pw_gid)
    return DataFolder(data, user.pw_uid)


def test_a_second_process_connects_and_never_stops_the_owners_server(data_folder: DataFolder) -> None:
    with data_folder.process() as first:
        assert first.owner
        _execute(first.url, "create table kept (n int)")
        with data_folder.process() as second:
            assert not second.owner
            assert second.url == first.url
        assert _execute(first.url, "select count(*) from kept") == [(0,)]
        first.stop()
        with pytest.raises(psycopg.OperationalError):
            _execute(first.url, "select 1")


def test_the_server_of_a_killed_owner_is_adopted_and_stopped_by_the_next(data_folder: DataFolder) -> None:
    with data_folder.process() as first:
        _execute(first.url, "create table kept (n int)")
        server = data_folder.postmaster
        first.kill()
    with data_folder.process() as second:
        assert second.owner
        assert data_folder.postmaster == server
        assert _execute(second.url, "select count(*) from kept") == [(0,)]
    assert not postgres_binaries.is_server(server, data_folder.data / "postgres")


def test_a_killed_server_is_recovered_with_what_was_committed(data_folder: DataFolder) -> None:
    with data_folder.process("durable") as first:
        _execute(first.url, "create table kept as select 7 as n")
        with psycopg.connect(first.url.replace("+psycopg", "")):  # its backend outlives the server for a moment
            os.kill(data_folder.postmaster, signal.SIGKILL)
            first.kill()
    with data_folder.process() as second:
        assert second.owner
        assert _execute(second.url, "select n from kept") == [(7,)]


def test_a_pid_file_that_names_a_stranger_does_not_stop_the_start(data_folder: DataFolder) -> None:
    with data_folder.process() as first:
        pid_file = data_folder.data / "postgres" / "postmaster.pid"
        socket_lock = data_folder.data / "run" / ".s.PGSQL.5432.lock"
        server, texts = data_folder.postmaster, {path: path.read_text() for path in (pid_file, socket_lock)}
        os.kill(server, signal.SIGKILL)
        first.kill()
    stranger = subprocess.Popen(["/bin/sleep", "60"], user=data_folder.user)
    try:
        for path, text in texts.items():
            path.write_text(text.replace(str(server), str(stranger.pid)))
        with data_folder.process() as second:
            assert second.owner
            assert _execute(second.url, "select 1") == [(1,)]
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_of_several_first_starts_one_makes_the_cluster_and_all_are_answered(folder: Path) -> None:
    data_folder = DataFolder(folder / "data", None)
    started = [data_folder.wait(popen) for popen in [data_folder.spawn() for _ in range(3)]]
    try:
        assert sorted(process.owner for process in started) == [False, False, True]
        assert all(_execute(process.url, "select 1") == [(1,)] for process in started)
    finally:
        for process in sorted(started, key=lambda process: process.owner):
            process.stop()


def test_threads_of_one_process_share_one_owner(data: Path) -> None:
    servers: list[embedded.Server] = []
    threads = [threading.Thread(target=lambda: servers.append(embedded.start(data, durable=False))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(server.owner for server in servers) == [False, False, True]
    for server in servers:
        server.stop()
        server.stop()


def test_a_start_interrupted_while_the_cluster_was_made_is_done_again(folder: Path) -> None:
    half = folder / "postgres.new"
    half.mkdir()
    (half / "PG_VERSION").write_text("18\n")
    with embedded.running(folder, durable=False) as server:
        assert _execute(server.url, "select 1") == [(1,)]


def test_files_that_are_no_cluster_are_refused_and_left_alone(folder: Path) -> None:
    (folder / "postgres").mkdir()
    (folder / "postgres" / "thesis.txt").write_text("years of work")
    with pytest.raises(ConfigurationError, match="FLAKEGUARD_DATA"):
        embedded.start(folder, durable=False)
    assert (folder / "postgres" / "thesis.txt").read_text() == "years of work"


def test_a_path_too_long_for_a_socket_with_spaces_and_a_strict_umask_works(folder: Path) -> None:
    before = os.umask(0o077)
    try:
        with embedded.running(folder / ("a long name " * 12) / "it's", durable=False) as server:
            assert _execute(server.url, "select 1") == [(1,)]
            short = Path(server.url.partition("host=")[2])
        assert not short.exists()
    finally:
        os.umask(before)


@only_root
def test_a_socket_folder_that_is_somebodys_link_is_refused(folder: Path, data: Path) -> None:
    data = data.rename(folder / ("long" * 30))
    target = folder / "target"
    target.mkdir()
    with embedded.running(data, durable=False) as server:
        short = Path(server.url.partition("host=")[2])
    short.symlink_to(target)
    try:
        with pytest.raises(ConfigurationError, match="belongs to another user"):
            embedded.start(data, durable=False)
        assert target.stat().st_uid == 0
    finally:
        short.unlink()


def test_a_server_that_cannot_start_names_its_log(data: Path) -> None:
    with embedded.running(data, durable=False):
        pass
    with (data / "postgres" / "postgresql.conf").open("a") as settings:
        settings.write("no_such_setting = on\n")
    with pytest.raises(ConfigurationError, match=r"FATAL.*postgres\.log.*DATABASE_URL"):
        embedded.start(data, durable=False)


def test_data_of_another_version_are_refused_by_a_sentence(folder: Path) -> None:
    (folder / "postgres").mkdir()
    (folder / "postgres" / "PG_VERSION").write_text("9\n")
    with pytest.raises(ConfigurationError, match="PostgreSQL 9 made"):
        embedded.start(folder, durable=False)


def test_a_durable_start_does_not_adopt_a_server_that_may_lose_data(data: Path) -> None:
    data_folder = DataFolder(data, None)
    with data_folder.process() as first:
        first.kill()
    with embedded.running(data) as server:
        assert server.owner
        assert _execute(server.url, "show fsync") == [("on",)]
        assert _execute(server.url, "show listen_addresses") == [("",)]


def test_a_signal_to_the_owners_group_does_not_reach_the_server(data: Path) -> None:
    data_folder = DataFolder(data, None)
    with data_folder.process() as owner:
        os.killpg(owner.popen.pid, signal.SIGTERM)  # a shell may have its background jobs ignore the one of Ctrl-C
        owner.popen.wait()
        assert postgres_binaries.is_server(data_folder.postmaster, data / "postgres")
    with embedded.running(data, durable=False) as server:
        assert server.owner


@only_root
def test_a_folder_the_servers_user_cannot_reach_is_left_as_it_is(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "_ROOT_HOME", folder / "own")
    private = folder / "private"
    private.mkdir(mode=0o700)
    with embedded.running(private / "data", durable=False) as server:
        assert _execute(server.url, "select 1") == [(1,)]
        assert str(folder / "own") in server.url
    assert list(private.iterdir()) == []
    assert private.stat().st_mode & 0o777 == 0o700


@only_root
def test_programs_the_servers_user_cannot_reach_are_copied_beside_the_data(
    folder: Path, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = postgres_binaries.account()
    found = postgres_binaries.find(account, major=None, copies=folder / "unused").folder
    package = found.parents[1]
    private = folder / "private"
    private.mkdir(mode=0o700)
    others = (other.name for other in package.glob("pginstall*") if other != found.parent)
    unneeded = shutil.ignore_patterns("include", "*.a", *others)
    shutil.copytree(package, private / package.name, ignore=unneeded)
    if (libraries := package.with_name(f"{package.name}.libs")).exists():
        shutil.copytree(libraries, private / libraries.name)
    monkeypatch.syspath_prepend(private)
    for _ in range(2):
        with embedded.running(data, durable=False) as server:
            assert _execute(server.url, "select 1") == [(1,)]
            ran = (data / "postgres" / "postmaster.opts").read_text()
            assert ran.startswith(str(data / "binaries"))
