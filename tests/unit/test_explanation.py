"""Explanations: the sentence, the list, and what would change the status."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

import pytest

from bot.analysis.case_history import CaseResult
from bot.analysis.case_state import VariantScore
from bot.analysis.explanation import evidence, explanation
from bot.analysis.explanation.counterfactual import StatusAfter, StatusWithoutDay
from bot.analysis.explanation.evidence import FailureKind
from bot.analysis.explanation.explanation import Explanation, Outlook
from bot.analysis.explanation.regression import FirstBad
from bot.analysis.incident import Kind
from bot.analysis.model import CaseId, RunId, Status
from bot.analysis.quarantine.release import Progress
from tests.unit.made_history import START, incident, result, run

NOTHING = Outlook((), (), None, None)
WITHOUT_A_DAY = StatusWithoutDay(date(2026, 5, 12), 3, Status.HEALTHY)


def score(status: Status, *, failures: int = 3, runs: int = 120, p_flaky: float = 0.98) -> VariantScore:
    return VariantScore(
        case_id=CaseId(1),
        ranking=3.0,
        variant="linux",
        status=status,
        p_flaky=p_flaky,
        p_broken=0.96,
        rate=0.04,
        interval=(0.005, 0.08),
        runs=runs,
        failures=failures,
        mixed_commits=0,
    )


def explain(
    status: Status,
    results: Sequence[CaseResult] = (),
    *,
    of: VariantScore | None = None,
    outlook: Outlook = NOTHING,
    kinds: Sequence[FailureKind] = (),
    failing: dict[tuple[RunId, str], int] | None = None,
    first_bad: FirstBad | None = None,
) -> Explanation:
    gathered = evidence.gather(results, failing or {}, kinds, first_bad=first_bad, faults=())
    return explanation.explain(status, of or score(status), gathered, outlook)


def test_a_flaky_case_passed_and_failed_on_the_same_code() -> None:
    again = [result(run(1, sha="a1b2c3d4"), "F"), result(run(2, sha="a1b2c3d4")), result(run(3, sha="e5f6a7b8"), "F.")]
    explained = explain(Status.FLAKY, again)
    assert explained.sentence == (
        "Flaky: it passed and failed on the same code on 2 commits, and fails in about 4 % of its runs (98 % sure)."
    )
    assert "Passed and failed on the same code: e5f6a7b (run #3), a1b2c3d (runs #1, #2)." in explained.lines
    assert "Fails for no reason in about 4 % of runs (0.5 % to 8 %)." in explained.lines


def test_one_commit_is_one_commit() -> None:
    assert "on the same code on 1 commit, and" in explain(Status.FLAKY, [result(run(1), "F.")]).sentence


def test_a_merge_commit_is_not_the_code_of_its_head() -> None:
    pull = replace(run(1, sha="a"), event="pull_request", on_default_branch=False)
    assert explain(Status.FLAKY, [result(pull, "F"), result(run(2, sha="a"))]).evidence.mixed == ()


def test_a_flaky_case_without_such_a_commit_is_told_by_its_numbers() -> None:
    assert explain(Status.FLAKY).sentence.startswith("Flaky: it failed in 3 of 120 runs, and fails in about 4 %")


def test_a_flake_that_began_a_short_time_ago_is_told_as_that() -> None:
    new = replace(score(Status.FLAKY, failures=3, runs=93), rate=0.42, interval=(0.2, 0.7))
    assert ", and lately fails in about 42 % of its runs" in explain(Status.FLAKY, of=new).sentence


@pytest.mark.parametrize(
    ("first_bad", "expected"),
    [
        (
            FirstBad("a1b2c3d4e5", ("b", "c", "d4e5f6a7b8"), 0.92),
            "Broken: it fails since a change between a1b2c3d and d4e5f6a (3 commits), 92 % (96 % sure).",
        ),
        (None, "Broken: it failed on the last 2 commits of the default branch (96 % sure)."),
    ],
)
def test_a_broken_case_says_since_when(first_bad: FirstBad | None, expected: str) -> None:
    fails = [result(run(1)), result(run(2), "F"), result(run(3), "F")]
    assert explain(Status.BROKEN, fails, first_bad=first_bad).sentence == expected


def test_failures_that_came_with_the_rest_of_the_run_are_discounted_and_said() -> None:
    outage = replace(result(run(12), "F"), incidents=(incident(),))
    explained = explain(Status.INFRA, [outage, result(run(13))])
    assert (
        explained.sentence
        == "Infrastructure: 1 of its 3 failures came with the rest of the run: 312 of 600 failed in run #12."
    )
    assert "1 failure discounted: 312 of 600 failed in run #12." in explained.lines
    assert explained.evidence.mixed == ()


def test_a_healthy_case_says_for_how_long() -> None:
    clean = [result(run(1), "F"), *(result(run(number)) for number in range(2, 9))]
    assert explain(Status.HEALTHY, clean, of=score(Status.HEALTHY, failures=1)).sentence == (
        "Healthy: it failed in 1 of 120 runs, none on the last 7 commits of the default branch."
    )


def test_watched_and_too_few_are_said_in_plain_words() -> None:
    assert explain(Status.SUSPECT, of=score(Status.SUSPECT, p_flaky=0.61)).sentence == (
        "Watched, evidence insufficient: it failed in 3 of 120 runs (61 % likely flaky)."
    )
    assert explain(Status.INSUFFICIENT, of=score(Status.INSUFFICIENT, runs=3)).sentence == "Too few runs: 3 so far."


def test_a_failure_alone_on_a_pull_request_is_named_once_per_pull_request() -> None:
    pulls = [
        result(run(number, branch=branch), "F") for number, branch in ((1, "one"), (2, "one"), (3, "two"), (4, "x"))
    ]
    failing = {(RunId(number), "linux"): 9 if number == 4 else 1 for number in range(1, 5)}
    explained = explain(Status.FLAKY, pulls, failing=failing)
    assert "The only failure on 2 pull requests: two (run #3), one (run #2)." in explained.lines


def test_kinds_of_failure_are_counted_the_most_frequent_first() -> None:
    kinds = [
        FailureKind(2, "timed out", "async wait", 1, START),
        FailureKind(1, "1 != 2", "assertion", 4, START),
    ]
    lines = explain(Status.FLAKY, kinds=kinds).lines
    assert "Fails in 2 ways: 4 times 1 != 2 (assertion), 1 time timed out (async wait)." in lines


@pytest.mark.parametrize(
    ("outlook", "expected"),
    [
        (replace(NOTHING, changes=((1, Status.SUSPECT), (40, Status.HEALTHY))), (
            "1 more clean commit would make it only watched.",
            "40 more clean commits would make it healthy.",
        )),
        (replace(NOTHING, without=(WITHOUT_A_DAY,), changes=((9, Status.HEALTHY),)), (
            "9 more clean commits would make it healthy.",
            "Without the runs of 12 May it would be healthy.",
        )),
        (replace(NOTHING, release=Progress(21, 30, 0.1, 0.2), until_release=9, changes=((9, Status.HEALTHY),)), (
            "9 more clean commits release it.",
            "9 more clean commits would make it healthy.",
        )),
        (replace(NOTHING, release=Progress(29, 30, 0.1, 0.2), until_release=1, changes=((9, Status.HEALTHY),)), (
            "1 more clean commit releases it.",
            "9 more clean commits would make it healthy.",
        )),
        (NOTHING, ("Clean commits alone will not make it healthy soon.",)),
    ],
)  # fmt: skip
def test_what_would_change_the_status_is_said(outlook: Outlook, expected: tuple[str, ...]) -> None:
    assert tuple(one.sentence for one in explain(Status.FLAKY, outlook=outlook).counterfactuals) == expected


def test_a_day_that_changes_nothing_is_not_named() -> None:
    outlook = replace(NOTHING, without=(StatusWithoutDay(START.date(), 1, Status.FLAKY),))
    assert explain(Status.FLAKY, outlook=outlook).counterfactuals == (StatusAfter(None, Status.HEALTHY),)


def test_a_window_that_somebody_marked_is_a_reason_too() -> None:
    marked = replace(result(run(12), "F"), incidents=(incident(Kind.MARKED),))
    assert any("(the registry was down)" in line for line in explain(Status.HEALTHY, [marked]).lines)
