from __future__ import annotations

import io
from dataclasses import replace
from typing import Unpack

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.analysis.model import Outcome
from bot.analysis.reports import reader, reported_case
from bot.analysis.reports.limits import DEFAULT
from bot.analysis.reports.reported_case import DuplicateMeaning, Format, NotAReportError, ReportedCase, Summary
from bot.errors import InvalidReportError
from tests.unit.bounds import Bounds

MIXED = b"""<?xml version="1.0" encoding="UTF-8"?>
<testsuites><testsuite name="outer" hostname="vm"><testsuite name="inner">
<testcase classname="a.B" name="passes" file="tests/a.py" time="1,234.5"/>
<testcase classname="a.B" name="fails"><failure type="E" message="boom &lt;1&gt;">line one
line two</failure></testcase>
<testcase classname="a.B" name="errs"><error/><system-out><![CDATA[<testcase name="not one"/>]]></system-out></testcase>
<testcase classname="a.B" name="skips"><skipped message="later"/></testcase>
<testcase classname="a.B" name="both"><error/><failure/></testcase>
</testsuite></testsuite></testsuites>"""


class Dribble(io.BytesIO):
    """A stream that hands out what is asked for in pieces of one size."""

    def __init__(self, data: bytes, size: int) -> None:
        super().__init__(data)
        self.size = size

    def read(self, size: int | None = -1, /) -> bytes:
        return super().read(self.size if size else size)


def read(data: bytes, **limits: Unpack[Bounds]) -> tuple[Summary, list[ReportedCase]]:
    cases: list[ReportedCase] = []
    return reader.read(io.BytesIO(data), cases.extend, replace(DEFAULT, **limits)), cases


def suite(inside: str, attributes: str = "") -> bytes:
    return f'<testsuite name="s" {attributes}>{inside}</testsuite>'.encode()


def test_the_six_figures_count_elements_and_not_the_declared_totals() -> None:
    summary, _ = read(suite('<testcase name="a"/><testcase name="b"><failure/></testcase>', 'tests="9" failures="7"'))
    assert (summary.cases, summary.passed, summary.failed) == (2, 1, 1)


def test_each_kind_of_result_is_read_and_a_failure_outranks_an_error() -> None:
    summary, cases = read(MIXED)
    assert [case.outcome for case in cases] == [
        Outcome.PASSED,
        Outcome.FAILED,
        Outcome.ERRORED,
        Outcome.SKIPPED,
        Outcome.FAILED,
    ]
    assert summary == Summary(
        format=Format.JUNIT,
        cases=5,
        passed=1,
        failed=2,
        errored=1,
        skipped=1,
        flaky=0,
        complete=True,
        repeats=DuplicateMeaning.RETRIES,
        warnings=(),
    )


def test_a_todo_of_node_that_fails_counts_as_its_elements_say_and_is_no_failure() -> None:
    summary, (case,) = read(suite('<testcase name="a"><skipped type="todo"/><failure message="x"/></testcase>'))
    assert (summary.failed, summary.skipped, case.outcome) == (1, 0, Outcome.SKIPPED)


def test_a_case_knows_its_suites_file_class_duration_and_host() -> None:
    _, cases = read(MIXED)
    first = cases[0]
    assert (first.suites, first.file, first.class_name, first.name) == (
        ("outer", "inner"),
        "tests/a.py",
        "a.B",
        "passes",
    )
    assert first.duration == pytest.approx(1234.5)
    assert read(suite('<testcase name="a"/>', 'hostname="webkit"'))[1][0].host == "webkit"


def test_a_failure_keeps_type_message_and_text() -> None:
    failure = read(MIXED)[1][1].results[0].failure
    assert failure is not None
    assert (failure.type, failure.message, failure.text) == ("E", "boom <1>", "line one\nline two")


def test_a_case_that_failed_then_passed_is_flaky_and_has_two_results() -> None:
    summary, cases = read(suite('<testcase name="a" time="2"><flakyFailure message="x" time="1"/></testcase>'))
    assert (summary.passed, summary.flaky) == (1, 1)
    assert [(result.retry, result.outcome, result.duration) for result in cases[0].results] == [
        (0, Outcome.FAILED, 1.0),
        (1, Outcome.PASSED, 2.0),
    ]


def test_a_case_that_failed_on_every_rerun_is_failed_with_a_result_each() -> None:
    inside = '<testcase name="a"><failure/><rerunFailure/><rerunError/></testcase>'
    summary, cases = read(suite(inside))
    assert (summary.failed, summary.flaky) == (1, 0)
    assert [one.outcome for one in cases[0].results] == [Outcome.FAILED, Outcome.FAILED, Outcome.ERRORED]


def test_an_error_outside_any_case_makes_the_report_incomplete() -> None:
    summary, _ = read(suite('<testcase name="a"/><error message="the suite died"/>'))
    assert not summary.complete
    assert "outside any case" in summary.warnings[0]


def test_a_report_without_a_case_is_read_but_never_complete() -> None:
    summary, _ = read(b"<testsuites/>")
    assert (summary.cases, summary.complete, summary.warnings) == (0, False, ("no test case",))


def test_a_report_that_breaks_off_is_kept_up_to_there_and_marked_incomplete() -> None:
    summary, cases = read(b'<testsuite><testcase name="a"/><testcase name="b"><fail')
    assert (len(cases), summary.complete) == (1, False)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "latin-1"])
def test_encodings_are_read_as_declared(encoding: str) -> None:
    declared = {"utf-8-sig": "UTF-8", "utf-16": "UTF-16", "latin-1": "ISO-8859-1"}[encoding]
    text = f'<?xml version="1.0" encoding="{declared}"?><testsuite><testcase name="größe"/></testsuite>'
    assert read(text.encode(encoding))[1][0].name == "größe"


def test_a_namespace_prefix_does_not_hide_a_case() -> None:
    assert read(b'<j:testsuite xmlns:j="urn:j"><j:testcase name="a"/></j:testsuite>')[0].cases == 1


@pytest.mark.parametrize(
    ("data", "limits", "named"),
    [
        (b"", {}, "empty"),
        (b'{"json": 1}', {}, "not well-formed"),
        (b'<!DOCTYPE x [<!ENTITY a "b">]><testsuite><testcase name="&a;"/></testsuite>', {}, "document type"),
        (b'<!DOCTYPE x SYSTEM "file:///etc/passwd"><testsuite/>', {}, "document type"),
        ('<?xml version="1.0" encoding="UTF-16"?><!DOCTYPE x><testsuite/>'.encode("utf-16"), {}, "document type"),
        (b'<?xml version="1.0" encoding="utf-7"?><testsuite/>', {}, "encoding"),
        (b"<testsuite>" * 200, {}, "nested deeper than 128"),
        (suite('<testcase name="a"/>' * 20), {"report_bytes": 100}, "larger than 100 bytes"),
        (suite('<testcase name="a"/>' * 20), {"cases": 10}, "more than 10 cases"),
        (suite("".join(f"<n{i}/>" for i in range(50))), {"names": 40}, "more than 40 different"),
        (b'<testsuite name="' + b"x" * 300_000 + b'"/>', {"token_bytes": 100_000}, "longer than 100,000 bytes"),
        (b"<testsuite><!--" + b"x" * 300_000 + b"--></testsuite>", {"token_bytes": 100_000}, "longer than 100,000"),
    ],
)
def test_a_hostile_or_unreadable_report_is_refused_with_the_fault_named(
    data: bytes, limits: dict[str, int], named: str
) -> None:
    with pytest.raises(InvalidReportError, match=named):
        read(data, **limits)


def test_xml_of_another_kind_is_told_apart_from_a_broken_report() -> None:
    with pytest.raises(NotAReportError, match="<coverage>"):
        read(b'<coverage line-rate="1"/>')


def test_a_long_output_is_not_a_long_tag() -> None:
    summary, _ = read(suite(f'<testcase name="a"/><system-out><![CDATA[{"x" * 3_000_000}]]></system-out>'))
    assert summary.complete


def test_texts_and_messages_are_cut_to_their_bounds() -> None:
    inside = f'<testcase name="a"><failure message="{"m" * 9000}">{"t" * 90_000}</failure></testcase>'
    failure = read(suite(inside))[1][0].results[0].failure
    assert failure is not None
    assert (len(failure.message), len(failure.text)) == (DEFAULT.message_length, DEFAULT.text_length)


@pytest.mark.parametrize(
    ("written", "meant"),
    [("1.5", 1.5), ("1,5", 1.5), ("1,234.5", 1234.5), ("1.234,5", 1234.5), ("1 234.5s", 1234.5), ("1e-3", 0.001)]
    + [(nonsense, 0.0) for nonsense in ("", "nan", "inf", "-1", "soon", "1e99")],
)
def test_a_duration_is_read_however_it_is_written(written: str, meant: float) -> None:
    assert reported_case.seconds(written) == pytest.approx(meant)


@given(size=st.integers(1, len(MIXED)))
@settings(deadline=None)
def test_reading_does_not_depend_on_where_chunks_end(size: int) -> None:
    cases: list[ReportedCase] = []
    assert (reader.read(Dribble(MIXED, size), cases.extend), cases) == read(MIXED)


@given(at=st.integers(0, len(MIXED) - 1), put=st.binary(max_size=6), cut=st.integers(0, 20))
@settings(deadline=None, max_examples=300)
def test_a_damaged_report_is_read_or_refused_and_nothing_else(at: int, put: bytes, cut: int) -> None:
    try:
        summary, cases = read(MIXED[:at] + put + MIXED[at + cut :])
    except InvalidReportError:
        return
    assert summary.cases == len(cases) == summary.passed + summary.failed + summary.errored + summary.skipped
