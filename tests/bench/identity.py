"""Identifying the cases of a report, beside reading them."""

from __future__ import annotations

import io
import time

from bot.analysis import collisions, identity, reader
from bot.analysis.collisions import Source
from bot.analysis.reported import ReportedCase

CASES = 500_000
_NAMES = (
    "test_order_%d_is_kept",
    "test_price[%d-EUR]",
    "adds %d items to the cart when it is empty",
    "test_upload[/tmp/pytest-of-runner/pytest-%d/data.json]",
)


def main() -> None:
    """Measure a report of passing cases, one name in four with parameters and one with something to mask."""
    data = b"<testsuite name='pytest'>%s</testsuite>" % b"".join(
        b'<testcase file="tests/test_%d.py" classname="tests.test_%d.TestCart" name="%s" time="0.01"/>'
        % (number // 100, number // 100, (_NAMES[number % 4] % number).encode())
        for number in range(CASES)
    )
    cases: list[ReportedCase] = []
    started = time.perf_counter()
    reader.read(io.BytesIO(data), cases.extend)
    reading = time.perf_counter() - started
    started = time.perf_counter()
    for case in cases:
        identity.identify(case)
    identifying = time.perf_counter() - started
    started = time.perf_counter()
    collisions.merge([(Source("junit", "", "report.xml"), cases)])
    merging = time.perf_counter() - started
    print(  # noqa: T201
        f"identify {CASES:,} cases: {identifying:.2f} s, {identifying / reading:.2f} x reading them; "
        f"tell apart and identify: {merging:.2f} s, {merging / reading:.2f} x"
    )
