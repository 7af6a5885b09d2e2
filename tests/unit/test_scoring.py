"""The filter: what each history means."""

from __future__ import annotations

import itertools
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.analysis.case_state import VariantScore
from bot.analysis.model import Status
from tests.unit.scored_repository import START, ScoredRepository

ACCUSED = {Status.FLAKY, Status.BROKEN}


def calm(commits: int = 20, cases: int = 50) -> ScoredRepository:
    repository = ScoredRepository(cases)
    for number in range(commits):
        repository.run(f"c{number}")
    return repository


def test_a_case_that_always_passes_is_healthy_after_five_runs() -> None:
    repository = calm(4)
    assert repository.status(0) is Status.INSUFFICIENT
    repository.run("c5")
    assert repository.status(0) is Status.HEALTHY


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 9), st.sets(st.integers(1, 19))), min_size=1, max_size=40))
def test_whatever_the_others_do_a_case_that_always_passes_is_never_anything_but_healthy(
    history: list[tuple[int, set[int]]],
) -> None:
    repository = ScoredRepository(20)
    for commit, failing in history:
        repository.run(f"c{commit}", *failing)
        assert repository.status(0) in {Status.HEALTHY, Status.INSUFFICIENT}


def test_failing_and_passing_on_the_same_code_twice_is_flaky() -> None:
    repository = calm()
    for number in range(3):
        repository.run(f"f{number}", 7)
        repository.run(f"f{number}")
        repository.run(f"g{number}")
    assert repository.status(7) is Status.FLAKY
    assert repository.status(8) is Status.HEALTHY


@settings(max_examples=25, deadline=None)
@given(
    before=st.integers(5, 40),
    after=st.integers(3, 25),
    reruns=st.lists(st.booleans(), min_size=25, max_size=25),
    retried=st.booleans(),
)
def test_a_case_that_fails_from_one_commit_on_is_broken_and_never_flaky(
    before: int, after: int, reruns: list[bool], retried: bool
) -> None:
    repository = calm(before)
    retries = {3: (True, True)} if retried else None
    for number in range(after):
        for _ in range(1 + reruns[number]):
            repository.run(f"f{number}", 3, retries=retries)
            assert repository.status(3) is not Status.FLAKY
    assert repository.status(3) is Status.BROKEN
    for number in range(30):
        repository.run(f"m{number}")
        assert repository.status(3) is not Status.FLAKY
    assert repository.status(3) in {Status.HEALTHY, Status.SUSPECT}


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 30), st.booleans()), min_size=1, max_size=40),
    st.integers(1, 60),
)
def test_more_clean_commits_never_make_a_case_more_flaky_once_it_is_clean(
    history: list[tuple[int, bool]], more: int
) -> None:
    repository = ScoredRepository(20)
    for commit, fails in history:
        repository.run(f"c{commit}", *([4] if fails else []))
    # A pass after a failure is what tells a flake from a breakage; from there on a clean commit only clears.
    for number in range(8):
        repository.run(f"settled{number}")
    before = repository.score(4).p_flaky
    for number in range(more):
        repository.run(f"clean{number}")
        after = repository.score(4).p_flaky
        # A case long calm is not below the rate at which any case turns flaky.
        assert after <= max(before, 0.05)
        before = after


def test_an_outage_accuses_nobody() -> None:
    repository = calm()
    assert repository.run("outage", *range(30)).is_incident
    assert {repository.status(case) for case in range(30)} == {Status.INFRA}
    repository.run("outage")
    repository.run("after")
    assert not ACCUSED & set(repository.statuses().values())


def test_infra_is_shown_next_to_its_outage_only() -> None:
    repository = calm()
    repository.run("outage", *range(30))
    for number in range(2):
        repository.run(f"next{number}")
        assert repository.status(0) is Status.INFRA
    repository.run("over")
    assert repository.status(0) is Status.HEALTHY


def test_infra_ends_with_time_too() -> None:
    repository = calm()
    repository.run("outage", *range(30))
    assert repository.score(0, hours=repository.hours + 4 * 24).status is Status.HEALTHY


def test_an_outage_does_not_hide_what_was_broken() -> None:
    repository = calm()
    for number in range(4):
        repository.run(f"f{number}", 3)
    assert repository.status(3) is Status.BROKEN
    for number in range(12):
        repository.run(f"outage{number}", *range(30))
    assert repository.status(3) is Status.BROKEN


def test_a_suite_that_is_out_accuses_none_of_its_cases() -> None:
    repository = calm(30, 200)
    for number in range(3):
        seen = repository.run(f"out{number}", *range(38))
        assert 0 in seen.outage.suites
        repository.run(f"after{number}")
    assert not ACCUSED & set(repository.statuses().values())


def test_a_break_on_a_branch_is_not_a_break_of_main() -> None:
    repository = calm()
    for number in range(4):
        repository.run(f"b{number}", 5, branch="feature")
        repository.run(f"d{number}")
    assert repository.status(5) not in ACCUSED


def test_squash_merged_pull_requests_that_were_broken_accuse_nobody() -> None:
    repository = calm()
    for number in range(2):
        for push in range(4):
            repository.run(f"p{number}-{push}", 5, branch=f"pr-{number}")
        repository.run(f"q{number}", branch=f"pr-{number}")
        repository.run(f"squashed{number}")
    assert repository.status(5) not in ACCUSED


def test_a_flake_on_many_pull_requests_is_found_though_main_never_fails() -> None:
    repository = calm()
    for number in range(12):
        for attempt in range(3):
            repository.run(f"p{number}", *([5] if attempt == 0 else []), branch=f"pr-{number}")
        repository.run(f"squashed{number}")
    assert repository.status(5) is Status.FLAKY


def test_in_run_retries_that_pass_are_evidence_of_a_flake() -> None:
    repository = calm()
    for number in range(4):
        repository.run(f"f{number}", 2, retries={2: (False,)})
    assert repository.status(2) is Status.FLAKY


def test_a_status_does_not_flap_around_its_threshold() -> None:
    def turns(*, hysteresis: bool) -> int:
        repository = ScoredRepository(50, hysteresis=hysteresis)
        seen = []
        for number in range(400):
            repository.run(f"c{number}", *([9] if number % 37 == 20 else []))
            seen.append(repository.status(9))
        return sum(one is not other for one, other in itertools.pairwise(seen))

    assert turns(hysteresis=True) < turns(hysteresis=False)


def test_silence_is_no_recovery() -> None:
    repository = calm()
    for number in range(5):
        repository.run(f"f{number}", 3)
    rest = [case for case in range(50) if case != 3]
    for number in range(60):
        repository.run(f"m{number}", ids=rest)
    assert repository.status(3) is Status.BROKEN


def test_a_broken_case_recovers_by_clean_verdicts() -> None:
    repository = calm()
    for number in range(5):
        repository.run(f"f{number}", 3)
    for number in range(3):
        repository.run(f"m{number}")
    assert repository.status(3) is not Status.BROKEN


def test_a_flake_that_breaks_is_broken() -> None:
    repository = calm()
    for number in range(4):
        repository.run(f"f{number}", 7)
        repository.run(f"f{number}")
    assert repository.status(7) is Status.FLAKY
    for number in range(8):
        repository.run(f"b{number}", 7)
        repository.run(f"b{number}", 7)
    assert repository.status(7) is Status.BROKEN


@pytest.mark.parametrize("seed", range(4))
def test_a_flake_of_every_other_time_that_breaks_is_broken_within_twenty_commits(seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311  # no secret
    repository = ScoredRepository(300)
    for number in range(80):
        repository.run(f"c{number}", *([3] if chance.random() < 0.5 else []))
    for number in range(20):
        repository.run(f"broken{number}", 3)
    assert repository.status(3) is Status.BROKEN
    repository.run("mended")
    assert repository.status(3) is not Status.BROKEN


def test_failures_of_older_commits_and_of_branches_are_no_streak_of_main() -> None:
    repository = calm()
    repository.run("one", 4)
    repository.run("two")
    for number in range(4):
        repository.run("one", 4)
        repository.run(f"branch{number}", 4, branch=f"b{number}", event_kind="pull_request")
    assert repository.scorer.variant("linux").active.records["streak"][0] == 0


def test_what_a_person_says_moves_the_belief_at_once() -> None:
    repository = calm()
    for number in range(3):
        repository.run(f"f{number}", 7)
        repository.run(f"f{number}")
    before = repository.score(7).p_flaky
    assert repository.scorer.apply_feedback("linux", 7, 0.1, START)
    assert repository.score(7).p_flaky < before
    assert not repository.scorer.apply_feedback("linux", 8, 0.1, START)
    assert not repository.scorer.apply_feedback("linux", 9999, 0.1, START)


def test_a_held_status_gives_way_once_a_case_is_clean_for_longer_than_it_was_known_before() -> None:
    repository = ScoredRepository(50)
    for number in range(10):
        repository.run(f"c{number}", *([6] if number in {4, 8} else []))
        if number in {4, 8}:
            repository.run(f"c{number}")
    assert repository.status(6) is Status.FLAKY
    held: list[VariantScore] = []
    while repository.status(6) is Status.FLAKY:
        repository.run(f"d{len(held)}")
        held.append(repository.score(6))
    last = held[-1]
    assert 0.6 < last.p_flaky < 0.8
    assert repository.scorer.variant("linux").active.records["clean"][0] * 2 > last.runs
