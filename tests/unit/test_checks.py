from __future__ import annotations

import dataclasses
from datetime import UTC, datetime

import pytest

from bot.analysis.explanation import failure_class
from bot.analysis.explanation.failure_class import Naming
from bot.analysis.model import Problem, Status
from bot.github import check_run
from bot.github.check_run import CheckFailure, CommitResult, Conclusion

FAILURE = CheckFailure(
    title="tests/test_cart.py::test_total",
    variant="linux",
    naming=Naming.NEW,
    evidence="it passed in 40 of 40 runs.",
    message="assert 1 == 2",
    run_url="https://github.example/acme/shop/actions/runs/1",
)


def result(
    *namings: Naming, finished: bool = True, complete: bool = True, message: str = "assert 1 == 2"
) -> CommitResult:
    return CommitResult(
        head_sha="a" * 40,
        failures=tuple(dataclasses.replace(FAILURE, naming=one, message=message) for one in namings),
        problems=(),
        runs=1,
        cases=40,
        finished=finished,
        complete=complete,
    )


@pytest.mark.parametrize(
    ("quarantined", "status", "in_outage", "naming"),
    [
        (True, Status.BROKEN, True, Naming.QUARANTINED),
        (False, Status.BROKEN, True, Naming.BROKEN_ON_MAIN),
        (False, Status.FLAKY, True, Naming.INFRA),
        (False, Status.INFRA, False, Naming.INFRA),
        (False, Status.FLAKY, False, Naming.FLAKY),
        (False, Status.HEALTHY, False, Naming.NEW),
        (False, Status.SUSPECT, False, Naming.NEW),
        (False, Status.INSUFFICIENT, False, Naming.NEW),
    ],
)
def test_a_failure_gets_the_first_name_that_fits(
    quarantined: bool, status: Status, in_outage: bool, naming: Naming
) -> None:
    assert failure_class.name_failure(quarantined=quarantined, status=status, in_outage=in_outage) is naming


@pytest.mark.parametrize(
    ("namings", "complete", "conclusion"),
    [
        ((), True, Conclusion.SUCCESS),
        ((Naming.QUARANTINED,), True, Conclusion.SUCCESS),
        ((Naming.QUARANTINED, Naming.FLAKY), True, Conclusion.NEUTRAL),
        ((Naming.INFRA,), True, Conclusion.NEUTRAL),
        ((Naming.BROKEN_ON_MAIN,), True, Conclusion.NEUTRAL),
        ((Naming.FLAKY, Naming.NEW), True, Conclusion.FAILURE),
        ((), False, Conclusion.NEUTRAL),
        ((Naming.QUARANTINED,), False, Conclusion.NEUTRAL),
        ((Naming.NEW,), False, Conclusion.FAILURE),
    ],
)
def test_the_conclusion_follows_from_the_names(
    namings: tuple[Naming, ...], complete: bool, conclusion: Conclusion
) -> None:
    assert check_run.conclude(namings, complete=complete) is conclusion
    assert check_run.render(result(*namings, complete=complete)).conclusion is conclusion


def test_an_unfinished_commit_has_no_conclusion_and_no_rerun_button() -> None:
    check = check_run.render(result(Naming.NEW, Naming.FLAKY, finished=False))
    assert check.conclusion is None
    assert check.actions == (check_run.QUARANTINE,)
    assert check.title == "Waiting for runs of this commit to finish; so far 1 new, 1 flaky"


def test_the_title_counts_the_failures_by_name() -> None:
    assert check_run.render(result(Naming.QUARANTINED, Naming.NEW)).title == "2 failures: 1 new, 1 quarantined"
    assert check_run.render(result()).title == "No failure in 40 cases"


def test_an_incomplete_commit_says_so_in_its_title() -> None:
    assert check_run.render(result(complete=False)).title == "Incomplete: no failure in 40 cases"
    assert check_run.render(result(Naming.NEW, complete=False)).title == "1 failure: 1 new (incomplete)"


def test_the_title_of_an_incomplete_commit_says_what_is_missing_in_words() -> None:
    problems = (
        Problem("ci/mac", "", "412 cases, the last runs had 1,950."),
        Problem("ci/linux", "", "Shard 3 of 4 is missing."),
        Problem("ci/linux", "", "1 name stands in several suites.", is_note=True),
    )
    lacking = dataclasses.replace(result(complete=False), problems=problems)
    assert check_run.render(lacking).title == (
        "Incomplete: 412 cases, the last runs had 1,950 (ci/mac) and 1 more; no failure in 40 cases"
    )
    lacking = dataclasses.replace(result(Naming.NEW, complete=False), problems=problems[1:])
    assert check_run.render(lacking).title == "1 failure: 1 new (incomplete: shard 3 of 4 is missing (ci/linux))"


def test_buttons_are_offered_only_where_they_do_something() -> None:
    assert check_run.render(result()).actions == ()
    assert check_run.render(result(Naming.NEW)).actions == (check_run.RERUN,)
    assert check_run.render(result(Naming.FLAKY)).actions == (check_run.QUARANTINE, check_run.RERUN)


def test_buttons_keep_githubs_limits() -> None:
    for action in (check_run.QUARANTINE, check_run.RERUN):
        assert len(action.label) <= 20
        assert len(action.description) <= 40
        assert len(action.identifier) <= 20


def test_untrusted_text_is_never_markup() -> None:
    hostile = "`` [x](https://evil.example) @team\n# big\u202egnp"
    failure = dataclasses.replace(FAILURE, title=hostile, variant="<img src=x> @team [a](b)", message=hostile)
    check = check_run.render(
        dataclasses.replace(result(), failures=(failure,), problems=(Problem(hostile, "", hostile),), complete=False)
    )
    assert "``` `` [x](https://evil.example) @team # big gnp ```" in check.summary
    assert "\\<img src=x\\> @\u200bteam \\[a\\]\\(b\\)" in check.summary
    assert "\n#" not in check.summary
    assert "\u202e" not in check.summary + check.text


def test_a_long_message_is_shown_whole_below_in_a_fence_it_cannot_close() -> None:
    check = check_run.render(result(Naming.NEW, message="first\n```\n# not a heading"))
    assert "````text\nfirst\n```\n# not a heading\n````" in check.text


def test_a_quarantined_failure_shows_until_when() -> None:
    failure = dataclasses.replace(FAILURE, naming=Naming.QUARANTINED, until=datetime(2026, 12, 7, tzinfo=UTC))
    check = check_run.render(dataclasses.replace(result(), failures=(failure,)))
    assert "Quarantined until 07 December 2026." in check.summary


def test_everything_fits_into_what_github_takes() -> None:
    check = check_run.render(result(*[Naming.NEW] * 500, message="ü\n" * 3000))
    assert len(check.summary.encode()) <= check_run.MAX_SUMMARY
    assert "400 more" in check.summary
    assert len(check.text.encode()) <= check_run.MAX_SUMMARY
    assert check.text.endswith("(cut: GitHub takes no more)")
    assert check.text.count("```") % 2 == 0


def test_a_note_is_told_apart_from_what_is_missing_and_leaves_the_commit_whole() -> None:
    note = Problem("ci/linux", "", "3 names stand in several suites.", is_note=True)
    check = check_run.render(dataclasses.replace(result(), failures=(), problems=(note,)))
    assert check.conclusion is check_run.Conclusion.SUCCESS
    assert "Missing" not in check.summary
    assert "**To know**" in check.summary
    assert "3 names stand in several suites." in check.summary
