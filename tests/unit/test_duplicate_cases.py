"""Cases that are there more than once, and what is made of it."""

from __future__ import annotations

import io

import pytest

from bot.analysis.identity.duplicate_case import DuplicateCounter
from bot.analysis.model import Outcome, Verdict
from bot.analysis.reports import reader
from bot.analysis.runs import run_report

PASS = '<testcase classname="m" name="{}"/>'
SUREFIRE = "https://maven.apache.org/surefire/maven-surefire-plugin/xsd/surefire-test-report.xsd"
FAIL = '<testcase classname="m" name="{}"><failure/></testcase>'


def pytest_report(declared: int, *cases: str) -> bytes:
    suite = f'<testsuite name="pytest" tests="{declared}">{"".join(cases)}</testsuite>'
    return f'<testsuites name="pytest tests">{suite}</testsuites>'.encode()


def figures(*files: bytes) -> dict[str, int]:
    together = DuplicateCounter()
    for data in files:
        one = DuplicateCounter()
        summary = reader.read(io.BytesIO(data), one.add_all)
        together.add_file(one, summary.repeats)
    return together.figures


def verdicts(data: bytes) -> dict[str, Verdict]:
    (variant,) = run_report.read_artifacts(
        [run_report.DownloadedArtifact("junit", io.BytesIO(data))], "ci.yml"
    ).variants
    return {case.identity.name: case.verdict for case in variant.cases}


RERUN = pytest_report(3, PASS.format("a"), *[PASS.format("b")] * 3, PASS.format("c"), FAIL.format("c"))


def test_bare_retries_of_pytest_failed_but_for_the_last() -> None:
    assert verdicts(RERUN) == {"a": Verdict.PASSED, "b": Verdict.FLAKY, "c": Verdict.FAILED}
    assert figures(RERUN) == {"distinct_cases": 3, "results": 6, "flaky_by_repetition": 1}


def test_what_pytest_counts_once_each_is_no_retry() -> None:
    data = pytest_report(3, PASS.format("a"), PASS.format("b"), PASS.format("b"))
    assert verdicts(data) == {"a": Verdict.PASSED, "b": Verdict.PASSED}
    assert figures(data)["flaky_by_repetition"] == 0


def test_a_case_that_failed_and_passed_in_one_file_or_in_two_is_flaky_by_repetition() -> None:
    one, other = (f"<testsuite>{case.format('a')}</testsuite>".encode() for case in (FAIL, PASS))
    both = f"<testsuite>{FAIL.format('a')}{PASS.format('a')}</testsuite>".encode()
    for found in (figures(one, other), figures(both)):
        assert found == {"distinct_cases": 1, "results": 2, "flaky_by_repetition": 1}


def test_reruns_inside_a_case_are_results_of_it() -> None:
    data = b'<testsuite><testcase name="a"><flakyFailure/><flakyError/></testcase></testsuite>'
    assert figures(data) == {"distinct_cases": 1, "results": 3, "flaky_by_repetition": 1}


def test_cases_without_a_name_are_not_taken_for_one() -> None:
    assert figures(b"<testsuite><testcase/><testcase name=' '/></testsuite>")["distinct_cases"] == 2


@pytest.mark.parametrize(
    "opening",
    [
        '<testsuites name="jest tests"><testsuite name="Cart">',
        '<testsuites name="vitest tests"><testsuite name="cart.test.ts">',
        '<testsuites name="Mocha Tests"><testsuite name="Cart">',
        '<testsuites><testsuite name="Cucumber">',
        f'<testsuites><testsuite xmlns:xsi="x" xsi:noNamespaceSchemaLocation="{SUREFIRE}" name="m">',
    ],
)
def test_a_name_that_is_there_again_is_another_test_where_the_writer_repeats_none(opening: str) -> None:
    again = '<testcase classname="m" name="a"><skipped/></testcase>' + PASS.format("a")  # a try and the next
    data = f"{opening}{PASS.format('a')}{FAIL.format('a')}{again}{PASS.format('b')}</testsuite></testsuites>".encode()
    (variant,) = run_report.read_artifacts(
        [run_report.DownloadedArtifact("junit", io.BytesIO(data))], "ci.yml"
    ).variants
    assert {case.identity.title: case.verdict for case in variant.cases} == {
        "m::a [#1 of 3]": Verdict.PASSED,
        "m::a [#2 of 3]": Verdict.FAILED,
        "m::a [#3 of 3]": Verdict.PASSED,
        "m::b": Verdict.PASSED,
    }
    assert figures(data) == {"distinct_cases": 4, "results": 5, "flaky_by_repetition": 0}
    assert figures(data, data) == {"distinct_cases": 4, "results": 10, "flaky_by_repetition": 0}


def test_a_file_that_jest_could_not_load_is_one_although_it_is_written_twice() -> None:
    broken = '<testcase classname="Test suite failed to run" name="a.test.js"><error/></testcase>'
    data = (
        f'<testsuites name="jest tests"><testsuite name="a.test.js">{broken}{broken}</testsuite></testsuites>'.encode()
    )
    assert verdicts(data) == {"a.test.js": Verdict.FAILED}
    assert figures(data) == {"distinct_cases": 1, "results": 2, "flaky_by_repetition": 0}


def test_nothing_read_is_nothing_counted() -> None:
    assert figures() == {"distinct_cases": 0, "results": 0, "flaky_by_repetition": 0}


@pytest.mark.parametrize("tag", ["rerunFailure", "rerunError"])
def test_a_rerun_before_a_pass_came_before_it(tag: str) -> None:
    data = f'<testsuite><testcase name="a"><{tag}/></testcase></testsuite>'.encode()
    (variant,) = run_report.read_artifacts(
        [run_report.DownloadedArtifact("junit", io.BytesIO(data))], "ci.yml"
    ).variants
    assert [one.outcome.is_failure for one in variant.cases[0].results] == [True, False]
    assert variant.cases[0].results[-1].outcome is Outcome.PASSED
