"""Runs the shop's tests again and again in one process: one JSON request per line in, one answer per line out.

Started as a script of its own, so it imports nothing of the bot, and pytest only here.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import random
import shutil
import sys
import tempfile
import time
from pathlib import Path

import pytest

PROJECT = Path(__file__).parent / "project"
CHANGES = {
    "shipping": ("src/shop/shipping.py", "total >= FREE_FROM", "total > FREE_FROM"),
    "tax": ("src/shop/prices.py", '"FR": Decimal("0.20")', '"FR": Decimal("0.21")'),
    "search": ("src/shop/search.py", "word.lower() in article", "word in article"),
}
"""Changes to the code that break a test: file, what was written, what is written instead."""


class _Order:
    """Notes what failed, and puts the tests in an order of chance where that is asked for."""

    def __init__(self, seed: int, shuffle: bool) -> None:
        self.failed: list[str] = []
        self._random = random.Random(seed)  # noqa: S311  # the order of tests is no secret
        self._shuffle = shuffle

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        if self._shuffle:
            self._random.shuffle(items)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed and report.nodeid not in self.failed:
            self.failed.append(report.nodeid)


def main() -> None:
    """Answer requests until the input ends."""
    home = Path(tempfile.mkdtemp(prefix="shop-"))
    answers = sys.stdout
    try:
        for line in sys.stdin:
            answer = _run(home, json.loads(line))
            answers.write(json.dumps(answer) + "\n")
            answers.flush()
    finally:
        os.chdir("/")
        shutil.rmtree(home, ignore_errors=True)


def _run(home: Path, world: dict[str, object]) -> dict[str, object]:
    """Run all tests once in this world; the answer holds the report and what failed."""
    checkout = _checkout(home, str(world["code"]))
    os.chdir(checkout)
    os.environ["SHOP_NOW"] = str(world["now"])
    os.environ["SHOP_SLOW"] = str(world["slow"])
    os.environ["SHOP_DOWN"] = str(world["down"])
    seed = int(str(world["seed"]))
    random.seed(seed)
    order = _Order(seed, bool(world["shuffle"]))
    report = home / "junit.xml"
    started = time.monotonic()
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        code = pytest.main([f"--junitxml={report}", "-q", f"--rootdir={checkout}"], plugins=[order])
    for name in [name for name in sys.modules if name.partition(".")[0] in {"shop", "tests", "conftest"}]:
        del sys.modules[name]  # the next run is a new process as far as the shop can tell
    return {
        "code": int(code),
        "report": report.read_text(encoding="utf-8"),
        "failed": order.failed,
        "seconds": time.monotonic() - started,
    }


def _checkout(home: Path, code: str) -> Path:
    """The shop's sources with these changes, each set of changes in a folder of its own."""
    folder = home / (code or "main") / "shop"
    if not folder.exists():
        shutil.copytree(PROJECT, folder, ignore=shutil.ignore_patterns("__pycache__"))
        for name in filter(None, code.split("+")):
            path, old, new = CHANGES[name]
            text = (folder / path).read_text(encoding="utf-8")
            (folder / path).write_text(text.replace(old, new), encoding="utf-8")
    return folder


if __name__ == "__main__":
    main()
