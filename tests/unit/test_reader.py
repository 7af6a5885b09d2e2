"""The reader: dialects, bounds, salvage."""

from __future__ import annotations

import gzip
import io
import random
import unicodedata
import zipfile
from dataclasses import replace
from typing import Unpack

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.analysis.identity import artifact_name, case_identity
from bot.analysis.model import Outcome, Verdict
from bot.analysis.reports import archive, reader
from bot.analysis.reports.limits import DEFAULT
from bot.analysis.reports.reported_case import ReportedCase, Summary
from bot.analysis.runs import run_report
from bot.errors import InvalidReportError
from tests.unit.bounds import Bounds
from tests.unit.mixed_report import MIXED


class Slowly(io.BytesIO):
    """A stream that gives its bytes in chunks of one size."""

    def __init__(self, data: bytes, size: int) -> None:
        super().__init__(data)
        self._size = size

    def read(self, _size: int | None = -1) -> bytes:
        return super().read(self._size)


def read(data: bytes, **bounds: Unpack[Bounds]) -> tuple[Summary, list[ReportedCase]]:
    cases: list[ReportedCase] = []
    return reader.read(io.BytesIO(data), cases.extend, replace(DEFAULT, **bounds)), cases


def zipped(**members: bytes) -> io.BytesIO:
    into = io.BytesIO()
    with zipfile.ZipFile(into, "w", zipfile.ZIP_DEFLATED) as made:
        for name, data in members.items():
            made.writestr(name.replace("__", "."), data)
    return into


def test_elements_are_counted_and_declared_totals_are_not_believed() -> None:
    summary, cases = read(MIXED)
    counted = (summary.cases, summary.passed, summary.failed, summary.errored, summary.skipped, summary.flaky)
    assert counted == (5, 2, 1, 1, 1, 1)
    assert summary.complete
    assert cases[0].duration == pytest.approx(1234.5)
    assert [one.outcome for one in cases[4].results] == [Outcome.FAILED, Outcome.PASSED]


@given(st.integers(min_value=1, max_value=len(MIXED)))
def test_reading_does_not_depend_on_where_chunks_end(size: int) -> None:
    cases: list[ReportedCase] = []
    assert reader.read(Slowly(MIXED, size), cases.extend) == read(MIXED)[0]
    assert cases == read(MIXED)[1]


def test_a_file_that_breaks_off_is_read_up_to_there_and_is_incomplete() -> None:
    summary, _ = read(MIXED[:300])
    assert summary.cases > 0
    assert not summary.complete


@pytest.mark.parametrize(
    "packed",
    [
        gzip.compress(MIXED) + b"no gzip",
        gzip.compress(MIXED)[:-8],
        gzip.compress(MIXED + random.Random(1).randbytes(200_000).hex().encode())[:-50_000],  # noqa: S311  # no secret
    ],
)
def test_what_can_be_inflated_of_a_damaged_archive_is_kept_and_is_incomplete(packed: bytes) -> None:
    (member,) = archive.members("junit.xml.gz", io.BytesIO(packed))
    assert member.stream is not None
    cases: list[ReportedCase] = []
    summary = reader.read(member.stream, cases.extend)
    assert (len(cases), summary.complete) == (5, False)
    assert summary.warnings[0].endswith("after 5 cases")
    (variant,) = run_report.read_artifacts(
        [run_report.DownloadedArtifact("junit", io.BytesIO(packed))], "ci.yml"
    ).variants
    assert (len(variant.cases), variant.complete) == (5, False)


@pytest.mark.parametrize(
    "hostile",
    [
        b'<!DOCTYPE a [<!ENTITY x "y">]><testsuite><testcase name="&x;"/></testsuite>',
        b'<!DOCTYPE a SYSTEM "http://127.0.0.1/x"><testsuite/>',
        b"",
        b"   ",
        b"{}",
        b"<html></html>",
        b"<testsuite>" * 200,
    ],
)
def test_hostile_and_foreign_files_are_refused_with_a_reason(hostile: bytes) -> None:
    with pytest.raises(InvalidReportError, match=r"\w+ \w+"):
        read(hostile)


def test_each_bound_is_named_when_it_is_passed() -> None:
    with pytest.raises(InvalidReportError, match="larger than 100"):
        read(MIXED, report_bytes=100)
    with pytest.raises(InvalidReportError, match="more than 2 cases"):
        read(MIXED, cases=2)
    long = b"<testsuite><testcase name='" + b"x" * 500_000 + b"'/></testsuite>"
    with pytest.raises(InvalidReportError, match="longer than 1,000"):
        read(long, token_bytes=1000)


def test_an_archive_is_bounded_and_its_refused_members_are_named() -> None:
    bomb = zipped(a__xml=b"<testsuite>" + b" " * 3_000_000 + b"</testsuite>")
    report = run_report.read_artifacts(
        [run_report.DownloadedArtifact("junit", bomb)], "ci.yml", replace(DEFAULT, archive_bytes=1_000_000)
    )
    assert not report.complete
    assert "inflates" in report.problems[0].reason
    with pytest.raises(InvalidReportError, match="entries"):
        list(archive.members("a.zip", zipped(a__xml=MIXED, b__xml=MIXED), replace(DEFAULT, entries=1)))


def test_gz_and_zip_hold_the_same_report() -> None:
    for stream in (io.BytesIO(gzip.compress(MIXED)), zipped(report__xml=MIXED), io.BytesIO(MIXED)):
        report = run_report.read_artifacts(
            [run_report.DownloadedArtifact("junit-linux", stream)], ".github/workflows/ci.yml"
        )
        assert report.complete
        assert [variant.variant for variant in report.variants] == ["ci/linux"]
        assert len(report.variants[0].cases) == 5


def test_the_order_of_files_changes_nothing_and_repeated_identities_are_retries() -> None:
    passed = b'<testsuite><testcase classname="k" name="one"/></testsuite>'
    failed = b'<testsuite><testcase classname="k" name="one"><failure/></testcase></testsuite>'
    there = run_report.read_artifacts(
        [run_report.DownloadedArtifact("junit", zipped(a__xml=failed, b__xml=passed))], "ci.yml"
    )
    back = run_report.read_artifacts(
        [run_report.DownloadedArtifact("junit", zipped(b__xml=passed, a__xml=failed))], "ci.yml"
    )
    assert there == back
    assert there.variants[0].cases[0].verdict is Verdict.FLAKY


def test_an_artifact_without_reports_is_no_pass() -> None:
    report = run_report.read_artifacts([run_report.DownloadedArtifact("junit", zipped(readme__txt=b"x"))], "ci.yml")
    assert not report.complete
    assert "No test report" in report.problems[0].reason


def case(name: str, file: str = "") -> ReportedCase:
    return ReportedCase(suites=(), file=file, class_name="", name=name, duration=0, outcome=Outcome.PASSED)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("test_a[0x7f3a2b10]", "test_a[0x7f99aa10]"),
        ("test_a[/tmp/pytest-1/x]", "test_a[/tmp/pytest-2/x]"),
        ("test_a[2026-01-01T10:00:00Z]", "test_a[2026-02-01T11:00:00Z]"),
        ("t[6ba7b810-9dad-11d1-80b4-00c04fd430c8]", "t[6ba7b811-9dad-11d1-80b4-00c04fd430c8]"),
    ],
)
def test_what_changes_between_runs_is_no_identity(one: str, other: str) -> None:
    assert case_identity.identify(case(one)).key == case_identity.identify(case(other)).key


def test_absolute_paths_and_relative_ones_are_one_file() -> None:
    here = case_identity.identify(case("t", "/home/runner/work/shop/shop/tests/test_a.py"))
    assert here.key == case_identity.identify(case("t", "tests/test_a.py")).key


PLAIN = st.text(st.characters(exclude_categories=("Cc", "Cs"), exclude_characters="[(0"), max_size=40)


@given(PLAIN, PLAIN)
def test_different_plain_names_never_merge(one: str, other: str) -> None:
    if unicodedata.normalize("NFC", one).strip() != unicodedata.normalize("NFC", other).strip():
        assert case_identity.identify(case(one)).key != case_identity.identify(case(other)).key


@pytest.mark.parametrize(
    ("artifact", "variant", "shard"),
    [
        ("junit-linux-py3.12", "ci/linux-py3.12", ""),
        ("test-results", "ci/default", ""),
        ("junit-linux-shard-2", "ci/linux", "2"),
        ("reports-windows-1-of-4-attempt-2", "ci/windows", "1"),
    ],
)
def test_the_variant_is_what_tells_the_leg(artifact: str, variant: str, shard: str) -> None:
    assert artifact_name.split(artifact, ".github/workflows/ci.yml@refs/heads/main") == (variant, shard)


@pytest.mark.parametrize(
    "before", ["", '<testcase classname="c" file="f" name="a" />\n']
)  # read by the parser, by a pattern
def test_of_a_name_without_end_a_hash_is_kept_that_tells_it_from_others(before: str) -> None:
    long = "x[" + "y" * 300_000
    rows = "".join(f'<testcase classname="{long}" file="{long}" name="{long}{end}" />\n' for end in "ab")
    _, cases = read(f'<testsuite name="s">{before}{rows}</testsuite>'.encode())
    one, other = cases[-2:]
    assert max(map(len, (one.file, one.class_name, one.name))) < DEFAULT.case_length + 32
    assert case_identity.identify(one).key != case_identity.identify(other).key
    assert (one.file, one.class_name) == (other.file, other.class_name)
