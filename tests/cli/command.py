"""Running the command as people do."""

from __future__ import annotations

import io
import logging
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass

import pytest
import structlog

from bot import cli


@dataclass(frozen=True)
class Ran:
    """What a command printed, and its exit status."""

    returncode: int
    stdout: str
    stderr: str


def flakeguard(*arguments: str, **environment: str) -> Ran:
    """Run the command in this process, with no other variables than these."""
    stdout, stderr = io.StringIO(), io.StringIO()
    with only(environment) as patch, same_logging(), redirect_stdout(stdout), redirect_stderr(stderr):
        patch.setattr(sys, "argv", ["flakeguard", *arguments])
        with pytest.raises(SystemExit) as ended:
            cli.main()
    return Ran(int(ended.value.code or 0), stdout.getvalue(), stderr.getvalue())


def flakeguard_process(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command in a process of its own."""
    command = [sys.executable, "-c", "from bot.cli import main; main()", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment, timeout=60)


@contextmanager
def only(environment: Mapping[str, str]) -> Iterator[pytest.MonkeyPatch]:
    """No other variables than these."""
    with pytest.MonkeyPatch.context() as patch:
        for name in os.environ:
            patch.delenv(name)
        for name, value in environment.items():
            patch.setenv(name, value)
        yield patch


@contextmanager
def same_logging() -> Iterator[None]:
    """Leave the log of the tests as it was."""
    root = logging.getLogger()
    configuration, handlers, level = structlog.get_config(), root.handlers[:], root.level
    yield
    structlog.configure(**configuration)
    root.handlers[:] = handlers
    root.setLevel(level)
