"""When a run took place and of which commit, by its reports and the names of its files."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

HEAD_BYTES = 16 * 1024
"""Bytes at the beginning of a report that are searched for a time: the first suite has it in its first tag."""

# JUnit and its relatives, NUnit 3 (start-time), TRX (<Times start=…>), xUnit.net v2 (run-date and run-time).
_ATTRIBUTE = re.compile(r"""[\s](?:timestamp|start-time|start)\s*=\s*["']([^"'<>]{8,40})["']""")
_DATE_AND_TIME = re.compile(
    r"""\srun-date\s*=\s*["'](\d{4}-\d\d-\d\d)["'][^<>]{0,500}?\srun-time\s*=\s*["'](\d\d:\d\d:\d\d)["']"""
)
_SPACE = re.compile(r"(\d) +([+-]\d\d:?\d\d)$")
_DIGITS = re.compile(r"\d+")
_SHA = re.compile(r"(?<![0-9A-Za-z])(?:[0-9a-f]{40}|(?=[a-f]*\d)(?=\d*[a-f])[0-9a-f]{7,39})(?![0-9A-Za-z])")
_DATE = re.compile(
    r"(?<!\d)(20\d\d)[-_.]?([01]\d)[-_.]?([0-3]\d)(?:[-_.T ]?([0-2]\d)[-_.:]?([0-5]\d)(?:[-_.:]?([0-5]\d))?)?"
)


def of_report(head: bytes) -> datetime | None:
    """The earliest time in the beginning of a report, UTC if it has no zone; None if there is none."""
    text = _decode(head)
    written = [match[1] for match in _ATTRIBUTE.finditer(text)]
    written += [f"{match[1]}T{match[2]}" for match in _DATE_AND_TIME.finditer(text)]
    return min((time for value in written if (time := _parse(value)) is not None), default=None)


def of_name(name: str) -> datetime | None:
    """The date, with the time if there is one, in the name of a file or folder; None if there is none."""
    for match in _DATE.finditer(name):
        year, month, day, hour, minute, second = (int(part or 0) for part in match.groups())
        try:
            return datetime(year, month, day, hour, minute, second, tzinfo=UTC)
        except ValueError:
            continue
    return None


def sort_key(name: str) -> tuple[int, ...] | None:
    """The numbers in a name outside a commit, to put `build-9` before `build-10`; None if there are none."""
    numbers = tuple(int(digits[:18]) for digits in _DIGITS.findall(_SHA.sub(" ", name)))
    return numbers or None


def commit(name: str) -> str | None:
    """The commit in a name: 40 hexadecimal digits, or 7 and more with a letter and a digit among them."""
    match = _SHA.search(name)
    return match and match[0]


def spread(count: int, last: datetime) -> list[datetime]:
    """Times for runs of which only the order is known: an hour apart, ending with `last`."""
    return [last - timedelta(hours=count - 1 - number) for number in range(count)]


def _decode(head: bytes) -> str:
    for mark, encoding in ((b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be")):
        if head.startswith(mark):
            return head[2:].decode(encoding, "replace")
    return head.decode("latin-1")


def _parse(text: str) -> datetime | None:
    try:
        time = datetime.fromisoformat(_SPACE.sub(r"\1\2", text.strip().removesuffix(" UTC")))
        time = (time.replace(tzinfo=UTC) if time.tzinfo is None else time).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return time if time.year >= 1990 else None  # noqa: PLR2004  # 1970 and 0001 stand for "unknown"
