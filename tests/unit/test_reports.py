from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from bot.analysis.model import CaseRun, Outcome, RunReport, Verdict
from bot.analysis.reports.limits import DEFAULT
from bot.analysis.runs import run_report

CI = ".github/workflows/ci.yml"
PASSED = '<testcase classname="C" name="t"/>'
FAILED = '<testcase classname="C" name="t"><failure message="x"/></testcase>'


def suite(inside: str, attributes: str = 'name="s"') -> str:
    return f"<testsuite {attributes}>{inside}</testsuite>"


def zipped(files: Sequence[tuple[str, str]]) -> bytes:
    into = io.BytesIO()
    with zipfile.ZipFile(into, "w") as made:
        for name, text in files:
            made.writestr(name, text)
    return into.getvalue()


def read(artifacts: Sequence[tuple[str, Sequence[tuple[str, str]]]]) -> RunReport:
    return run_report.read_artifacts(
        [run_report.DownloadedArtifact(name, io.BytesIO(zipped(files))) for name, files in artifacts], CI
    )


def only(report: RunReport) -> CaseRun:
    ((case,),) = (variant.cases for variant in report.variants)
    return case


def outcomes(case: CaseRun) -> list[Outcome]:
    return [one.outcome for one in case.results]


def test_artifacts_become_legs_and_shards_are_kept_on_the_leg() -> None:
    one, two = suite('<testcase classname="C" name="a"/>'), suite('<testcase classname="C" name="b"/>')
    report = read(
        [
            ("junit-linux-shard-2", [("r.xml", two)]),
            ("junit-linux-shard-1", [("r.xml", one)]),
            ("junit-mac", [("r.xml", one)]),
        ]
    )
    assert [(variant.variant, variant.shards, len(variant.cases)) for variant in report.variants] == [
        ("ci/linux", ("1", "2"), 2),
        ("ci/mac", (), 1),
    ]
    assert (report.files, report.complete) == (3, True)
    assert [case.runner for variant in report.variants for case in variant.cases] == ["shard 1", "shard 2", ""]


def test_the_same_test_again_in_a_file_is_a_further_try_and_flaky_when_mixed() -> None:
    case = only(read([("junit", [("r.xml", suite(FAILED + PASSED))])]))
    assert outcomes(case) == [Outcome.FAILED, Outcome.PASSED]
    assert [result.retry for result in case.results] == [0, 1]
    assert case.verdict is Verdict.FLAKY


def test_the_same_test_again_in_a_later_file_is_a_further_try() -> None:
    files = [("2-retry.xml", suite(PASSED, 'name="again"')), ("1-first.xml", suite(FAILED))]
    assert outcomes(only(read([("junit", files)]))) == [Outcome.FAILED, Outcome.PASSED]


def test_one_name_under_two_browsers_is_two_tests_and_not_a_flake() -> None:
    browsers = {"chromium": PASSED, "webkit": FAILED}
    inside = "".join(suite(case, f'name="a.spec.ts" hostname="{host}"') for host, case in browsers.items())
    text = f"<testsuites>{inside}</testsuites>"
    report = read([("junit", [("r.xml", text)])])
    assert sorted((case.identity.scope, case.verdict) for case in report.variants[0].cases) == [
        ("a.spec.ts > chromium", Verdict.PASSED),
        ("a.spec.ts > webkit", Verdict.FAILED),
    ]
    assert report.complete
    assert "distinguished by their suite" in report.problems[0].reason


def test_tests_that_only_masking_makes_alike_stay_apart_and_keep_their_names_over_runs() -> None:
    def run(first: str, second: str) -> list[tuple[str, bytes]]:
        inside = f'<testcase name="t[0x{first}]"/><testcase name="t[0x{second}]"/>'
        report = read([("junit", [("r.xml", suite(inside))])])
        assert report.complete
        assert [problem.is_note for problem in report.problems] == [True]
        return [(case.identity.scope, case.identity.key) for case in report.variants[0].cases]

    assert len(run("7f01aa", "7f02bb")) == 2
    assert run("7f01aa", "7f02bb") == run("7fffff", "7f0000")


def test_cases_without_a_name_are_counted_apart() -> None:
    (variant,) = read([("junit", [("r.xml", suite("<testcase/><testcase/>"))])]).variants
    assert len(variant.cases) == 2


def test_a_broken_file_is_a_problem_and_makes_its_leg_incomplete_and_no_other() -> None:
    report = read(
        [
            ("junit-a", [("bad.xml", "<testsuite><"), ("good.xml", suite(PASSED))]),
            ("junit-b", [("r.xml", suite(PASSED))]),
        ]
    )
    assert [(variant.variant, variant.complete, len(variant.cases)) for variant in report.variants] == [
        ("ci/a", False, 1),
        ("ci/b", True, 1),
    ]
    assert [(one.artifact, one.path) for one in report.problems] == [("junit-a", "bad.xml")]
    assert not report.complete


def test_what_a_file_says_before_it_breaks_off_is_kept() -> None:
    report = read([("junit", [("r.xml", f"<testsuite>{FAILED}<testcase")])])
    assert only(report).verdict is Verdict.FAILED
    assert not report.complete


def test_a_coverage_file_beside_a_report_is_passed_over() -> None:
    report = read([("junit", [("coverage.xml", "<coverage/>"), ("r.xml", suite(PASSED))])])
    assert (report.complete, report.files) == (True, 1)


def test_a_coverage_artifact_beside_test_results_is_no_problem() -> None:
    assert read([("coverage-report", [("c.xml", "<coverage/>")]), ("junit", [("r.xml", suite(PASSED))])]).complete


def test_an_artifact_that_promised_results_and_has_none_is_a_problem() -> None:
    report = read([("test-results-mac", [("log.txt", "")]), ("junit", [("r.xml", suite(PASSED))])])
    assert [one.artifact for one in report.problems] == ["test-results-mac"]


def test_nothing_read_at_all_is_never_complete() -> None:
    report = read([("coverage-report", [("c.xml", "<coverage/>")])])
    assert report.problems
    assert not report.complete
    assert not read([]).complete


def test_an_archive_that_is_refused_is_a_problem_of_its_leg() -> None:
    report = run_report.read_artifacts(
        [run_report.DownloadedArtifact("junit.zip", io.BytesIO(b"PK\x03\x04 broken"))], CI
    )
    assert [(variant.variant, variant.complete) for variant in report.variants] == [("ci/default", False)]
    assert "damaged" in report.problems[0].reason


FILES = [
    ("a.xml", suite(FAILED)),
    ("b.xml", suite(PASSED)),
    ("c.xml", suite('<testcase name="t[0xaaaa]"/><testcase name="t[0xbbbb]"/>')),
    ("d.xml", "<broken"),
]


@given(files=st.permutations(FILES), swap=st.booleans())
def test_the_order_of_files_and_artifacts_changes_nothing(files: list[tuple[str, str]], swap: bool) -> None:
    artifacts = [("junit-a-shard-1", files), ("junit-a-shard-2", FILES), ("coverage-report", [])]
    assert read(artifacts[::-1] if swap else artifacts) == read(
        [("junit-a-shard-1", FILES), ("junit-a-shard-2", FILES), ("coverage-report", [])]
    )


def test_a_run_keeps_so_many_cases_and_so_much_text_and_no_more() -> None:
    long = suite('<testcase name="t"><failure message="why">' + "x" * 500 + "</failure></testcase>")
    other = suite('<testcase name="u"><failure message="why">' + "x" * 500 + "</failure></testcase>")
    artifact = run_report.DownloadedArtifact("junit", io.BytesIO(zipped([("a.xml", long), ("b.xml", other)])))
    (variant,) = run_report.read_artifacts([artifact], CI, replace(DEFAULT, run_text=800)).variants
    kept = [one.failure for case in variant.cases for one in case.results]
    assert [(failure.message, len(failure.text)) for failure in kept if failure] == [("why", 500), ("why", 0)]
    (variant,) = run_report.read_artifacts([artifact], CI, replace(DEFAULT, cases=1)).variants
    assert (len(variant.cases), variant.complete) == (1, False)


def test_reading_ends_when_its_time_is_over() -> None:
    clock = iter([0.0, *[11.0] * 9])
    artifact = run_report.DownloadedArtifact("junit", io.BytesIO(suite(PASSED).encode()))
    report = run_report.read_artifacts([artifact], CI, DEFAULT.within(10, lambda: next(clock)))
    assert "longer than 10 seconds" in report.problems[0].reason
