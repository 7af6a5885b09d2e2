from __future__ import annotations

import pytest

from bot.analysis.audit import AuditAction
from bot.analysis.model import Actor, ActorKind, CaseId, QuarantineId
from bot.analysis.notice import AuditLineNotice, CardNotice
from bot.analysis.quarantine.lifecycle import State
from bot.analysis.quarantine.proposal import Proposal
from bot.jobs import rescore
from bot.store.cases import case as case_store
from bot.store.database import Database
from bot.store.decisions import audit as audit_store
from bot.store.decisions import quarantine as quarantine_store
from bot.store.runs import history as history_store
from bot.store.runs import result as result_store
from bot.store.scores import rescore as rescore_store
from bot.store.scores import score as score_store
from tests import stored_notices
from tests.store import deciding
from tests.store.past import Past
from tests.store.rebuilt import context, everything

ANA = Actor(ActorKind.SLACK, "U0ANA", "Ana")
OLD = "tests/test_cart.py::total"
NEW = "tests/unit/test_cart.py::total"
REST = {f"tests/test_tax.py::t{number}": "." for number in range(4)}


@pytest.fixture
def past(db: Database) -> Past:
    return Past(db)


def numbers(past: Past) -> dict[str, int]:
    with past.db.begin() as session:
        ids, titles = case_store.list_titles(session, past.repository_id)
    return dict(zip(titles, ids, strict=True))


def trail(past: Past, case_id: CaseId) -> list[str]:
    with past.db.begin() as session:
        return [
            one.reason
            for one in audit_store.list_case(session, past.repository_id, case_id)
            if one.action is AuditAction.RENAME
        ]


def failed(past: Past, case_id: int) -> int:
    with past.db.begin() as session:
        run_ids = [run.id for run in history_store.list_runs(session, past.repository_id, limit=1000)]
        failures = result_store.list_run_failures(session, past.repository_id, run_ids)
        return sum(failure.case_id == case_id for failure in failures)


def outcomes(past: Past, case_id: int) -> int:
    with past.db.begin() as session:
        return len(result_store.list_case_outcomes(session, past.repository_id, CaseId(case_id), 50))


def test_a_case_that_moves_keeps_its_number_its_published_id_and_its_history(past: Past) -> None:
    past.run(REST | {OLD: "."})
    past.run(REST | {OLD: "F."})
    before = past.case_id(OLD)
    with past.db.begin() as session:
        uid = case_store.get(session, past.repository_id, before).uid
    past.run(REST | {NEW: "F."})
    assert numbers(past)[NEW] == before
    assert OLD not in numbers(past)
    with past.db.begin() as session:
        assert case_store.get(session, past.repository_id, before).uid == uid
        assert case_store.count(session, [past.repository_id]) == {past.repository_id: 5}
        (score,) = score_store.list_of_cases(session, [past.repository_id], [before])
        assert (score.runs, score.failures) == (3, 2)
    assert outcomes(past, before) == 3
    assert trail(past, before) == [f"{OLD} is {NEW} now."]


def test_a_branch_that_still_has_the_former_name_reports_the_same_case(past: Past) -> None:
    past.run(REST | {OLD: "."})
    past.run(REST | {NEW: "."})
    past.run(REST | {OLD: "F"}, branch="older")
    (number,) = (number for title, number in numbers(past).items() if title == NEW)
    assert failed(past, number) == 1
    assert OLD not in numbers(past)


def test_a_pull_request_that_renames_takes_nothing_from_main_until_it_is_merged_and_its_results_follow_then(
    past: Past,
) -> None:
    past.run(REST | {OLD: "."})
    past.run(REST | {NEW: "F"}, branch="topic")
    past.run(REST | {OLD: "."})
    apart = numbers(past)
    assert apart[OLD] != apart[NEW]
    past.run(REST | {NEW: "."})
    assert numbers(past)[NEW] == apart[OLD]
    assert failed(past, apart[OLD]) == 1
    assert failed(past, apart[NEW]) == 0
    assert outcomes(past, apart[OLD]) == 4
    with past.db.begin() as session:
        case = case_store.find(session, CaseId(apart[NEW]))
    assert case is not None
    assert case.id == apart[OLD]


def test_a_rename_that_is_reverted_gives_the_name_back(past: Past) -> None:
    past.run(REST | {OLD: "."})
    case_id = past.case_id(OLD)
    past.run(REST | {NEW: "."})
    past.run(REST | {OLD: "."})
    past.run(REST | {OLD: "."})
    assert numbers(past)[OLD] == case_id
    assert NEW not in numbers(past)
    assert outcomes(past, case_id) == 4
    assert trail(past, case_id) == [f"{OLD} is {NEW} now.", f"{NEW} is {OLD} again."]


def test_a_case_that_is_renamed_twice_is_found_under_each_of_its_names(past: Past) -> None:
    third = "tests/core/test_cart.py::total"
    for name in (OLD, NEW, third):
        past.run(REST | {name: "."})
    case_id = past.case_id(third)
    for number, name in enumerate((OLD, NEW)):
        past.run(REST | {name: "F"}, branch=f"older-{number}")
    assert failed(past, case_id) == 2
    assert len(numbers(past)) == 5


def test_two_names_in_one_run_are_two_tests_whatever_was_thought_before(past: Past) -> None:
    past.run(REST | {OLD: "."})
    past.run(REST | {NEW: "."})
    past.run(REST | {OLD: "F", NEW: "."})
    number_of = numbers(past)
    assert number_of[OLD] != number_of[NEW]
    assert (failed(past, number_of[OLD]), failed(past, number_of[NEW])) == (1, 0)
    past.run(REST | {OLD: "F", NEW: "."})
    assert numbers(past) == number_of


def test_a_test_that_ran_beside_its_likeness_once_is_not_its_successor(past: Past) -> None:
    past.run(REST | {OLD: "."})
    past.run(REST | {OLD: ".", NEW: "."}, branch="topic")
    past.run(REST | {NEW: "."})
    assert numbers(past).keys() >= {OLD, NEW}


def test_a_part_of_a_run_and_a_run_of_an_older_commit_decide_nothing(past: Past) -> None:
    past.run(REST | {OLD: "."})
    past.run(REST | {NEW: "."}, complete=False)
    assert numbers(past).keys() >= {OLD, NEW}


def test_a_test_that_was_deleted_and_one_that_was_added_elsewhere_stay_apart(past: Past) -> None:
    past.run(REST | {OLD: "."})
    past.run(REST)
    past.run(REST | {NEW: "."})
    assert numbers(past).keys() >= {OLD, NEW}


def test_an_edited_name_at_its_place_in_the_file_is_followed(past: Past) -> None:
    first = ["tests/test_a.py::first", "tests/test_a.py::total_of_the_cart", "tests/test_a.py::last"]
    second = [first[0], "tests/test_a.py::total_of_a_cart", first[2]]
    past.run(dict.fromkeys(first, "."))
    case_id = past.case_id(first[1])
    past.run(dict.fromkeys(second, "."))
    assert numbers(past)[second[1]] == case_id


def propose(past: Past, name: str) -> QuarantineId:
    proposal = Proposal(case_id=past.case_id(name), days=14, reason="slow")
    with past.db.begin() as session:
        return deciding.propose(session, past.repository_id, proposal, ANA, past.now)


def test_a_quarantine_follows_its_case_and_one_of_the_new_name_alone_is_ended(past: Past) -> None:
    past.run(REST | {OLD: "F."})
    mine = propose(past, OLD)
    past.run(REST | {NEW: "F."}, branch="topic")
    other = propose(past, NEW)
    past.run(REST | {NEW: "."})
    case_id = past.case_id(NEW)
    with past.db.begin() as session:
        latest = quarantine_store.find_latest(session, past.repository_id, case_id)
        decided = {number: quarantine_store.get(session, number) for number in (mine, other)}
    assert latest is not None
    assert (decided[mine].state, decided[other].state) == (State.PROPOSED, State.WITHDRAWN)
    assert {quarantine.case_id for quarantine in decided.values()} == {case_id}


def test_a_whole_folder_that_moves_is_followed_in_one_run(past: Past) -> None:
    before = {f"tests/test_{file}.py::t{number}": "." for file in "abcdef" for number in range(20)}
    now = {name.replace("tests/", "tests/unit/"): "." for name in before}
    past.run(before)
    known = numbers(past)
    past.run(now)
    assert {name.replace("tests/", "tests/unit/"): number for name, number in known.items()} == numbers(past)


def test_the_thread_of_the_card_is_told(past: Past) -> None:
    past.run(REST | {OLD: "."})
    with past.db.begin() as session:
        session.exec_driver_sql(
            "insert into messages (key, repository_id, case_id, workspace_id, channel, ts, posted_at) "
            "values (%s, %s, %s, 1, 'C1', '1.0', now())",
            (f"card:{past.repository_id}:{past.case_id(OLD)}:1:C1", past.repository_id, past.case_id(OLD)),
        )
    past.run(REST | {NEW: "."})
    with past.db.begin() as session:
        assert stored_notices.list_of_kind(session, CardNotice)
        assert stored_notices.list_of_kind(session, AuditLineNotice)


def agree(past: Past) -> None:
    """A rebuild gives what live ingestion gave, once what a rename asked for is done."""
    rescore.rescore(context(past), past.repository_id)
    before = everything(past)
    with past.db.begin() as session:
        rescore_store.request(session, past.repository_id, "test", past.now)
    rescore.rescore(context(past), past.repository_id)
    assert everything(past) == before


def test_after_a_rename_a_rebuild_gives_what_live_ingestion_gave(past: Past) -> None:
    suite = {f"tests/test_cart.py::t{number}": "." for number in range(12)}
    others = REST | {f"tests/unit/test_net.py::n{number}": "." for number in range(12)}
    down = dict.fromkeys(suite, "F")
    for tries in (".", "F.", "."):
        past.run(suite | others | {OLD: tries})
    past.run(down | others | {OLD: "F"})
    past.run(suite | others | {NEW: "."}, branch="topic")
    past.run(suite | others | {NEW: "."})
    agree(past)
    past.run(down | others | {OLD: "F"}, branch="older")
    past.run(down | others | {NEW: "F"})
    agree(past)
    past.run(suite | others | {OLD: "."})  # reverted
    past.run(down | others | {OLD: "F"})
    agree(past)


def test_what_ran_a_test_stays_with_it_when_its_results_follow_it(past: Past) -> None:
    past.run(REST | {OLD: "."})
    rest = REST | {f"tests/test_vat.py::v{number}": "." for number in range(9)}
    on = dict.fromkeys(rest, "shard 1") | {NEW: "shard 2"}
    past.run({NEW: "F"} | rest, branch="topic", runners=on)
    past.run(rest | {NEW: "."})
    with past.db.begin() as session:
        results = history_store.list_results(
            session,
            past.repository_id,
            [CaseId(number) for number in case_store.list_titles(session, past.repository_id)[0]],
            history_store.list_runs(session, past.repository_id),
        )
    titles = {number: title for title, number in numbers(past).items()}
    assert {titles[result.case_id]: result.runner for result in results if result.runner} == on
