"""Properties of runs as stored: whether they were on the default branch, and whether they failed."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.analysis.model import RepositoryId
from bot.store.database import Database
from bot.store.runs import excerpt as excerpt_store
from bot.store.runs import run as run_store
from bot.store.scores import evidence as evidence_store
from bot.store.workspaces import repository as repository_store
from tests.sql_count import counting
from tests.store.past import VARIANT, Past


@pytest.fixture
def past(db: Database) -> Past:
    past = Past(db)
    past.run({"a": "."})
    return past


def rename_default_branch(past: Past, name: str) -> None:
    with past.db.begin() as session:
        repository_store.put(
            session,
            past.repository_id,
            installation_id=None,
            full_name="acme/shop",
            default_branch=name,
            private=False,
        )


def failures_on_default_branch(past: Past) -> int:
    case_id = past.case_id("a")
    with past.db.begin() as session:
        return evidence_store.gather(session, past.repository_id, [case_id], past.now)[case_id].on_default_branch


def test_a_pull_request_from_a_branch_of_the_default_branchs_name_is_not_on_it(past: Past) -> None:
    past.variants({VARIANT: {"a": "F"}}, event="push")
    past.variants({VARIANT: {"a": "F"}}, event="pull_request")
    assert failures_on_default_branch(past) == 1


def test_a_failure_counts_as_the_default_branchs_by_what_that_was_when_the_run_came(past: Past) -> None:
    past.run({"a": "F"})
    past.run({"a": "F"})
    past.variants({VARIANT: {"a": "F"}}, branch="trunk", event="push")
    rename_default_branch(past, "trunk")
    past.run({"a": "F"})
    assert failures_on_default_branch(past) == 2


def test_a_run_keeps_its_place_when_it_ends_after_the_default_branch_was_renamed(past: Past) -> None:
    run_id = past.run({"a": "F"})
    with past.db.begin() as session:
        run = run_store.get(session, past.repository_id, run_id)
    rename_default_branch(past, "trunk")
    with past.db.begin() as session:
        run_store.put(session, run)
        assert run_store.get(session, past.repository_id, run_id).on_default_branch


def test_a_card_offers_to_run_again_what_timed_out(past: Past) -> None:
    run_id = past.variants({VARIANT: {"a": "F"}}, conclusion="timed_out")
    case_id = past.case_id("a")
    with past.db.begin() as session:
        assert excerpt_store.list_latest(session, [past.repository_id], [case_id])[case_id].red_run == run_id
        counts = run_store.count_since(session, [past.repository_id], past.now - timedelta(hours=1))
    assert counts[past.repository_id].failed == 1


def test_recording_takes_the_same_number_of_statements_for_2_variants_and_for_12(db: Database) -> None:
    counts = []
    for number in (2, 12):
        past = Past(db, RepositoryId(number))
        outcomes = {f"ci/{variant}": {"a": "F", "b": "."} for variant in range(number)}
        past.variants(outcomes)
        with counting() as count:
            past.variants(outcomes)
        counts.append(len(count.statements))
    assert counts[0] == counts[1] <= 50


@pytest.mark.parametrize("number", [5, 100])
def test_recording_takes_no_statement_for_each_new_kind_of_failure(db: Database, number: int) -> None:
    past = Past(db)
    names = [f"t{index}" for index in range(number)]
    past.run(dict.fromkeys(names, "."))
    with counting() as count:
        past.run(dict.fromkeys(names, "F"), messages={name: f"{name} expected {name * 9}" for name in names})
    assert len(count.statements) <= 60
