"""NUnit, xUnit.net and TRX by their own formats."""

from __future__ import annotations

import io

import pytest

from bot.analysis.model import Outcome
from bot.analysis.reports import reader
from bot.analysis.reports.reported_case import Format, ReportedCase, Summary

NUNIT = b"""<test-run><test-suite type="Assembly" name="shop.dll"><test-suite type="TestFixture" name="CartTest">
<test-case name="Adds(1)" fullname="Shop.CartTest.Adds(1)" classname="Shop.CartTest" result="Passed" duration="0.5"/>
<test-case name="Pays" fullname="Shop.CartTest.Pays" result="Failed"><failure><message>no money</message>
<stack-trace>at Shop.CartTest.Pays()</stack-trace></failure></test-case>
<test-case name="Waits" fullname="Shop.CartTest.Waits" result="Skipped">
<reason><message>later</message></reason></test-case>
<test-case name="Guesses" fullname="Shop.CartTest.Guesses" result="Inconclusive"/>
</test-suite></test-suite></test-run>"""
XUNIT = b"""<assemblies><assembly name="shop.dll"><collection name="c">
<test name="Shop.CartTest.Adds" type="Shop.CartTest" method="Adds" time="0.5" result="Pass"/>
<test name="Shop.CartTest.Pays" type="Shop.CartTest" time="1" result="Fail">
<failure exception-type="Shop.Broke"><message><![CDATA[no money]]></message><stack-trace>at Pays</stack-trace></failure>
</test><test name="Shop.CartTest.Waits" type="Shop.CartTest" result="Skip"><reason>later</reason></test>
</collection></assembly></assemblies>"""
TRX = b"""<?xml version="1.0"?><TestRun xmlns="http://microsoft.com/schemas/VisualStudio/TeamTest/2010"><Results>
<UnitTestResult testId="1" testName="Adds" duration="00:01:02.5000000" outcome="Passed"/>
<UnitTestResult testId="2" testName="Shop.CartTest.Pays" outcome="Failed"><Output><ErrorInfo><Message>no money</Message>
<StackTrace>at Pays</StackTrace></ErrorInfo></Output></UnitTestResult>
<UnitTestResult testId="1" testName="Slow" outcome="Timeout"/><UnitTestResult testName="Off" outcome="NotExecuted"/>
</Results><TestDefinitions><UnitTest id="1"><TestMethod className="Shop.CartTest, Shop, Version=1"/></UnitTest>
<UnitTest id="2"><TestMethod className="Shop.CartTest"/></UnitTest></TestDefinitions></TestRun>"""


def read(data: bytes) -> tuple[Summary, dict[str, ReportedCase]]:
    cases: list[ReportedCase] = []
    summary = reader.read(io.BytesIO(data), cases.extend)
    return summary, {case.name: case for case in cases}


def test_nunit_is_read_with_its_classes_and_what_is_inconclusive_is_no_pass() -> None:
    summary, cases = read(NUNIT)
    assert (summary.format, summary.cases, summary.passed, summary.failed, summary.skipped) == (
        Format.NUNIT3,
        4,
        1,
        1,
        2,
    )
    assert summary.complete
    assert {case.class_name for case in cases.values()} == {"Shop.CartTest"}
    assert cases["Adds(1)"].suites == ("shop.dll", "CartTest")
    assert cases["Adds(1)"].duration == pytest.approx(0.5)


@pytest.mark.parametrize("data", [NUNIT, XUNIT, TRX])
def test_a_failure_keeps_its_message_and_its_stack(data: bytes) -> None:
    case = read(data)[1]["Pays"]
    assert case.outcome is Outcome.FAILED
    assert case.failure is not None
    assert case.failure.message == "no money"
    assert case.failure.text.endswith(("at Pays", "at Shop.CartTest.Pays()"))


def test_xunit_names_are_told_from_their_class() -> None:
    summary, cases = read(XUNIT)
    assert (summary.format, summary.passed, summary.failed, summary.skipped) == (Format.XUNIT, 1, 1, 1)
    assert cases["Adds"].class_name == "Shop.CartTest"
    assert cases["Pays"].failure is not None
    assert cases["Pays"].failure.type == "Shop.Broke"


def test_an_error_of_an_assembly_makes_the_report_incomplete() -> None:
    broken = XUNIT.replace(b"</assembly>", b"<errors><error name='x'><failure/></error></errors></assembly>")
    assert not read(broken)[0].complete


def test_trx_finds_the_class_of_a_result_after_the_results() -> None:
    summary, cases = read(TRX)
    assert (summary.format, summary.passed, summary.failed, summary.errored, summary.skipped) == (
        Format.TRX,
        1,
        1,
        1,
        1,
    )
    assert (cases["Adds"].class_name, cases["Adds"].duration) == ("Shop.CartTest", 62.5)
    assert (cases["Pays"].class_name, cases["Off"].class_name) == ("Shop.CartTest", "")


def test_a_trx_file_that_breaks_off_keeps_the_results_before() -> None:
    summary, cases = read(TRX[: TRX.index(b"<TestDefinitions>")])
    assert (summary.complete, len(cases)) == (False, 4)


def test_a_list_of_what_there_is_to_run_is_no_pass() -> None:
    summary, _ = read(b'<test-run><test-case name="t" fullname="C.t" runstate="Runnable"/></test-run>')
    assert (summary.cases, summary.skipped) == (1, 1)


def test_nunit_2_says_how_a_case_ended_in_other_words() -> None:
    cases = (
        '<test-case name="C.a" executed="True" success="True"/><test-case name="C.b" executed="True" success="False"/>'
    )
    summary, _ = read(f'<test-results>{cases}<test-case name="C.c" executed="False"/></test-results>'.encode())
    assert (summary.format, summary.passed, summary.failed, summary.skipped) == (Format.NUNIT2, 1, 1, 1)
