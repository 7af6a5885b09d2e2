from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.analysis.model import CaseRun, Identity, Outcome, Problem, Result, RunReport, VariantReport
from bot.analysis.runs import completeness
from bot.analysis.runs.completeness import ReportPart, RunAttempt

CI = ".github/workflows/ci.yml"


def reported(
    cases: int = 40, *, shards: tuple[str, ...] = (), shard_count: int = 0, variant: str = "ci/linux"
) -> VariantReport:
    ran = tuple(
        CaseRun(
            Identity("a.py", "", f"t{number}", "s", "", number.to_bytes(16, "big")),
            (Result(0, Outcome.PASSED, 0.0),),
        )
        for number in range(cases)
    )
    return VariantReport(variant, shards, ran, complete=True, shard_count=shard_count)


def part(cases: int = 40, *shards: str, variant: str = "ci/linux") -> ReportPart:
    return ReportPart(variant, frozenset(shards), cases)


def assess(
    *variants: VariantReport, before: list[list[ReportPart]] | None = None, earlier: list[RunAttempt] | None = None
) -> tuple[list[str], list[str]]:
    """What is missing, and the variants that are whole."""
    found = completeness.assess(RunReport(variants, (), 1), CI, earlier or [], before or [])
    assert found.complete == (not found.problems)
    return [one.reason for one in found.problems], [one.variant for one in found.variants if one.complete]


def test_a_run_like_those_before_is_whole() -> None:
    assert assess(reported(40, shards=("1", "2")), before=[[part(44, "1", "2")]] * 5) == ([], ["ci/linux"])
    assert assess(reported()) == ([], ["ci/linux"])


@pytest.mark.parametrize(
    ("shards", "shard_count", "missing"),
    [
        (("1", "2", "4"), 4, ["Shard 3 of 4 is missing."]),
        (("2",), 4, ["Shards 1, 3 and 4 of 4 are missing."]),
        (("0", "1", "2"), 4, ["Shard 3 of 4 is missing."]),
        (("01", "02"), 2, []),
        (("1", "2", "3", "4"), 4, []),
    ],
)
def test_a_shard_that_the_others_promise_is_missing_in_the_first_run_already(
    shards: tuple[str, ...], shard_count: int, missing: list[str]
) -> None:
    found, whole = assess(reported(shards=shards, shard_count=shard_count))
    assert found == missing
    assert bool(whole) is (not missing)


def test_a_shard_of_the_last_run_that_is_missing_is_named() -> None:
    found, whole = assess(reported(shards=("1", "3")), before=[[part(40, "1", "2", "3")]])
    assert found == ["Shard 2 is missing; the last runs had 3."]
    assert whole == []


def test_a_suite_that_is_cut_into_fewer_shards_is_whole_in_the_third_run() -> None:
    four, three = [part(40, "1", "2", "3", "4")], [part(40, "1", "2", "3")]
    now = reported(shards=("1", "2", "3"))
    assert assess(now, before=[four, four, four])[0]
    assert assess(now, before=[three, four, four])[0]
    assert not assess(now, before=[three, three, four])[0]


def test_far_fewer_cases_than_the_last_runs_are_said_in_numbers() -> None:
    found, whole = assess(reported(412), before=[[part(1950)], [part(1951)], [part(1940)]])
    assert found == ["412 cases, the last runs had 1,950."]
    assert whole == []


def test_a_few_cases_less_and_a_small_suite_are_no_matter() -> None:
    assert not assess(reported(30), before=[[part(40)]] * 5)[0]
    assert not assess(reported(2), before=[[part(5)]] * 5)[0]
    assert not assess(reported(40), before=[[part(20)]] * 5)[0]


def test_one_odd_run_is_no_measure_and_a_smaller_suite_is_whole_in_the_third_run() -> None:
    assert not assess(reported(100), before=[[part(5000)], *[[part(100)]] * 4])[0]
    assert assess(reported(100), before=[[part(100)], *[[part(5000)]] * 4])[0]
    assert not assess(reported(100), before=[[part(100)], [part(100)], *[[part(5000)]] * 3])[0]


def test_a_leg_that_every_one_of_the_last_runs_had_is_missing() -> None:
    both = [part(), part(variant="ci/mac")]
    assert assess(reported(), before=[both] * 3) == (["No report of it, the last runs had one."], ["ci/linux"])
    assert not assess(reported(), before=[both] * 2)[0]
    assert not assess(reported(), before=[both, both, [part()]])[0]


def test_a_run_without_any_report_where_there_always_was_one_is_not_whole() -> None:
    assert assess(before=[[part()]] * 3)[0]


def test_an_attempt_that_ran_only_the_failed_shard_again_is_whole_with_the_one_before() -> None:
    first = RunAttempt(1, (part(30, "1", "2", "3"), part(variant="ci/mac")), ())
    before = [[part(40, "1", "2", "3", "4"), part(variant="ci/mac")]] * 5
    assert assess(reported(10, shards=("4",), shard_count=4), earlier=[first], before=before) == ([], ["ci/linux"])
    assert assess(
        reported(5, shards=("3",)), earlier=[RunAttempt(1, (part(40, "1", "2", "3", "4"),), ())], before=before
    )[0] == ["No report of it, the last runs had one."]


def test_what_an_earlier_attempt_lacked_is_missing_until_it_is_run_again() -> None:
    cut = Problem("junit-linux-shard-2", "r.xml", "Read in part: not well-formed XML.")
    note = Problem("ci/linux", "", "1 name stands in several suites.", is_note=True)
    first = RunAttempt(1, (part(20, "1", "2"),), (cut, Problem("ci/linux", "", "Shard 3 of 3 is missing."), note))
    assert assess(reported(10, shards=("1",)), earlier=[first])[0] == ["Attempt 1: Read in part: not well-formed XML."]
    assert assess(reported(10, shards=("2",)), earlier=[first])[0] == []
    third = RunAttempt(2, (part(20, "1"),), (Problem(cut.artifact, "", "Attempt 1: Read in part."),))
    assert assess(reported(10, shards=("1",)), earlier=[third, first])[0] == ["Attempt 1: Read in part."]


PARTS = st.lists(
    st.builds(
        lambda cases, shards, variant: part(cases, *shards, variant=variant),
        st.integers(0, 3000),
        st.sets(st.sampled_from("01234")),
        st.sampled_from(["ci/linux", "ci/mac"]),
    ),
    max_size=3,
)


@given(before=st.lists(PARTS, max_size=7), shards=st.sets(st.sampled_from("01234")), shard_count=st.integers(0, 4))
def test_what_lacks_something_is_never_whole_and_nothing_is_lost(
    before: list[list[ReportPart]], shards: set[str], shard_count: int
) -> None:
    report = RunReport((reported(40, shards=tuple(sorted(shards)), shard_count=shard_count),), (), 1)
    found = completeness.assess(report, CI, [], before)
    assert found.complete is (not found.problems)
    assert [one.cases for one in found.variants] == [one.cases for one in report.variants]
    assert completeness.assess(report, CI, [], before[: completeness.COMPARED_RUNS]) == found
