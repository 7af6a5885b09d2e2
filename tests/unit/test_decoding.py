"""Encodings, and what is mended before a report is parsed."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.analysis.reports import reader
from bot.analysis.reports.limits import DEFAULT
from bot.analysis.reports.reported_case import ReportedCase, Summary
from bot.errors import InvalidReportError


def read(data: bytes, chunk_bytes: int = 1 << 16) -> tuple[Summary, list[ReportedCase]]:
    cases: list[ReportedCase] = []
    return reader.read(io.BytesIO(data), cases.extend, replace(DEFAULT, chunk_bytes=chunk_bytes)), cases


def report(name: str, declared: str) -> str:
    return f'<?xml version="1.0" encoding="{declared}"?><testsuite><testcase name="{name}"/></testsuite>'


@pytest.mark.parametrize(
    ("name", "declared", "encoding"),
    [
        ("größe", "UTF-8", "utf-8-sig"),
        ("größe", "UTF-16", "utf-16"),
        ("größe", "utf-16", "utf-16-be"),
        ("größe", "UTF-16", "utf-16-le"),
        ("größe", "UTF-32", "utf-32"),
        ("größe", "ISO-8859-1", "latin-1"),
        ("größe €", "windows-1252", "cp1252"),
        ("größe €", "ISO-8859-15", "iso8859-15"),
        ("тест", "KOI8-R", "koi8-r"),
        ("テスト", "Shift_JIS", "shift_jis"),
        ("测试", "GBK", "gbk"),
        ("grosse", "cp037", "cp037"),
    ],
)
@pytest.mark.parametrize("chunk_bytes", [1 << 16, 1, 3])
def test_a_report_is_read_in_the_encoding_it_declares(
    name: str, declared: str, encoding: str, chunk_bytes: int
) -> None:
    summary, (case,) = read(report(name, declared).encode(encoding), chunk_bytes)
    assert (case.name, summary.complete) == (name, True)


@pytest.mark.parametrize("declared", ["utf-7", "x-klingon", "rot13", "idna"])
def test_an_encoding_that_is_not_known_is_refused_by_name(declared: str) -> None:
    with pytest.raises(InvalidReportError, match=f"encoding {declared} "):
        read(report("a", declared).encode())


def test_a_document_type_does_not_hide_behind_an_encoding() -> None:
    for encoding in ("utf-16", "utf-32", "cp037"):
        text = '<?xml version="1.0" encoding="{}"?><!DOCTYPE a [<!ENTITY b "c">]><testsuite/>'
        with pytest.raises(InvalidReportError, match="document type"):
            read(text.format("cp037" if encoding == "cp037" else encoding).encode(encoding))


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (report("a", "UTF-16").encode(), "read as UTF-8"),
        (report("größe", "UTF-8").encode("latin-1"), "not of its encoding"),
        (report("a\x1b[31mb", "UTF-8").encode(), "XML forbids"),
        (report("a\ufffeb", "UTF-8").encode(), "XML forbids"),
        (report("a\0b", "UTF-8").encode(), "XML forbids"),
        (b"\n" + report("a", "UTF-8").encode(), "before its beginning"),
        (b"npm WARN deprecated\n" + report("a", "UTF-8").encode(), "before its beginning"),
    ],
)
def test_what_had_to_be_mended_keeps_its_cases_and_is_never_complete(data: bytes, said: str) -> None:
    summary, cases = read(data)
    assert len(cases) == 1
    assert not summary.complete
    assert said in summary.warnings[0]
    assert not {"\0", "\x1b", "\ufffe"} & {*cases[0].name}


def test_a_control_character_in_a_message_loses_nothing_after_it() -> None:
    failing = '<testcase name="a"><failure message="m"><![CDATA[\x1b[31mred\x08]]></failure></testcase>'
    summary, cases = read(f'<testsuite>{failing}<testcase name="b"/></testsuite>'.encode())
    assert [case.name for case in cases] == ["a", "b"]
    assert (summary.failed, summary.complete) == (1, False)


@given(name=st.text("aé€\ufffd😀", max_size=20), chunk_bytes=st.integers(1, 40))
def test_a_replacement_character_of_the_author_is_no_mend(name: str, chunk_bytes: int) -> None:
    summary, (case,) = read(report(name, "UTF-8").encode(), chunk_bytes)
    assert (case.name, summary.complete) == (name, True)


def test_white_space_before_a_report_without_a_declaration_is_nothing() -> None:
    assert read(b'\n  <testsuite><testcase name="a"/></testsuite>')[0].complete


@pytest.mark.parametrize("chunk_bytes", [1, 7, 64, 1 << 16])
def test_a_reference_to_a_character_that_xml_forbids_costs_no_case(chunk_bytes: int) -> None:
    colours = '<failure message="&#27;[31mred&#x1B;[0m">a &#x0; b &amp;#27; &#65;</failure>'
    data = f'<testsuite><testcase name="a">{colours}</testcase><testcase name="b"/></testsuite>'
    summary, cases = read(data.encode(), chunk_bytes)
    assert [case.name for case in cases] == ["a", "b"]
    assert cases[0].failure is not None
    assert (cases[0].failure.message, cases[0].failure.text) == ("?[31mred?[0m", "a ? b &#27; A")
    assert not summary.complete
    assert summary.warnings == ("3 characters that XML forbids were read as “?”",)


@pytest.mark.parametrize("chunk_bytes", [1, 7, 64, 1 << 16])
def test_what_looks_like_a_reference_in_cdata_is_text(chunk_bytes: int) -> None:
    data = '<testsuite><testcase name="a"><failure><![CDATA[x &#27; y]]> &#9;z</failure></testcase></testsuite>'
    summary, cases = read(data.encode(), chunk_bytes)
    assert cases[0].failure is not None
    assert cases[0].failure.text == "x &#27; y \tz"
    assert summary.complete
