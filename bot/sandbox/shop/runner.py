"""Runs the shop's tests repeatedly in one process: reads requests and writes responses, one JSON object per line.

It is run as a script and imports no other module of the bot.
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
from pathlib import Path

import pytest

PROJECT = Path(__file__).parent / "project"
DEFECTS = {
    "shipping": ("src/shop/shipping.py", "total >= FREE_FROM", "total > FREE_FROM"),
    "tax": ("src/shop/prices.py", '"FR": Decimal("0.20")', '"FR": Decimal("0.21")'),
    "search": ("src/shop/search.py", "word.lower() in article", "word in article"),
}
"""Changes that break a test: file, correct code, code with the defect."""


class _Plugin:
    """A pytest plugin that shuffles the tests if asked to, and records which of them fail."""

    def __init__(self, seed: int, shuffle: bool) -> None:
        self.failed: list[str] = []
        self._random = random.Random(seed)  # noqa: S311  # not for cryptography
        self._shuffle = shuffle

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        if self._shuffle:
            self._random.shuffle(items)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed and report.nodeid not in self.failed:
            self.failed.append(report.nodeid)


def main() -> None:
    """Respond to requests until the input ends."""
    home = Path(tempfile.mkdtemp(prefix="shop-"))
    output = sys.stdout  # sys.stdout is redirected while the tests run
    try:
        for line in sys.stdin:
            response = _run(home, json.loads(line))
            output.write(json.dumps(response) + "\n")
            output.flush()
    finally:
        os.chdir("/")
        shutil.rmtree(home, ignore_errors=True)


def _run(home: Path, request: dict[str, object]) -> dict[str, object]:
    """Run all tests once and return the report, and which of them failed."""
    checkout = _checkout(home, str(request["defects"]))
    os.chdir(checkout)
    os.environ["SHOP_NOW"] = str(request["now"])
    os.environ["SHOP_SLOW"] = str(request["slow"])
    os.environ["SHOP_DOWN"] = str(request["down"])
    seed = int(str(request["seed"]))
    random.seed(seed)
    plugin = _Plugin(seed, bool(request["shuffle"]))
    report = home / "junit.xml"
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        pytest.main([f"--junitxml={report}", "-q", f"--rootdir={checkout}"], plugins=[plugin])
    for name in [name for name in sys.modules if name.partition(".")[0] in {"shop", "tests", "conftest"}]:
        del sys.modules[name]  # the next run imports everything again, like a new process
    return {"report": report.read_text(encoding="utf-8"), "failed": plugin.failed}


def _checkout(home: Path, defects: str) -> Path:
    """Return a folder with the shop's sources and these defects; each combination has its own folder."""
    folder = home / (defects or "main") / "shop"
    if not folder.exists():
        shutil.copytree(PROJECT, folder, ignore=shutil.ignore_patterns("__pycache__"))
        for name in filter(None, defects.split("+")):
            path, correct, defect = DEFECTS[name]
            text = (folder / path).read_text(encoding="utf-8")
            (folder / path).write_text(text.replace(correct, defect), encoding="utf-8")
    return folder


if __name__ == "__main__":
    main()
