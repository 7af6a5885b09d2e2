"""Reading a report, against expat without handlers."""

from __future__ import annotations

import io
import time
from collections.abc import Callable
from xml.parsers import expat

from bot.analysis import reader as report_reader

CASES = 100_000


def main() -> None:
    """Measure a report of passing cases."""
    case = b'<testcase file="tests/test_a.py" classname="tests.test_a" name="test_%d" time="0.01"/>'
    data = b"<testsuite>" + b"".join(case % number for number in range(CASES)) + b"</testsuite>"
    floor = _time(lambda: expat.ParserCreate().Parse(data, True))
    ours = _time(lambda: report_reader.read(io.BytesIO(data), lambda _case: None))
    print(f"read {CASES:,} cases: {ours:.2f} s, {ours / floor:.1f} x expat without handlers")  # noqa: T201


def _time(action: Callable[[], object]) -> float:
    best = float("inf")
    for _ in range(3):
        started = time.perf_counter()
        action()
        best = min(best, time.perf_counter() - started)
    return best
