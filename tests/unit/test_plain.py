"""Runs of plain cases: what the pattern takes, and that the parser would have read the same."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.analysis.reports import reader
from bot.analysis.reports.decoding import Text
from bot.analysis.reports.document import BrokenError, Document
from bot.analysis.reports.junit import JUnit
from bot.analysis.reports.limits import DEFAULT
from bot.analysis.reports.plain_case import PlainRuns, Suite
from bot.analysis.reports.reported_case import ReportedCase, Tally
from bot.errors import InvalidReportError

FIRST = '<testcase classname="a.B" name="one" time="1"/>\n'
ELEMENTS = st.sampled_from(
    (
        FIRST,
        '<testcase classname="a.B" name="t&lt;x&gt;[&#10;]" time="1,5"/>\n',
        '<testcase classname="a.B" name="größe" time="NaN"></testcase>\n',
        '<testcase classname="a.B" name="f" time="-1"><failure message="a&amp;b">x ]] > &quot;</failure></testcase>\n',
        '<testcase classname="a.B" name="s" time=""><skipped/></testcase>\n',
        '<testcase classname="a.B" name="e" time="1"> <error type="T"/> </testcase>\n',
        '<testcase classname="a.B" name="two" time="1"><failure>a\r\nb\rc</failure></testcase>\n',
        '<testcase classname="a.B" name="both" time="1"><failure/><error/></testcase>\n',
        '<testcase classname="a.B" name="line&#x1b;" time="1"/>\n',
        '<testcase classname="a.B" name="a\tb\nc" time="1"/>',
        '<testcase classname="a.B" name="x" time="1" extra="&nbsp;"/>\n',
        '<testcase name="other" classname="a.B"/>\n',
        '<testcase classna..="a.B" name="dots" time="1"/>\n',
        '<testcase name="dup" name="dup"/>\n',
        '<testcase classname="a.B" name="less < than" time="1"/>\n',
        "<testcase classname='a.B' name='quoted' time='1'/>\n",
        '<testcase classname="a.B" name="off" time="1" status="notrun"/>\n',
        "<!-- <testcase name='no'/> -->\n",
        '<system-out><![CDATA[<testcase classname="a.B" name="no" time="1"/>\n]]></system-out>\n',
        "stray text\n",
        "]]>",
        '<testcase name="outer"><failure>a<testsuite>\n <testcase name="inner"/>\n </testsuite></failure></testcase>',
        "\x0b",
        "<system-out><![CDATA[&#27;]]>&#27;</system-out>",
        "<!-- <![CDATA[ &#27; -->&#27;",
        "\ufffe",
        '</testsuite><testsuite name="next" file="f.py" hostname="h">\n',
    )
)
CHUNKS = st.integers(1, 300)


def read(data: bytes, chunk_bytes: int = 1 << 16) -> list[ReportedCase] | None:
    cases: list[ReportedCase] = []
    try:
        reader.read(io.BytesIO(data), cases.extend, replace(DEFAULT, chunk_bytes=chunk_bytes))
    except InvalidReportError:
        return None
    return cases


def parsed(data: bytes) -> list[ReportedCase] | None:
    """The same by the parser alone; None where it breaks off before the first case."""
    cases: list[ReportedCase] = []
    text, document = Text(io.BytesIO(data), DEFAULT), Document(DEFAULT)
    junit = JUnit(document, Tally(cases.extend, DEFAULT), DEFAULT)
    document.on_elements(junit.start, junit.end)
    try:
        for piece in text.pieces():
            document.feed(text.repair(piece))
        document.close()
    except BrokenError:
        return cases or None
    return cases


@given(elements=st.lists(ELEMENTS, max_size=30), chunk_bytes=CHUNKS)
@settings(deadline=None, max_examples=400)
def test_the_pattern_reads_what_the_parser_reads_wherever_chunks_end(elements: list[str], chunk_bytes: int) -> None:
    inside = "".join([FIRST, FIRST, *elements, FIRST])
    data = f'<testsuites><testsuite name="s">{inside}</testsuite></testsuites>'.encode()
    assert read(data) == parsed(data)
    assert read(data, chunk_bytes) == parsed(data)


@given(value=st.text(max_size=30), text=st.text(max_size=30), at=st.integers(0, 3))
@settings(deadline=None, max_examples=400)
def test_what_a_value_or_a_text_holds_is_read_as_the_parser_reads_it(value: str, text: str, at: int) -> None:
    names = ["one", "two", "three", "four"]
    names[at] = value.encode("utf-8", "replace").decode()
    body = text.encode("utf-8", "replace").decode()
    cases = "".join(f'<testcase name="{name}"><failure>{body}</failure></testcase>' for name in names)
    data = f'<testsuite><testcase name="first"/>{cases}</testsuite>'.encode()
    assert read(data) == parsed(data)


def taken(text: str) -> tuple[int, list[ReportedCase]]:
    cases: list[ReportedCase] = []
    runs = PlainRuns(Tally(cases.extend, DEFAULT), DEFAULT)
    runs.learn({"classname": "a.B", "name": "one", "time": "1"})
    return runs.take(text, 0, Suite(("s",), "f.py", "h")), cases


def test_a_run_is_taken_as_a_whole_with_what_its_suite_says() -> None:
    failing = '<testcase classname="a.B" name="f" time="2"><failure message="m">t</failure></testcase>\n'
    size, cases = taken(FIRST * 300 + failing + FIRST)
    assert size == len(FIRST * 300 + failing + FIRST)
    assert [case.name for case in cases[-2:]] == ["f", "one"]
    assert (cases[0].suites, cases[0].file, cases[0].host) == (("s",), "f.py", "h")


@pytest.mark.parametrize(
    "not_plain",
    [
        '<testcase classname="a.B" name="a&nbsp;" time="1"/>',
        '<testcase classname="a.B" name="a<b" time="1"/>',
        '<testcase classname="a.B" name="a\nb" time="1"/>',
        '<testcase classname="a.B" name="a&#0;" time="1"/>',
        '<testcase classname="a.B" name="a" time="1"><failure>a]]></failure></testcase>',
        '<testcase classname="a.B" name="a" time="1"><failure>\x08</failure></testcase>',
        '<testcase classname="a.B" name="a" time="1"><failure x="1" x="2"/></testcase>',
        '<testcase classname="a.B" name="a" time="1"><properties/></testcase>',
    ],
)
def test_what_is_not_plain_is_left_to_the_parser(not_plain: str) -> None:
    assert taken(not_plain) == (0, [])
