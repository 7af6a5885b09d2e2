"""Commits that stay bad after main is good again: re-runs of them, and branches that began there."""

from __future__ import annotations

import pytest

from bot.analysis.model import Status
from tests.unit.scored_repository import ScoredRepository


def repaired(*, before: int = 20, bad: int = 4, after: int = 6) -> ScoredRepository:
    """Main is calm, then case 3 is broken for some commits, then repaired."""
    repository = ScoredRepository(50, keys=600)
    for number in range(before):
        repository.run(f"c{number}")
    for number in range(bad):
        repository.run(f"bad{number}", 3)
    for number in range(after):
        repository.run(f"good{number}")
    return repository


def test_a_re_run_of_a_bad_commit_after_the_repair_accuses_nobody() -> None:
    repository = repaired()
    before = repository.score(3).p_flaky
    for number in range(4):
        repository.run(f"bad{number}", 3)
        assert repository.status(3) not in {Status.FLAKY, Status.BROKEN}
    assert repository.score(3).p_flaky < before + 0.05


def test_a_re_run_of_a_bad_commit_that_passes_is_evidence_of_a_flake() -> None:
    repository = repaired(bad=1)
    before = repository.score(3).p_flaky
    repository.run("bad0")
    assert repository.score(3).p_flaky > 3 * before


def test_a_re_run_of_a_good_commit_that_fails_is_evidence_of_a_flake() -> None:
    repository = repaired(bad=0)
    for _ in range(2):
        repository.run("c3", 3)
        repository.run("c7", 3)
    assert repository.status(3) is Status.FLAKY


@pytest.mark.parametrize("base", ["bad1", "bad3"])
def test_branches_that_began_on_a_bad_commit_fail_for_the_code(base: str) -> None:
    repository = repaired()
    for number in range(5):
        repository.run(f"p{number}", 3, branch=f"pr-{number}", base_sha=base)
        repository.run("good5")
    assert repository.status(3) not in {Status.FLAKY, Status.BROKEN}


def test_branches_that_began_on_a_good_commit_and_fail_now_and_then_show_a_flake() -> None:
    repository = repaired()
    for number in range(8):
        repository.run(f"p{number}", 3, branch=f"pr-{number}", base_sha="good3")
        repository.run(f"p{number}", branch=f"pr-{number}", base_sha="good3")
    assert repository.status(3) is Status.FLAKY


def test_a_branch_tells_of_main_once() -> None:
    repository = ScoredRepository(50, keys=600)
    for number in range(20):
        repository.run(f"c{number}")
    for number in range(3):
        repository.run(f"bad{number}", 3)
    believed = repository.score(3).p_broken
    for number in range(12):
        repository.run(f"p{number}", branch="old", base_sha=None)
    # It began before it was first seen, perhaps before the breakage: many passes of it are as good as one.
    assert repository.score(3).p_broken > believed / 2
    assert repository.status(3) is Status.BROKEN


def test_an_older_streak_is_remembered_by_its_commit() -> None:
    repository = repaired()
    for number in range(3):
        repository.run(f"again{number}", 3)
    for number in range(4):
        repository.run(f"well{number}")
    before = repository.score(3).p_flaky
    repository.run("bad2", 3)
    repository.run("bad2", 3)
    assert repository.score(3).p_flaky < before + 0.1
