"""The filter: what each history means."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.analysis import scoring
from bot.analysis.model import Status

START = datetime(2026, 1, 1, tzinfo=UTC)


class World:
    """A repository of some cases whose executions are fed to the filter."""

    def __init__(self, cases: int = 50) -> None:
        self.repository = scoring.RepositoryState.new()
        self.active = scoring.ActiveCases.empty()
        self.passes = np.zeros(cases, dtype=np.int32)
        self.cases = cases
        self.now = START

    def run(
        self, sha: str, *failing: int, branch: str = "main", retries: dict[int, tuple[bool, ...]] | None = None
    ) -> float:
        self.now += timedelta(hours=1)
        ids = np.arange(self.cases, dtype=np.int32)
        execution = scoring.Execution(
            variant="default",
            branch=branch,
            on_default_branch=branch == "main",
            sha=sha,
            base_sha=None,
            event_kind="push" if branch == "main" else "pull_request",
            started_at=self.now,
            case_ids=ids,
            suites=ids % 5,
            failed=np.isin(ids, failing),
            retries=retries or {},
        )
        packed = scoring.ActiveCases.from_rows(self.active.to_rows())
        repository = scoring.RepositoryState.from_bytes(self.repository.to_bytes())
        seen = scoring.observe(execution, repository, packed, self.passes, self.cases)
        self.repository, self.active, self.passes = repository, seen.active, seen.passes
        return seen.outage

    def status(self, case: int) -> Status:
        scores = {score.case_id: score.status for score in scoring.readout(self.active, self.now)}
        return scores.get(case, scoring.inactive_status(int(self.passes[case])))


def test_a_case_that_always_passes_is_healthy_after_five_runs() -> None:
    world = World()
    assert world.status(0) is Status.INSUFFICIENT
    for number in range(5):
        world.run(f"c{number}")
    assert world.status(0) is Status.HEALTHY


def test_failing_and_passing_on_the_same_code_twice_is_flaky() -> None:
    world = World()
    for number in range(20):
        world.run(f"c{number}")
    for number in range(3):
        world.run(f"f{number}", 7)
        world.run(f"f{number}")
        world.run(f"g{number}")
    assert world.status(7) is Status.FLAKY
    assert world.status(8) is Status.HEALTHY


@settings(max_examples=20, deadline=None)
@given(st.integers(min_value=5, max_value=40), st.integers(min_value=3, max_value=15))
def test_a_case_that_fails_from_one_commit_on_is_broken_and_never_flaky(before: int, after: int) -> None:
    world = World()
    for number in range(before):
        world.run(f"c{number}")
    for number in range(after):
        world.run(f"f{number}", 3)
        assert world.status(3) is not Status.FLAKY
    assert world.status(3) is Status.BROKEN
    for number in range(30):
        world.run(f"m{number}")
        assert world.status(3) is not Status.FLAKY
    assert world.status(3) in {Status.HEALTHY, Status.SUSPECT}


def test_an_outage_accuses_nobody() -> None:
    world = World()
    for number in range(20):
        world.run(f"c{number}")
    assert world.run("outage", *range(30)) >= scoring.INCIDENT
    world.run("outage")
    world.run("after")
    assert not [case for case in range(50) if world.status(case) in {Status.FLAKY, Status.BROKEN}]


def test_a_break_on_a_branch_is_not_a_break_of_main() -> None:
    world = World()
    for number in range(20):
        world.run(f"c{number}")
    for number in range(4):
        world.run(f"b{number}", 5, branch="feature")
        world.run(f"d{number}")
    assert world.status(5) not in {Status.FLAKY, Status.BROKEN}


def test_in_run_retries_that_pass_are_evidence_of_a_flake() -> None:
    world = World()
    for number in range(20):
        world.run(f"c{number}")
    for number in range(4):
        world.run(f"f{number}", 2, retries={2: (False,)})
    assert world.status(2) is Status.FLAKY
