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
from tests.store.rebuilt import context, everything
from tests.store.run_recorder import RunRecorder

ANA = Actor(ActorKind.SLACK, "U0ANA", "Ana")
OLD = "tests/test_cart.py::total"
NEW = "tests/unit/test_cart.py::total"
REST = {f"tests/test_tax.py::t{number}": "." for number in range(4)}


@pytest.fixture
def recorder(db: Database) -> RunRecorder:
    return RunRecorder(db)


def numbers(recorder: RunRecorder) -> dict[str, int]:
    with recorder.db.begin() as session:
        ids, titles = case_store.list_titles(session, recorder.repository_id)
    return dict(zip(titles, ids, strict=True))


def trail(recorder: RunRecorder, case_id: CaseId) -> list[str]:
    with recorder.db.begin() as session:
        return [
            one.reason
            for one in audit_store.list_case(session, recorder.repository_id, case_id)
            if one.action is AuditAction.RENAME
        ]


def failed(recorder: RunRecorder, case_id: int) -> int:
    with recorder.db.begin() as session:
        run_ids = [run.id for run in history_store.list_runs(session, recorder.repository_id, limit=1000)]
        failures = result_store.list_run_failures(session, recorder.repository_id, run_ids)
        return sum(failure.case_id == case_id for failure in failures)


def outcomes(recorder: RunRecorder, case_id: int) -> int:
    with recorder.db.begin() as session:
        return len(result_store.list_case_outcomes(session, recorder.repository_id, CaseId(case_id), 50))


def test_a_case_that_moves_keeps_its_number_its_published_id_and_its_history(recorder: RunRecorder) -> None:
    recorder.run(REST | {OLD: "."})
    recorder.run(REST | {OLD: "F."})
    before = recorder.case_id(OLD)
    with recorder.db.begin() as session:
        uid = case_store.get(session, recorder.repository_id, before).uid
    recorder.run(REST | {NEW: "F."})
    assert numbers(recorder)[NEW] == before
    assert OLD not in numbers(recorder)
    with recorder.db.begin() as session:
        assert case_store.get(session, recorder.repository_id, before).uid == uid
        assert case_store.count(session, [recorder.repository_id]) == {recorder.repository_id: 5}
        (score,) = score_store.list_of_cases(session, [recorder.repository_id], [before])
        assert (score.runs, score.failures) == (3, 2)
    assert outcomes(recorder, before) == 3
    assert trail(recorder, before) == [f"{OLD} is {NEW} now."]


def test_a_branch_that_still_has_the_former_name_reports_the_same_case(recorder: RunRecorder) -> None:
    recorder.run(REST | {OLD: "."})
    recorder.run(REST | {NEW: "."})
    recorder.run(REST | {OLD: "F"}, branch="older")
    (number,) = (number for title, number in numbers(recorder).items() if title == NEW)
    assert failed(recorder, number) == 1
    assert OLD not in numbers(recorder)


def test_a_pull_request_that_renames_takes_nothing_from_main_until_it_is_merged_and_its_results_follow_then(
    recorder: RunRecorder,
) -> None:
    recorder.run(REST | {OLD: "."})
    recorder.run(REST | {NEW: "F"}, branch="topic")
    recorder.run(REST | {OLD: "."})
    apart = numbers(recorder)
    assert apart[OLD] != apart[NEW]
    recorder.run(REST | {NEW: "."})
    assert numbers(recorder)[NEW] == apart[OLD]
    assert failed(recorder, apart[OLD]) == 1
    assert failed(recorder, apart[NEW]) == 0
    assert outcomes(recorder, apart[OLD]) == 4
    with recorder.db.begin() as session:
        case = case_store.find(session, CaseId(apart[NEW]))
    assert case is not None
    assert case.id == apart[OLD]


def test_a_rename_that_is_reverted_gives_the_name_back(recorder: RunRecorder) -> None:
    recorder.run(REST | {OLD: "."})
    case_id = recorder.case_id(OLD)
    recorder.run(REST | {NEW: "."})
    recorder.run(REST | {OLD: "."})
    recorder.run(REST | {OLD: "."})
    assert numbers(recorder)[OLD] == case_id
    assert NEW not in numbers(recorder)
    assert outcomes(recorder, case_id) == 4
    assert trail(recorder, case_id) == [f"{OLD} is {NEW} now.", f"{NEW} is {OLD} again."]


def test_a_case_that_is_renamed_twice_is_found_under_each_of_its_names(recorder: RunRecorder) -> None:
    third = "tests/core/test_cart.py::total"
    for name in (OLD, NEW, third):
        recorder.run(REST | {name: "."})
    case_id = recorder.case_id(third)
    for number, name in enumerate((OLD, NEW)):
        recorder.run(REST | {name: "F"}, branch=f"older-{number}")
    assert failed(recorder, case_id) == 2
    assert len(numbers(recorder)) == 5


def test_two_names_in_one_run_are_two_tests_whatever_was_thought_before(recorder: RunRecorder) -> None:
    recorder.run(REST | {OLD: "."})
    recorder.run(REST | {NEW: "."})
    recorder.run(REST | {OLD: "F", NEW: "."})
    number_of = numbers(recorder)
    assert number_of[OLD] != number_of[NEW]
    assert (failed(recorder, number_of[OLD]), failed(recorder, number_of[NEW])) == (1, 0)
    recorder.run(REST | {OLD: "F", NEW: "."})
    assert numbers(recorder) == number_of


def test_a_test_that_ran_beside_its_likeness_once_is_not_its_successor(recorder: RunRecorder) -> None:
    recorder.run(REST | {OLD: "."})
    recorder.run(REST | {OLD: ".", NEW: "."}, branch="topic")
    recorder.run(REST | {NEW: "."})
    assert numbers(recorder).keys() >= {OLD, NEW}


def test_a_part_of_a_run_and_a_run_of_an_older_commit_decide_nothing(recorder: RunRecorder) -> None:
    recorder.run(REST | {OLD: "."})
    recorder.run(REST | {NEW: "."}, complete=False)
    assert numbers(recorder).keys() >= {OLD, NEW}


def test_a_test_that_was_deleted_and_one_that_was_added_elsewhere_stay_apart(recorder: RunRecorder) -> None:
    recorder.run(REST | {OLD: "."})
    recorder.run(REST)
    recorder.run(REST | {NEW: "."})
    assert numbers(recorder).keys() >= {OLD, NEW}


def test_an_edited_name_at_its_place_in_the_file_is_followed(recorder: RunRecorder) -> None:
    first = ["tests/test_a.py::first", "tests/test_a.py::total_of_the_cart", "tests/test_a.py::last"]
    second = [first[0], "tests/test_a.py::total_of_a_cart", first[2]]
    recorder.run(dict.fromkeys(first, "."))
    case_id = recorder.case_id(first[1])
    recorder.run(dict.fromkeys(second, "."))
    assert numbers(recorder)[second[1]] == case_id


def propose(recorder: RunRecorder, name: str) -> QuarantineId:
    proposal = Proposal(case_id=recorder.case_id(name), days=14, reason="slow")
    with recorder.db.begin() as session:
        return deciding.propose(session, recorder.repository_id, proposal, ANA, recorder.now)


def test_a_quarantine_follows_its_case_and_one_of_the_new_name_alone_is_ended(recorder: RunRecorder) -> None:
    recorder.run(REST | {OLD: "F."})
    mine = propose(recorder, OLD)
    recorder.run(REST | {NEW: "F."}, branch="topic")
    other = propose(recorder, NEW)
    recorder.run(REST | {NEW: "."})
    case_id = recorder.case_id(NEW)
    with recorder.db.begin() as session:
        latest = quarantine_store.find_latest(session, recorder.repository_id, case_id)
        decided = {number: quarantine_store.get(session, number) for number in (mine, other)}
    assert latest is not None
    assert (decided[mine].state, decided[other].state) == (State.PROPOSED, State.WITHDRAWN)
    assert {quarantine.case_id for quarantine in decided.values()} == {case_id}


def test_a_whole_folder_that_moves_is_followed_in_one_run(recorder: RunRecorder) -> None:
    before = {f"tests/test_{file}.py::t{number}": "." for file in "abcdef" for number in range(20)}
    now = {name.replace("tests/", "tests/unit/"): "." for name in before}
    recorder.run(before)
    known = numbers(recorder)
    recorder.run(now)
    assert {name.replace("tests/", "tests/unit/"): number for name, number in known.items()} == numbers(recorder)


def test_the_thread_of_the_card_is_told(recorder: RunRecorder) -> None:
    recorder.run(REST | {OLD: "."})
    with recorder.db.begin() as session:
        session.exec_driver_sql(
            "insert into messages (key, repository_id, case_id, workspace_id, channel, ts, posted_at) "
            "values (%s, %s, %s, 1, 'C1', '1.0', now())",
            (
                f"card:{recorder.repository_id}:{recorder.case_id(OLD)}:1:C1",
                recorder.repository_id,
                recorder.case_id(OLD),
            ),
        )
    recorder.run(REST | {NEW: "."})
    with recorder.db.begin() as session:
        assert stored_notices.list_of_kind(session, CardNotice)
        assert stored_notices.list_of_kind(session, AuditLineNotice)


def agree(recorder: RunRecorder) -> None:
    """A rebuild gives what live ingestion gave, once what a rename asked for is done."""
    rescore.rescore(context(recorder), recorder.repository_id)
    before = everything(recorder)
    with recorder.db.begin() as session:
        rescore_store.request(session, [recorder.repository_id], "test", recorder.now)
    rescore.rescore(context(recorder), recorder.repository_id)
    assert everything(recorder) == before


def test_after_a_rename_a_rebuild_gives_what_live_ingestion_gave(recorder: RunRecorder) -> None:
    suite = {f"tests/test_cart.py::t{number}": "." for number in range(12)}
    others = REST | {f"tests/unit/test_net.py::n{number}": "." for number in range(12)}
    down = dict.fromkeys(suite, "F")
    for tries in (".", "F.", "."):
        recorder.run(suite | others | {OLD: tries})
    recorder.run(down | others | {OLD: "F"})
    recorder.run(suite | others | {NEW: "."}, branch="topic")
    recorder.run(suite | others | {NEW: "."})
    agree(recorder)
    recorder.run(down | others | {OLD: "F"}, branch="older")
    recorder.run(down | others | {NEW: "F"})
    agree(recorder)
    recorder.run(suite | others | {OLD: "."})  # reverted
    recorder.run(down | others | {OLD: "F"})
    agree(recorder)


def test_what_ran_a_test_stays_with_it_when_its_results_follow_it(recorder: RunRecorder) -> None:
    recorder.run(REST | {OLD: "."})
    rest = REST | {f"tests/test_vat.py::v{number}": "." for number in range(9)}
    on = dict.fromkeys(rest, "shard 1") | {NEW: "shard 2"}
    recorder.run({NEW: "F"} | rest, branch="topic", runners=on)
    recorder.run(rest | {NEW: "."})
    with recorder.db.begin() as session:
        results = history_store.list_results(
            session,
            recorder.repository_id,
            [CaseId(number) for number in case_store.list_titles(session, recorder.repository_id)[0]],
            history_store.list_runs(session, recorder.repository_id),
        )
    titles = {number: title for title, number in numbers(recorder).items()}
    assert {titles[result.case_id]: result.runner for result in results if result.runner} == on
