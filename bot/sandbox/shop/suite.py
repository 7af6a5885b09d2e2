"""The shop's test suite as CI sees it: a world to run in goes in, a JUnit report comes out."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

FOLDER = Path(__file__).parent
PROJECT = FOLDER / "project"
_RUNNER = FOLDER / "runner.py"
_EXIT_SECONDS = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """What a run meets: chance, the time, slow and dead neighbours, changes of the code, tests in order of chance."""

    seed: int
    now: datetime
    slow: tuple[str, ...] = ()
    down: tuple[str, ...] = ()
    code: tuple[str, ...] = ()
    shuffle: bool = False


@dataclass(frozen=True, slots=True)
class Report:
    """What a run left: the JUnit file, and the tests that failed."""

    xml: str
    failed: tuple[str, ...]


class Suite:
    """A process that runs the tests on request, one run at a time; it starts with the first."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None
        self._lock = threading.Lock()

    def run(self, world: World) -> Report:
        """Run all tests in this world."""
        request = {
            "seed": world.seed,
            "now": world.now.isoformat(),
            "slow": ",".join(world.slow),
            "down": ",".join(world.down),
            "code": "+".join(sorted(world.code)),
            "shuffle": world.shuffle,
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
        answer = json.loads(line)
        return Report(str(answer["report"]), tuple(str(name) for name in answer["failed"]))

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
    """The files of the shop's repository by their paths."""
    return {
        path.relative_to(PROJECT).as_posix(): path.read_bytes()
        for path in sorted(PROJECT.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    }
