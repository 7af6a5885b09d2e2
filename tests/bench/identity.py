"""Identifying the cases of a report, beside reading them; in seconds of the processor."""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Iterable

from bot.analysis.identity import case_identity, collision
from bot.analysis.identity.collision import Source
from bot.analysis.reports import reader
from bot.analysis.reports.reported_case import ReportedCase

CASES = 500_000
_NAMES = (
    *["test_order_%d_is_kept"] * 9,
    *["test_price[%d-EUR]"] * 5,
    *["adds %d items to the cart when it is empty"] * 5,
    "test_upload_%d[/tmp/pytest-of-runner/pytest-7/data.json]",
)


def main() -> None:
    """Measure a report of passing cases: names, parameters, sentences, and one in twenty with something to mask."""
    data = b"<testsuite name='pytest'>%s</testsuite>" % b"".join(
        b'<testcase file="tests/test_%d.py" classname="tests.test_%d.TestCart" name="%s" time="0.01"/>'
        % (number // 100, number // 100, (_NAMES[number % len(_NAMES)] % (number % 100)).encode())
        for number in range(CASES)
    )
    cases: list[ReportedCase] = []
    reading = _time(lambda: reader.read(io.BytesIO(data), _ignore))
    reader.read(io.BytesIO(data), cases.extend)
    identifying = _time(lambda: [case_identity.identify(case).key for case in cases])
    merging = _time(lambda: collision.merge([(Source("junit", "", "report.xml"), cases)]))
    print(  # noqa: T201
        f"identify {CASES:,} cases: {identifying:.2f} s, {identifying / reading:.2f} x reading them; "
        f"tell apart and identify: {merging:.2f} s, {merging / reading:.2f} x"
    )


def _ignore(_cases: Iterable[ReportedCase]) -> None:
    """Read without keeping."""


def _time(action: Callable[[], object]) -> float:
    best = float("inf")
    for _ in range(3):
        started = time.process_time()
        action()
        best = min(best, time.process_time() - started)
    return best
