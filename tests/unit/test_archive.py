from __future__ import annotations

import gzip
import io
import zipfile
from dataclasses import replace
from typing import Unpack

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.analysis.reports import archive
from bot.analysis.reports.limits import DEFAULT
from bot.errors import InvalidReportError
from tests.unit.bounds import Bounds

REPORT = b'<testsuite><testcase name="a"/></testsuite>'


def zipped(files: dict[str, bytes]) -> bytes:
    into = io.BytesIO()
    with zipfile.ZipFile(into, "w", zipfile.ZIP_DEFLATED) as made:
        for name, data in files.items():
            made.writestr(name, data)
    return into.getvalue()


def read(data: bytes, name: str = "reports.zip", **limits: Unpack[Bounds]) -> dict[str, bytes | str]:
    found: dict[str, bytes | str] = {}
    for member in archive.members(name, io.BytesIO(data), replace(DEFAULT, **limits)):
        found[member.path] = member.stream.read() if member.stream else member.fault or ""
    return found


def test_a_plain_file_is_its_own_only_member() -> None:
    assert read(REPORT, "junit.xml") == {"junit.xml": REPORT}


def test_a_gz_file_is_inflated_and_loses_its_suffix() -> None:
    assert read(gzip.compress(REPORT), "junit.xml.gz") == {"junit.xml": REPORT}


def test_the_reports_of_a_zip_come_in_order_of_name_and_the_rest_is_left_alone() -> None:
    files = {"b.xml": b"2", "a/x.xml.gz": gzip.compress(b"1"), "log.txt": b"no", "__MACOSX/b.xml": b"no", "d/": b""}
    assert list(read(zipped(files)).items()) == [("a/x.xml.gz", b"1"), ("b.xml", b"2")]


def test_the_recordings_of_playwright_are_not_taken_for_hidden_reports() -> None:
    assert list(read(zipped({"junit.xml": REPORT, "login/trace.zip": zipped({})}))) == ["junit.xml"]


def test_an_archive_inside_an_archive_is_refused_by_name() -> None:
    assert read(zipped({"inner.zip": zipped({"a.xml": REPORT})})) == {"inner.zip": "it is an archive inside an archive"}


def test_a_link_is_not_followed() -> None:
    into = io.BytesIO()
    link = zipfile.ZipInfo("junit.xml")
    link.external_attr = 0o120777 << 16
    with zipfile.ZipFile(into, "w") as made:
        made.writestr(link, "/etc/passwd")
    assert read(into.getvalue()) == {"junit.xml": "it is a link"}


def test_an_encrypted_member_is_refused() -> None:
    data = bytearray(zipped({"junit.xml": REPORT}))
    data[data.index(b"PK\x01\x02") + 8] |= 1
    assert read(bytes(data)) == {"junit.xml": "it is encrypted"}


def test_a_path_that_climbs_is_only_a_name() -> None:
    assert read(zipped({"../../etc/cron.d/x.xml": REPORT})) == {"../../etc/cron.d/x.xml": REPORT}


def test_a_name_is_shown_short_and_without_control_characters() -> None:
    (path,) = read(zipped({f"{'d' * 2000}/\x1b[31m.xml": REPORT}))
    assert len(path) <= 500
    assert path.endswith("/?[31m.xml")


@pytest.mark.parametrize(
    ("data", "limits", "named"),
    [
        (b"not a zip", {}, "named .zip but is not one"),
        (zipped({"a.xml": REPORT})[:-10], {}, "damaged"),
        (zipped({f"{i}.xml": REPORT for i in range(5)}), {"entries": 4}, "5 entries, 4 are allowed"),
        (zipped({f"{i}.xml": REPORT for i in range(5)}), {"directory_bytes": 100}, "directory is larger than 100"),
        (zipped({"a.xml": b" " * 5000}), {"archive_bytes": 1000}, "more than 1,000 bytes"),
        (zipped({"a.xml": b" " * 5_000_000}), {"ratio": 100}, "more than 100 times"),
        (zipped({f"{i}.xml.gz": gzip.compress(b" " * 600) for i in range(9)}), {"archive_bytes": 4000}, "4,000 bytes"),
    ],
)
def test_an_archive_beyond_a_bound_is_refused_with_the_bound_named(data: bytes, limits: Bounds, named: str) -> None:
    with pytest.raises(InvalidReportError, match=named):
        read(data, **limits)


def test_large_files_that_are_no_reports_do_not_count() -> None:
    assert list(read(zipped({"video.webm": b"v" * 9000, "a.xml": REPORT}), archive_bytes=1000)) == ["a.xml"]


def test_a_gz_bomb_is_refused() -> None:
    with pytest.raises(InvalidReportError, match="more than 100 times"):
        read(gzip.compress(b" " * 5_000_000), "junit.xml.gz", ratio=100)


def test_entries_that_share_bytes_are_refused() -> None:
    data = zipped({"a.xml": b"1" * 50, "b.xml": b"2" * 50})
    second = data.index(b"PK\x01\x02", data.index(b"PK\x01\x02") + 4)
    shared = data[: second + 42] + bytes(4) + data[second + 46 :]
    with pytest.raises(InvalidReportError, match="overlap"):
        read(shared)


def test_a_member_with_damaged_bytes_is_refused() -> None:
    data = zipped({"a.xml": REPORT * 50})
    with pytest.raises(InvalidReportError, match="damaged"):
        read(data[:40] + b"\xff\xff\xff" + data[43:])


WHOLE = zipped({"a.xml": REPORT, "b.xml.gz": gzip.compress(REPORT)})


@given(at=st.integers(0, len(WHOLE) - 1), put=st.binary(max_size=4), cut=st.integers(0, 8))
@settings(deadline=None, max_examples=400)
def test_a_damaged_archive_is_read_or_refused_and_nothing_else(at: int, put: bytes, cut: int) -> None:
    try:
        read(WHOLE[:at] + put + WHOLE[at + cut :])
    except InvalidReportError:
        return


def test_an_entry_without_a_name_is_left_alone() -> None:
    data = zipped({"@.xml": b"<testsuites/>", "a.xml": b"<testsuite/>"}).replace(b"@.xml", b"\0.xml")  # cut at the NUL
    assert read(data) == {"a.xml": b"<testsuite/>"}
