"""What a case did, commit by commit."""

from __future__ import annotations

from dataclasses import replace

from bot.analysis import case_history
from bot.analysis.model import Verdict
from tests.unit.made_history import incident, result, run


def test_results_of_one_commit_make_one_verdict_whenever_they_came() -> None:
    verdicts = case_history.default_branch_verdicts(
        [result(run(1, sha="aaa"), "F"), result(run(2, sha="bbb")), result(run(3, sha="aaa"))]
    )
    assert [(one.sha, one.verdict) for one in verdicts] == [("aaa", Verdict.FLAKY), ("bbb", Verdict.PASSED)]


def test_a_pass_after_a_retry_is_a_flaky_verdict() -> None:
    (verdict,) = case_history.default_branch_verdicts([result(run(1), "F.")])
    assert verdict.verdict is Verdict.FLAKY


def test_silence_is_no_verdict() -> None:
    silent = [
        result(run(1), "s"),
        result(run(2), whole=False),
        result(run(3, branch="feature")),
        replace(result(run(4), "F"), incidents=(incident(),)),
    ]
    assert case_history.default_branch_verdicts(silent) == []


def test_a_failure_in_a_report_read_in_part_still_counts() -> None:
    (verdict,) = case_history.default_branch_verdicts([result(run(1), "F", whole=False)])
    assert verdict.verdict is Verdict.FAILED


def test_a_streak_ends_at_the_latest_commit_that_was_not_clean() -> None:
    verdicts = case_history.default_branch_verdicts([result(run(n), "F." if n == 3 else ".") for n in range(1, 9)])
    assert case_history.clean_streak(verdicts) == 5
