from __future__ import annotations

from datetime import UTC, datetime

import pytest

from bot.analysis.reports import report_time


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (b'<testsuite name="a" timestamp="2026-03-01T10:00:00">', datetime(2026, 3, 1, 10, tzinfo=UTC)),
        (b'<testsuite timestamp="2026-03-01T10:00:00+02:00">', datetime(2026, 3, 1, 8, tzinfo=UTC)),
        (b"<testsuite timestamp='2026-03-01 10:00:00 +0100'>", datetime(2026, 3, 1, 9, tzinfo=UTC)),
        (b'<test-run id="2" start-time="2026-03-01 10:00:00Z">', datetime(2026, 3, 1, 10, tzinfo=UTC)),
        (b'<Times creation="x" start="2026-03-01T10:00:00.5+00:00"/>', datetime(2026, 3, 1, 10, 0, 0, 500000, UTC)),
        (b'<assembly run-date="2026-03-01" run-time="10:00:00">', datetime(2026, 3, 1, 10, tzinfo=UTC)),
        (b'<testsuite timestamp="1970-01-01T00:00:00">', None),
        (b'<testsuite timestamp="yesterday at noon">', None),
        (b'<testcase name="timestamp">', None),
        ('\ufeff<testsuite timestamp="2026-03-01">'.encode("utf-16-le"), datetime(2026, 3, 1, tzinfo=UTC)),
    ],
)  # fmt: skip
def test_the_time_of_a_report_is_read_in_every_dialect(head: bytes, expected: datetime | None) -> None:
    assert report_time.of_report(head) == expected


def test_the_earliest_of_several_times_is_the_start() -> None:
    head = b'<testsuite timestamp="2026-03-01T10:00:09"><testsuite timestamp="2026-03-01T10:00:00">'
    assert report_time.of_report(head) == datetime(2026, 3, 1, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("2026-03-01", datetime(2026, 3, 1, tzinfo=UTC)),
        ("nightly_20260301T1430", datetime(2026, 3, 1, 14, 30, tzinfo=UTC)),
        ("run-2026-03-01_14-30-05.xml", datetime(2026, 3, 1, 14, 30, 5, tzinfo=UTC)),
        ("build-20269901", None),
        ("build-17", None),
    ],
)
def test_a_date_in_a_name_is_found(name: str, expected: datetime | None) -> None:
    assert report_time.of_name(name) == expected


def test_names_sort_by_their_numbers_and_not_by_their_commits() -> None:
    names = ["build-10-0f3a9c1", "build-9-ffff999", "build-100-1234abc"]
    assert sorted(names, key=lambda name: report_time.sort_key(name) or ()) == [names[1], names[0], names[2]]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("101-0f3a9c1.xml", "0f3a9c1"),
        ("7" * 40, "7" * 40),
        ("20260301", None),
        ("facade", None),
        ("deadbeef", None),
    ],
)
def test_a_commit_in_a_name_has_letters_and_digits_or_forty_places(name: str, expected: str | None) -> None:
    assert report_time.commit(name) == expected
