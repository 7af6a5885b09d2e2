"""The first bad commit: a range, and how sure it is."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.analysis.case_history import CommitVerdict
from bot.analysis.explanation import regression
from bot.analysis.model import Verdict
from bot.analysis.scoring.model import STEADY

NEVER_FLAKY = [1.0] + [0.0] * 12
HALF_FLAKY = [0.0] * 11 + [1.0, 0.0]


def at(*seen: tuple[int, int]) -> list[CommitVerdict]:
    return [
        CommitVerdict(
            f"{number:07x}",
            Verdict.FLAKY if passes and failures else Verdict.FAILED if failures else Verdict.PASSED,
            passes,
            failures,
            datetime(2026, 5, 1, tzinfo=UTC),
            "",
        )
        for number, (passes, failures) in enumerate(seen)
    ]


def find(verdicts: list[CommitVerdict], belief: list[float] = NEVER_FLAKY, **more: list[str]) -> regression.FirstBad:
    found = regression.first_bad(verdicts, belief, breakage=0.001, **more)
    assert found is not None
    return found


def test_a_case_that_never_flakes_broke_at_its_first_failing_commit() -> None:
    found = find(at(*[(1, 0)] * 5, *[(0, 1)] * 4))
    assert (found.good, found.commits) == ("0000004", ("0000005",))
    assert found.probability > 0.97
    assert found.sentence == "at 0000005 (after 0000004), 98 %"


def test_commits_that_did_not_run_the_case_are_in_the_range() -> None:
    verdicts = at(*[(1, 0)] * 5, *[(0, 1)] * 4)
    order = [one.sha for one in verdicts[:5]] + ["aaaaaaa1", "bbbbbbb2"] + [one.sha for one in verdicts[5:]]
    found = find(verdicts, order=order)
    assert found.commits == ("aaaaaaa1", "bbbbbbb2", "0000005")
    assert found.sentence == "between 0000004 and 0000005 (3 commits), 98 %"


def test_a_case_that_often_flakes_leaves_the_place_in_doubt() -> None:
    sharp = find(at(*[(1, 0)] * 10, *[(0, 1)] * 8))
    vague = find(at(*[(1, 0), (0, 1)] * 5, *[(0, 1)] * 8), HALF_FLAKY)
    assert len(vague.commits) > len(sharp.commits)
    assert vague.probability >= regression.SURE


def test_an_earlier_breakage_that_was_repaired_is_not_the_answer() -> None:
    found = find(at(*[(1, 0)] * 3, *[(0, 1)] * 3, *[(1, 0)] * 6, *[(0, 1)] * 4))
    assert found.commits == (f"{12:07x}",)


def test_a_case_that_fails_since_the_first_commit_known_has_no_good_one() -> None:
    found = find(at(*[(0, 1)] * 4))
    assert found.good is None
    assert found.sentence.startswith("at or before 0000000, ")


@pytest.mark.parametrize("verdicts", [[], at((0, 1), (1, 0))])
def test_a_case_that_does_not_fail_has_no_first_bad_commit(verdicts: list[CommitVerdict]) -> None:
    assert regression.first_bad(verdicts, NEVER_FLAKY, breakage=0.001) is None


@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)).filter(any), min_size=1, max_size=60),
    st.floats(1e-4, 0.01),
)
def test_the_range_is_of_known_commits_in_order_and_as_sure_as_it_says(
    seen: list[tuple[int, int]], breakage: float
) -> None:
    verdicts = at(*seen, (0, 1))
    found = regression.first_bad(verdicts, [way.prior for way in STEADY], breakage=breakage)
    assert found is not None
    assert regression.SURE <= found.probability <= 1 + 1e-9
    order = [one.sha for one in verdicts]
    first = order.index(found.commits[0])
    assert list(found.commits) == order[first : first + len(found.commits)]
    assert found.good is None or order.index(found.good) == first - 1
