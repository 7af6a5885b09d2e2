"""The filter where histories rarely go: cases that did not run, late results, forgotten branches, stored state."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bot.analysis import scoring
from bot.analysis.case_state import VariantScore
from bot.analysis.model import Status
from bot.errors import FlakeGuardError
from tests.unit.scored_repository import START, VARIANT, ScoredRepository, execution


def states(repository: ScoredRepository) -> dict[int, bytes]:
    active = repository.scorer.variant(VARIANT).active
    positions = np.arange(active.count)
    return dict(zip(active.case_ids[positions].tolist(), active.pack(positions, 1), strict=True))


@pytest.mark.parametrize("ran", [1, 2, 3])
def test_a_failed_case_that_did_not_run_is_left_alone(ran: int) -> None:
    repository = ScoredRepository()
    for case in (1, 2, 3):
        repository.run(f"a{case}", case)
    before = states(repository)
    seen = repository.run("b", ids=[ran])
    assert seen.touched.tolist() == [ran]
    assert {case: state for case, state in states(repository).items() if case != ran} == {
        case: state for case, state in before.items() if case != ran
    }


def test_an_execution_without_cases_changes_nothing() -> None:
    repository = ScoredRepository()
    repository.run("a", 1)
    before = states(repository)
    seen = repository.run("b", ids=[])
    assert (len(seen.touched), seen.outage.run, seen.keep) == (0, 0.0, {})
    assert not seen.is_incident
    assert states(repository) == before


def test_a_first_failure_on_a_commit_executed_before_makes_the_commit_mixed() -> None:
    repository = ScoredRepository()
    repository.run("a")
    repository.run("a", 1)
    assert repository.score(1).mixed_commits == 1
    repository.run("a")
    assert repository.score(1).mixed_commits == 1


def test_a_case_seen_for_the_first_time_did_not_pass_on_the_commit_before() -> None:
    repository = ScoredRepository()
    repository.run("a", ids=[2])
    repository.run("a", 1, ids=[1, 2])
    assert repository.score(1).mixed_commits == 0


def test_a_pass_and_a_failure_far_apart_on_one_commit_are_seen() -> None:
    repository = ScoredRepository()
    repository.run("a", 1)
    for number in range(200):
        repository.run(f"b{number}")
    repository.run("a")
    assert repository.score(1).mixed_commits == 1


def test_push_and_pull_request_of_one_head_are_not_the_same_code() -> None:
    repository = ScoredRepository()
    repository.run("a", branch="topic", event_kind="pull_request")
    repository.scorer.observe(execution("a", range(50), [1], branch="topic", event_kind="push"))
    assert repository.score(1).mixed_commits == 0


def test_a_late_failure_does_not_make_the_latest_one_older() -> None:
    repository = ScoredRepository()
    repository.run("b", 1, later=500)
    repository.scorer.observe(execution("a", range(50), [1], hours=1))
    assert (
        repository.scorer.variant(VARIANT).active.records["failed_at"][0] == (START + timedelta(hours=500)).timestamp()
    )


def test_a_late_pass_of_an_older_commit_does_not_clear_main() -> None:
    repository = ScoredRepository()
    for _ in range(6):
        repository.run("a")
    for sha in "bcde":
        repository.run(sha, 1)
    assert repository.status(1) is Status.BROKEN
    before = repository.score(1).p_broken
    repository.run("a")
    assert repository.score(1).p_broken == pytest.approx(before, abs=0.05)
    assert repository.status(1) is Status.BROKEN


def test_a_late_failure_of_an_older_commit_does_not_break_main() -> None:
    repository = ScoredRepository()
    for sha in "abcdef":
        repository.run(sha)
    repository.run("b", 1)
    assert repository.status(1) is not Status.BROKEN


def test_a_renamed_default_branch_goes_on_where_it_was() -> None:
    renamed, kept = ScoredRepository(), ScoredRepository()
    for repository in (renamed, kept):
        for sha in "abc":
            repository.run(sha)
        for sha in "de":
            repository.run(sha, 1)
    kept.run("f", 1)
    last = execution("f", range(50), [1], hours=kept.hours, suites=[case * 5 // 50 for case in range(50)])
    named = scoring.Execution(
        variant=VARIANT, branch="trunk", on_default_branch=True, sha="f", base_sha=None, event_kind="push",
        started_at=last.started_at, case_ids=last.case_ids, suites=last.suites, failed=last.failed, retries={},
    )  # fmt: skip
    renamed.scorer.observe(named)
    assert states(renamed) == states(kept)


def test_pushes_of_a_pull_request_are_one_chain() -> None:
    repository = ScoredRepository()
    for number in range(20):
        repository.run(f"c{number}")
    for number in range(5):
        repository.run(f"p{number}", 5, branch="topic", base_sha="c19")
    (branch,) = repository.scorer.variant(VARIANT).branches.values()
    assert branch.commits.tolist() == [5]
    assert branch.bad[0, 0] > 0.9
    assert repository.score(5).p_broken < 0.9


def test_a_branch_that_was_forgotten_and_comes_back_starts_anew() -> None:
    repository = ScoredRepository()
    repository.run("m")
    for sha in ("p1", "p2", "p3"):
        repository.run(sha, 1, branch="topic", base_sha="m")
    pushes = [repository.run(f"x{number}", 2, branch=f"other-{number}", base_sha="m").push for number in range(400)]
    assert scoring.branch_key("topic") in {push.forgotten for push in pushes if push is not None}
    assert scoring.branch_key("topic") not in repository.scorer.variant(VARIANT).branches
    repository.run("p4", 1, branch="topic", base_sha="m")
    assert repository.scorer.variant(VARIANT).branches[scoring.branch_key("topic")].commits.tolist() == [1]


def test_failures_inside_an_outage_are_reported_as_discounted() -> None:
    repository = ScoredRepository(40)
    for number in range(5):
        repository.run(f"c{number}")
    seen = repository.run("a", *range(20))
    assert seen.is_incident
    assert seen.keep == dict.fromkeys(range(20), 0.0)
    assert repository.score(0).failures == 1


def test_a_lone_failure_is_not_discounted() -> None:
    repository = ScoredRepository(40)
    repository.run("c")
    assert repository.run("a", 3).keep == {3: 1.0}


def test_reports_that_list_failures_only_are_no_outages() -> None:
    repository = ScoredRepository(400, keys=400)
    runs = [[number * 7 % 400, number * 11 % 400, number * 13 % 400, 5, 6, 7, 8, 9] for number in range(60)]
    *_, seen = [repository.run(f"c{number}", *failing, ids=sorted(set(failing))) for number, failing in enumerate(runs)]
    assert min(seen.keep.values()) == 1.0
    assert not seen.is_incident
    assert repository.run("out", *range(300), ids=list(range(300))).is_incident


def test_keys_are_frozen_and_outgrown_when_a_repository_grows() -> None:
    repository = ScoredRepository(1000, keys=300)
    repository.run("a", ids=list(range(300)))
    assert not repository.scorer.memory.is_outgrown
    repository.run("b")
    assert repository.scorer.memory.keys == 300
    assert repository.scorer.memory.seen == 1000
    assert repository.scorer.memory.is_outgrown


def test_stored_state_of_another_model_is_refused() -> None:
    repository = ScoredRepository()
    repository.run("a", 1, branch="topic")
    model = scoring.MODEL
    ((case, row),) = states(repository).items()
    with pytest.raises(FlakeGuardError, match="rebuild it"):
        scoring.ActiveCases.unpack([(case, row)], model)
    with pytest.raises(FlakeGuardError, match="rebuild it"):
        scoring.ActiveCases.unpack([(case, b"")], model)
    with pytest.raises(FlakeGuardError, match="rebuild it"):
        scoring.RepositoryMemory.from_bytes(repository.scorer.memory.to_bytes(99), model)
    (branch,) = repository.scorer.variant(VARIANT).branches.values()
    with pytest.raises(FlakeGuardError, match="rebuild it"):
        scoring.BranchBeliefs.from_bytes(branch.to_bytes(99), model)


History = list[tuple[int, str, set[int], set[int], int]]
histories = st.lists(
    st.tuples(
        st.integers(0, 3),
        st.sampled_from(["main", "topic", "other"]),
        st.sets(st.integers(0, 30), min_size=1),
        st.sets(st.integers(0, 30)),
        st.integers(0, 2),
    ),
    min_size=1,
    max_size=25,
)


def as_execution(step: tuple[int, str, set[int], set[int], int], hour: int) -> scoring.Execution:
    commit, branch, ran, failing, retries = step
    ids, failed = sorted(ran), sorted(failing & ran)
    tries = dict.fromkeys(failed, (False,) * retries) if retries else {}
    return execution(f"{branch}-{commit}", ids, failed, branch=branch, hours=hour, retries=tries, suites=[0] * len(ids))


def everything(scorer: scoring.Scorer) -> list[VariantScore]:
    return list(scoring.readout.everything(scorer, VARIANT, START))


@settings(max_examples=60, deadline=None)
@example([(0, "main", {0}, {0}, 0), (0, "main", {0}, {0}, 0), (0, "main", {1}, {1}, 0), (0, "main", {0}, set(), 0)])
@given(histories)
def test_loading_only_the_cases_at_hand_changes_no_bit(history: History) -> None:
    model = scoring.MODEL
    whole = scoring.Scorer(scoring.RepositoryMemory(40))
    memory = scoring.RepositoryMemory(40).to_bytes(model.version)
    rows: dict[int, bytes] = {}
    counts = np.zeros((5, 31), dtype=np.int32)
    branches: dict[int, bytes] = {}
    for hour, step in enumerate(history):
        one = as_execution(step, hour)
        whole.observe(one)
        live = scoring.Scorer(scoring.RepositoryMemory.from_bytes(memory, model))
        variant = live.variant(VARIANT)
        # A listing of failures is evidence about every active case, so all of them are loaded, as judging does.
        at_hand = rows.keys() if live.lists_failures_only(VARIANT) else rows.keys() & set(one.case_ids.tolist())
        known = [(case, rows[case]) for case in sorted(at_hand)]
        variant.load(one.case_ids, counts[:, one.case_ids], scoring.ActiveCases.unpack(known, model))
        key = scoring.branch_key(one.branch)
        if key in branches:
            variant.branches[key] = scoring.BranchBeliefs.from_bytes(branches[key], model)
        seen = live.observe(one)
        memory = live.memory.to_bytes(model.version)
        packed = variant.active.pack(variant.slots_of(seen.touched), model.version)
        rows |= dict(zip(seen.touched.tolist(), packed, strict=True))
        counts[:, one.case_ids] = variant.counts[:, variant.locate(one.case_ids)]
        branches |= {key: beliefs.to_bytes(model.version) for key, beliefs in variant.branches.items()}
    cases = whole.variant(VARIANT)
    active = cases.active
    positions = np.arange(active.count)
    assert whole.memory.to_bytes(model.version) == memory
    assert dict(zip(active.case_ids[positions].tolist(), active.pack(positions, model.version), strict=True)) == rows
    assert (cases.counts == counts[:, cases.case_ids]).all()
    assert {key: beliefs.to_bytes(model.version) for key, beliefs in cases.branches.items()} == branches


@settings(max_examples=60, deadline=None)
@given(histories, st.permutations(range(31)))
def test_how_cases_are_numbered_changes_no_bit(history: History, numbers: Sequence[int]) -> None:
    first, second = (scoring.Scorer(scoring.RepositoryMemory(40)) for _ in range(2))
    for hour, (commit, branch, ran, failing, retries) in enumerate(history):
        first.observe(as_execution((commit, branch, ran, failing, retries), hour))
        renumbered_ran, renumbered_failing = ({numbers[case] for case in some} for some in (ran, failing))
        second.observe(as_execution((commit, branch, renumbered_ran, renumbered_failing, retries), hour))
    found = {numbers[one.case_id]: one for one in everything(first)}
    other = {int(one.case_id): one for one in everything(second)}
    assert found.keys() == other.keys()
    for case, one in found.items():
        assert (one.p_flaky, one.p_broken, one.ranking, one.rate) == (
            other[case].p_flaky,
            other[case].p_broken,
            other[case].ranking,
            other[case].rate,
        )


@settings(max_examples=60, deadline=None)
@given(histories)
def test_every_read_out_is_a_probability(history: History) -> None:
    scorer = scoring.Scorer(scoring.RepositoryMemory(40))
    for hour, step in enumerate(history):
        scorer.observe(as_execution(step, hour))
    scores = scoring.readout.everything(scorer, VARIANT, START)
    for found in scores:
        low, high = found.interval
        assert 0 <= found.p_flaky <= 1
        assert 0 <= found.p_broken <= 1
        assert 0 < low <= high <= 0.7
        assert found.failures <= found.runs
