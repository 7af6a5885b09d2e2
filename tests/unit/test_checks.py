from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from bot.analysis.commit_state import CommitState, FailureClass
from bot.analysis.model import Problem, Status
from bot.github import check_run
from bot.github.check_run import Conclusion
from tests.unit.slack_examples import case_failure

FAILURE = case_failure(FailureClass.NEW)


def result(
    *classes: FailureClass, finished: bool = True, complete: bool = True, message: str = "assert 1 == 2"
) -> CommitState:
    return CommitState(
        head_sha="a" * 40,
        failures=tuple(replace(case_failure(one), message=message) for one in classes),
        problems=(),
        runs=1,
        cases=40,
        finished=finished,
        complete=complete,
    )


@pytest.mark.parametrize(
    ("quarantined", "status", "in_outage", "expected"),
    [
        (True, Status.BROKEN, True, FailureClass.QUARANTINED),
        (False, Status.BROKEN, True, FailureClass.BROKEN_ON_MAIN),
        (False, Status.FLAKY, True, FailureClass.INFRA),
        (False, Status.INFRA, False, FailureClass.INFRA),
        (False, Status.FLAKY, False, FailureClass.FLAKY),
        (False, Status.HEALTHY, False, FailureClass.NEW),
        (False, Status.SUSPECT, False, FailureClass.NEW),
        (False, Status.INSUFFICIENT, False, FailureClass.NEW),
    ],
)
def test_a_failure_gets_the_first_name_that_fits(
    quarantined: bool, status: Status, in_outage: bool, expected: FailureClass
) -> None:
    until = datetime(2026, 12, 1, tzinfo=UTC) if quarantined else None
    failure = replace(FAILURE, quarantined_until=until, status=status, in_outage=in_outage)
    assert failure.classification is expected


@pytest.mark.parametrize(
    ("classes", "complete", "conclusion"),
    [
        ((), True, Conclusion.SUCCESS),
        ((FailureClass.QUARANTINED,), True, Conclusion.SUCCESS),
        ((FailureClass.QUARANTINED, FailureClass.FLAKY), True, Conclusion.NEUTRAL),
        ((FailureClass.INFRA,), True, Conclusion.NEUTRAL),
        ((FailureClass.BROKEN_ON_MAIN,), True, Conclusion.NEUTRAL),
        ((FailureClass.FLAKY, FailureClass.NEW), True, Conclusion.FAILURE),
        ((), False, Conclusion.NEUTRAL),
        ((FailureClass.QUARANTINED,), False, Conclusion.NEUTRAL),
        ((FailureClass.NEW,), False, Conclusion.FAILURE),
    ],
)
def test_the_conclusion_follows_from_the_names(
    classes: tuple[FailureClass, ...], complete: bool, conclusion: Conclusion
) -> None:
    assert check_run.conclude(classes, complete=complete) is conclusion
    assert check_run.render(result(*classes, complete=complete)).conclusion is conclusion


def test_an_unfinished_commit_has_no_conclusion_and_no_rerun_button() -> None:
    check = check_run.render(result(FailureClass.NEW, FailureClass.FLAKY, finished=False))
    assert check.conclusion is None
    assert check.actions == (check_run.QUARANTINE,)
    assert check.title == "Waiting for runs of this commit to finish; so far 1 new, 1 flaky"


def test_the_title_counts_the_failures_by_name() -> None:
    assert (
        check_run.render(result(FailureClass.QUARANTINED, FailureClass.NEW)).title == "2 failures: 1 new, 1 quarantined"
    )
    assert check_run.render(result()).title == "No failure in 40 cases"


def test_an_incomplete_commit_says_so_in_its_title() -> None:
    assert check_run.render(result(complete=False)).title == "Incomplete: no failure in 40 cases"
    assert check_run.render(result(FailureClass.NEW, complete=False)).title == "1 failure: 1 new (incomplete)"


def test_the_title_of_an_incomplete_commit_says_what_is_missing_in_words() -> None:
    problems = (
        Problem("ci/mac", "", "412 cases, the last runs had 1,950."),
        Problem("ci/linux", "", "Shard 3 of 4 is missing."),
        Problem("ci/linux", "", "1 name stands in several suites.", is_note=True),
    )
    lacking = replace(result(complete=False), problems=problems)
    assert check_run.render(lacking).title == (
        "Incomplete: 412 cases, the last runs had 1,950 (ci/mac) and 1 more; no failure in 40 cases"
    )
    lacking = replace(result(FailureClass.NEW, complete=False), problems=problems[1:])
    assert check_run.render(lacking).title == "1 failure: 1 new (incomplete: shard 3 of 4 is missing (ci/linux))"


def test_buttons_are_offered_only_where_they_do_something() -> None:
    assert check_run.render(result()).actions == ()
    assert check_run.render(result(FailureClass.NEW)).actions == (check_run.RERUN,)
    assert check_run.render(result(FailureClass.FLAKY)).actions == (check_run.QUARANTINE, check_run.RERUN)


def test_buttons_keep_githubs_limits() -> None:
    for action in (check_run.QUARANTINE, check_run.RERUN):
        assert len(action.label) <= 20
        assert len(action.description) <= 40
        assert len(action.identifier) <= 20


def test_untrusted_text_is_never_markup() -> None:
    hostile = "`` [x](https://evil.example) @team\n# big\u202egnp"
    failure = replace(FAILURE, title=hostile, variant="<img src=x> @team [a](b)", message=hostile)
    check = check_run.render(
        replace(result(), failures=(failure,), problems=(Problem(hostile, "", hostile),), complete=False)
    )
    assert "``` `` [x](https://evil.example) @team # big gnp ```" in check.summary
    assert "\\<img src=x\\> @\u200bteam \\[a\\]\\(b\\)" in check.summary
    assert "\n#" not in check.summary
    assert "\u202e" not in check.summary + check.text


def test_a_long_message_is_shown_whole_below_in_a_fence_it_cannot_close() -> None:
    check = check_run.render(result(FailureClass.NEW, message="first\n```\n# not a heading"))
    assert "````text\nfirst\n```\n# not a heading\n````" in check.text


def test_a_quarantined_failure_shows_until_when() -> None:
    failure = replace(FAILURE, quarantined_until=datetime(2026, 12, 7, tzinfo=UTC))
    check = check_run.render(replace(result(), failures=(failure,)))
    assert "quarantined until 07 December 2026;" in check.summary


def test_everything_fits_into_what_github_takes() -> None:
    check = check_run.render(result(*[FailureClass.NEW] * 500, message="ü\n" * 3000))
    assert len(check.summary.encode()) <= check_run.MAX_SUMMARY
    assert "400 more" in check.summary
    assert len(check.text.encode()) <= check_run.MAX_SUMMARY
    assert check.text.endswith("(cut: GitHub takes no more)")
    assert check.text.count("```") % 2 == 0


def test_a_note_is_told_apart_from_what_is_missing_and_leaves_the_commit_whole() -> None:
    note = Problem("ci/linux", "", "3 names stand in several suites.", is_note=True)
    check = check_run.render(replace(result(), failures=(), problems=(note,)))
    assert check.conclusion is check_run.Conclusion.SUCCESS
    assert "Missing" not in check.summary
    assert "**To know**" in check.summary
    assert "3 names stand in several suites." in check.summary
