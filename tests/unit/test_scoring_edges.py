"""The filter where histories rarely go: cases that did not run, late results, forgotten branches, stored state."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.analysis import scoring
from bot.analysis.model import Status
from bot.errors import FlakeGuardError

START = datetime(2026, 3, 1, tzinfo=UTC)
KEYS = 40


def execution(
    sha: str,
    ids: Sequence[int],
    failing: Sequence[int] = (),
    *,
    branch: str = "main",
    base_sha: str | None = None,
    event_kind: str = "push",
    hours: int = 0,
    retries: Mapping[int, tuple[bool, ...]] | None = None,
) -> scoring.Execution:
    numbers = np.array(ids, dtype=np.int32)
    return scoring.Execution(
        variant="linux",
        branch=branch,
        on_default_branch=branch == "main",
        sha=sha,
        base_sha=base_sha,
        event_kind=event_kind,
        started_at=START + timedelta(hours=hours),
        case_ids=numbers,
        suites=np.zeros(len(numbers), dtype=np.int32),
        failed=np.isin(numbers, failing),
        retries=retries or {},
    )


def observe(
    one: scoring.Execution,
    repository: scoring.RepositoryState,
    active: scoring.ActiveCases | None = None,
    passes: int = 20,
) -> scoring.Observation:
    before = np.full(len(one.case_ids), passes, dtype=np.int32)
    return scoring.observe(one, repository, active or scoring.ActiveCases.empty(), before, KEYS)


def score(active: scoring.ActiveCases, case: int, hours: int = 0) -> scoring.Score:
    return next(one for one in scoring.readout(active, START + timedelta(hours=hours)) if one.case_id == case)


@pytest.mark.parametrize("ran", [1, 2, 3])
def test_a_failed_case_that_did_not_run_is_left_alone(ran: int) -> None:
    repository = scoring.RepositoryState.new()
    known = observe(execution("a", [1, 2, 3], [1, 2, 3]), repository).active
    before = [row for row in known.to_rows() if row[0] != ran]
    seen = observe(execution("b", [ran]), repository, known).active
    assert seen.case_ids.tolist() == [ran]
    assert [row for row in known.to_rows() if row[0] != ran] == before
    assert score(seen, ran).runs == 22


def test_an_execution_without_any_known_case_touches_none_of_them() -> None:
    repository = scoring.RepositoryState.new()
    known = observe(execution("a", [1], [1]), repository).active
    seen = observe(execution("b", [0, 2]), repository, known)
    assert seen.active.case_ids.tolist() == []
    assert seen.passes.tolist() == [21, 21]


def test_an_execution_without_cases_changes_nothing() -> None:
    repository = scoring.RepositoryState.new()
    known = observe(execution("a", [1], [1]), repository).active
    seen = observe(execution("b", []), repository, known)
    assert (len(seen.active.case_ids), seen.outage, seen.keep) == (0, 0.0, {})
    assert not seen.is_incident


def test_a_first_failure_on_a_commit_executed_before_makes_the_commit_mixed() -> None:
    repository = scoring.RepositoryState.new()
    observe(execution("a", [1, 2]), repository)
    assert score(observe(execution("a", [1, 2], [1]), repository).active, 1).mixed_commits == 1


def test_a_case_that_never_passed_has_no_mixed_commit() -> None:
    repository = scoring.RepositoryState.new()
    observe(execution("a", [2]), repository)
    assert score(observe(execution("a", [1, 2], [1]), repository, passes=0).active, 1).mixed_commits == 0


def test_push_and_pull_request_of_one_head_are_not_the_same_code() -> None:
    repository = scoring.RepositoryState.new()
    observe(execution("a", [1], branch="topic"), repository)
    other = execution("a", [1], [1], branch="topic", event_kind="pull_request")
    assert score(observe(other, repository).active, 1).mixed_commits == 0


def test_a_late_failure_does_not_make_the_latest_one_older() -> None:
    repository = scoring.RepositoryState.new()
    known = observe(execution("b", [1], [1], hours=500), repository).active
    seen = observe(execution("a", [1], [1], hours=1), repository, known).active
    assert seen.records["failed_at"][0] == (START + timedelta(hours=500)).timestamp()


def test_a_late_pass_of_an_older_commit_does_not_clear_main() -> None:
    repository = scoring.RepositoryState.new()
    active = observe(execution("a", [1], hours=0), repository).active
    for hour, sha in enumerate("bcde", start=1):
        active = observe(execution(sha, [1], [1], hours=hour), repository, active).active
    assert score(active, 1).status is Status.BROKEN
    head = active.records["bad"].copy()
    late = observe(execution("a", [1], hours=9), repository, active).active
    assert (late.records["bad"] == head).all()


def test_a_branch_that_was_forgotten_and_comes_back_starts_anew() -> None:
    repository = scoring.RepositoryState.new()
    observe(execution("m", [1]), repository)
    active = scoring.ActiveCases.empty()
    for sha in ("p1", "p2", "p3"):
        active = observe(execution(sha, [1], [1], branch="topic", base_sha="m"), repository, active).active
    assert next(iter(active.branches[0].values())).commits == 3
    for number in range(400):
        observe(execution(f"x{number}", [2], branch=f"other-{number}", base_sha="m"), repository)
    active = observe(execution("p4", [1], branch="topic", base_sha="m"), repository, active).active
    # A pass leaves no row, so the one that was there before is not what was read.
    assert all(row.commits == 3 for row in active.branches[0].values())
    active = observe(execution("p4", [1], [1], branch="topic", base_sha="m"), repository, active).active
    assert [row.commits for row in active.branches[0].values()] == [1]


def test_failures_inside_an_outage_are_reported_as_discounted() -> None:
    repository = scoring.RepositoryState.new()
    cases = range(KEYS)
    seen = observe(execution("a", cases, cases[:20]), repository)
    assert seen.is_incident
    assert seen.keep == dict.fromkeys(cases[:20], 0.0)
    one = score(seen.active, 0)
    assert (one.status, one.infra_share) == (Status.INFRA, pytest.approx(1.0))
    assert score(seen.active, 0, hours=15 * 24).status is Status.HEALTHY


def test_a_lone_failure_is_not_discounted() -> None:
    seen = observe(execution("a", range(KEYS), [3]), scoring.RepositoryState.new())
    assert seen.keep == {3: 1.0}
    assert score(seen.active, 3).infra_share < 0.5


def test_stored_state_of_another_model_is_refused() -> None:
    repository = scoring.RepositoryState.new()
    active = observe(execution("a", [1], [1]), repository).active
    ((case, row),) = active.to_rows()
    with pytest.raises(FlakeGuardError, match="rebuild it"):
        scoring.ActiveCases.from_rows([(case, b"\xff" + row[1:])])
    with pytest.raises(FlakeGuardError, match="rebuild it"):
        scoring.RepositoryState.from_bytes(b"\xff" + repository.to_bytes()[1:])


History = list[tuple[int, str, set[int], set[int]]]
histories = st.lists(
    st.tuples(
        st.integers(0, 3),
        st.sampled_from(["main", "topic", "other"]),
        st.sets(st.integers(0, 7), min_size=1),
        st.sets(st.integers(0, 7)),
    ),
    min_size=1,
    max_size=15,
)


@settings(max_examples=40, deadline=None)
@given(histories)
def test_storing_the_state_between_executions_changes_no_bit(history: History) -> None:
    stored, kept = scoring.RepositoryState.new().to_bytes(), scoring.RepositoryState.new()
    rows: dict[int, bytes] = {}
    active = scoring.ActiveCases.empty()
    for hour, (commit, branch, ran, failing) in enumerate(history):
        one = execution(f"{branch}-{commit}", sorted(ran), sorted(failing & ran), branch=branch, hours=hour)
        repository = scoring.RepositoryState.from_bytes(stored)
        seen = observe(one, repository, scoring.ActiveCases.from_rows(rows.items()))
        stored = repository.to_bytes()
        rows |= dict(seen.active.to_rows())

        inside = np.isin(active.case_ids, one.case_ids)
        rest, fresh = active.take(np.flatnonzero(~inside)), observe(one, kept, active).active
        joined = scoring.ActiveCases(
            np.concatenate([rest.case_ids, fresh.case_ids]),
            np.concatenate([rest.records, fresh.records]),
            [*rest.commits, *fresh.commits],
            [*rest.branches, *fresh.branches],
        )
        active = joined.take(np.argsort(joined.case_ids))
    assert kept.to_bytes() == stored
    assert active.to_rows() == sorted(rows.items())


@settings(max_examples=40, deadline=None)
@given(histories)
def test_every_read_out_is_a_probability(history: History) -> None:
    repository, active = scoring.RepositoryState.new(), scoring.ActiveCases.empty()
    for hour, (commit, branch, _, failing) in enumerate(history):
        one = execution(f"{branch}-{commit}", range(8), sorted(failing), branch=branch, hours=hour)
        active = observe(one, repository, active).active
    for found in scoring.readout(active, START):
        low, high = found.interval
        assert 0 <= found.p_flaky <= 1
        assert 0 <= found.p_broken <= 1
        assert 0 <= found.infra_share <= 1 + 1e-9
        assert 0 < low <= high <= 0.7
        assert found.failures <= found.runs
