"""Properties of runs as stored: whether they were on the default branch, and whether they failed."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.analysis.model import RepositoryId
from bot.store.database import Database
from bot.store.runs import excerpt as excerpt_store
from bot.store.runs import result as result_store
from bot.store.runs import run as run_store
from bot.store.scores import evidence as evidence_store
from bot.store.workspaces import repository as repository_store
from tests.sql_count import counting
from tests.store.run_recorder import START, VARIANT, RunRecorder


@pytest.fixture
def recorder(db: Database) -> RunRecorder:
    recorder = RunRecorder(db)
    recorder.run({"a": "."})
    return recorder


def rename_default_branch(recorder: RunRecorder, name: str) -> None:
    with recorder.db.begin() as session:
        repository_store.put(
            session,
            recorder.repository_id,
            installation_id=None,
            full_name="acme/shop",
            default_branch=name,
            private=False,
        )


def failures_on_default_branch(recorder: RunRecorder) -> int:
    case_id = recorder.case_id("a")
    with recorder.db.begin() as session:
        return evidence_store.gather(session, recorder.repository_id, [case_id], recorder.now)[
            case_id
        ].on_default_branch


def test_a_pull_request_from_a_branch_of_the_default_branchs_name_is_not_on_it(recorder: RunRecorder) -> None:
    recorder.variants({VARIANT: {"a": "F"}}, event="push")
    recorder.variants({VARIANT: {"a": "F"}}, event="pull_request")
    assert failures_on_default_branch(recorder) == 1


def test_a_failure_counts_as_the_default_branchs_by_what_that_was_when_the_run_came(recorder: RunRecorder) -> None:
    recorder.run({"a": "F"})
    recorder.run({"a": "F"})
    recorder.variants({VARIANT: {"a": "F"}}, branch="trunk", event="push")
    rename_default_branch(recorder, "trunk")
    recorder.run({"a": "F"})
    assert failures_on_default_branch(recorder) == 2


def test_a_run_keeps_its_place_when_it_ends_after_the_default_branch_was_renamed(recorder: RunRecorder) -> None:
    run_id = recorder.run({"a": "F"})
    with recorder.db.begin() as session:
        run = run_store.get(session, recorder.repository_id, run_id)
    rename_default_branch(recorder, "trunk")
    with recorder.db.begin() as session:
        run_store.put(session, run)
        assert run_store.get(session, recorder.repository_id, run_id).on_default_branch


def test_a_card_offers_to_run_again_what_timed_out(recorder: RunRecorder) -> None:
    run_id = recorder.variants({VARIANT: {"a": "F"}}, conclusion="timed_out")
    case_id = recorder.case_id("a")
    with recorder.db.begin() as session:
        assert excerpt_store.list_latest(session, [recorder.repository_id], [case_id])[case_id].red_run == run_id
        counts = run_store.count_since(session, [recorder.repository_id], recorder.now - timedelta(hours=1))
    assert counts[recorder.repository_id].failed == 1


def test_recording_takes_the_same_number_of_statements_for_2_variants_and_for_12(db: Database) -> None:
    counts = []
    for number in (2, 12):
        recorder = RunRecorder(db, RepositoryId(number))
        outcomes = {f"ci/{variant}": {"a": "F", "b": "."} for variant in range(number)}
        recorder.variants(outcomes)
        with counting() as count:
            recorder.variants(outcomes)
        counts.append(len(count.statements))
    assert counts[0] == counts[1] <= 50


@pytest.mark.parametrize("number", [5, 100])
def test_recording_takes_no_statement_for_each_new_kind_of_failure(db: Database, number: int) -> None:
    recorder = RunRecorder(db)
    names = [f"t{index}" for index in range(number)]
    recorder.run(dict.fromkeys(names, "."))
    with counting() as count:
        recorder.run(dict.fromkeys(names, "F"), messages={name: f"{name} expected {name * 9}" for name in names})
    assert len(count.statements) <= 60


def test_a_commit_on_which_a_case_only_passed_again_is_not_one_on_which_it_failed(recorder: RunRecorder) -> None:
    recorder.run({"a": ".."}, sha="a" * 40)
    recorder.run({"a": "F."}, sha="b" * 40)
    case_id = recorder.case_id("a")
    with recorder.db.begin() as session:
        heads = result_store.list_failing_heads(session, recorder.repository_id, [case_id], START)
    assert heads == ["b" * 40]
