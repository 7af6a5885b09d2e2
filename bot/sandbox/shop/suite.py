"""The shop's test suite, run in a process of its own: an environment goes in, a JUnit report comes out."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

_PROJECT = Path(__file__).parent / "project"
_RUNNER = Path(__file__).parent / "runner.py"
_EXIT_SECONDS = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SuiteEnvironment:
    """What the tests depend on; `slow` and `down` name services, `defects` those of the code."""

    seed: int
    now: datetime
    slow: tuple[str, ...] = ()
    down: tuple[str, ...] = ()
    defects: tuple[str, ...] = ()
    shuffle: bool = False


@dataclass(frozen=True, slots=True)
class SuiteReport:
    """The JUnit XML of a run, and the node ids of the tests that failed."""

    xml: str
    failed: tuple[str, ...]


class SuiteProcess:
    """A process that runs the tests on request, one run at a time; it starts with the first."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None
        self._lock = threading.Lock()

    def run(self, environment: SuiteEnvironment) -> SuiteReport:
        """Run all tests.

        Raises:
            RuntimeError: the process does not run, because pytest is missing.
        """
        request = {
            "seed": environment.seed,
            "now": environment.now.isoformat(),
            "slow": ",".join(environment.slow),
            "down": ",".join(environment.down),
            "defects": "+".join(sorted(environment.defects)),
            "shuffle": environment.shuffle,
        }
        with self._lock:
            process = self._process or self._start()
            if process.stdin is None or process.stdout is None:
                message = "The shop's tests have no pipes."
                raise RuntimeError(message)
            try:
                process.stdin.write(json.dumps(request) + "\n")
                process.stdin.flush()
                line = process.stdout.readline()
            except BrokenPipeError:
                line = ""
            if not line:
                self._process = None
                message = "The shop's tests do not run: pytest is missing. Install flakeguard-slack[demo]."
                raise RuntimeError(message)
        response = json.loads(line)
        return SuiteReport(str(response["report"]), tuple(str(name) for name in response["failed"]))

    def close(self) -> None:
        """End the process."""
        with self._lock:
            process, self._process = self._process, None
        if process is None or process.stdin is None or process.stdout is None:
            return
        process.stdin.close()
        try:
            process.wait(_EXIT_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()

    def _start(self) -> subprocess.Popen[str]:
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "SHOP_"))}
        environment["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
        self._process = subprocess.Popen(  # noqa: S603  # our own script
            [sys.executable, "-P", str(_RUNNER)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            env=environment,
        )
        return self._process


def sources() -> dict[str, bytes]:
    """Return the files of the shop's repository by path."""
    return {
        path.relative_to(_PROJECT).as_posix(): path.read_bytes()
        for path in sorted(_PROJECT.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    }
