from __future__ import annotations

from collections import Counter

from bot.analysis.commit_state import FailureClass
from bot.analysis.model import RepositoryId
from bot.queries import commit
from bot.store.database import Database
from bot.store.runs import run as run_store
from tests.sql_count import counting
from tests.store.run_recorder import RunRecorder


def count_statements(db: Database, repository_id: RepositoryId, number: int) -> int:
    """The statements that the state of a commit takes on which five broken cases and so many new ones fail."""
    recorder = RunRecorder(db, repository_id)
    passing = {f"t{index}": "." for index in range(number + 5)}
    broken = {f"t{index}": "F" for index in range(5)}
    for _ in range(8):
        recorder.run(passing)
    for _ in range(9):
        recorder.run(passing | broken)
    run_id = recorder.run(dict.fromkeys(passing, "F"))
    with db.begin() as session:
        head_sha = run_store.get(session, recorder.repository_id, run_id).head_sha
    with counting() as count, db.begin() as session:
        state = commit.state(session, recorder.repository_id, head_sha, recorder.now)
    classes = Counter(failure.classification for failure in state.failures)
    assert (classes[FailureClass.BROKEN_ON_MAIN], len(state.failures)) == (5, number + 5)
    return len(count.statements)


def test_the_state_of_a_commit_takes_the_same_number_of_statements_however_many_cases_failed(db: Database) -> None:
    few, many = (count_statements(db, RepositoryId(number), number) for number in (5, 500))
    assert few == many <= 12


def test_a_failure_of_the_commit_that_breaks_a_case_is_new_and_of_later_ones_broken(db: Database) -> None:
    recorder = RunRecorder(db)
    for _ in range(12):
        recorder.run({"cart": ".", "login": "."})
    classes = []
    for _ in range(9):
        run_id = recorder.run({"cart": "F", "login": "."})
        with db.begin() as session:
            run = run_store.get(session, recorder.repository_id, run_id)
            (failure,) = commit.state(session, recorder.repository_id, run.head_sha, recorder.now).failures
        classes.append(failure.classification)
    assert classes[0] is FailureClass.NEW
    assert classes[-1] is FailureClass.BROKEN_ON_MAIN
