from __future__ import annotations

import numpy as np
import pytest

from bot.analysis.model import Channel, RepositoryId, RunId, RunReport, WorkspaceId
from bot.analysis.notice import UnreadableReportNotice
from bot.analysis.run import Run
from bot.jobs import workflow_run
from bot.queries import commit
from bot.services import ingest
from bot.store.database import Database
from bot.store.runs import result as result_store
from bot.store.runs import run as run_store
from tests import stored_notices
from tests.store.run_recorder import RunRecorder

MANY = {f"t{number}": "." for number in range(40)}
FEW = {f"t{number}": "." for number in range(10)}


def head(recorder: RunRecorder, run_id: RunId) -> str:
    with recorder.db.begin() as session:
        return run_store.get(session, recorder.repository_id, run_id).head_sha


def test_a_run_with_far_fewer_cases_is_incomplete_says_so_and_is_no_evidence_of_a_pass(db: Database) -> None:
    recorder = RunRecorder(db)
    recorder.run(MANY | {"t3": "F"})
    recorder.run(MANY | {"t3": "F"})
    with db.begin() as session:
        before = result_store.list_case_outcomes(session, recorder.repository_id, recorder.case_id("t3"), 9)
    run_id = recorder.run(FEW)
    with db.begin() as session:
        run = run_store.get(session, recorder.repository_id, run_id)
        (variant,) = result_store.list_variants(session, recorder.repository_id, [run_id])
        problems = run_store.list_problems(session, recorder.repository_id, [run_id])
        assert result_store.list_case_outcomes(session, recorder.repository_id, recorder.case_id("t3"), 9) == before
        state = commit.state(session, recorder.repository_id, run.head_sha, recorder.now)
    assert (run.complete, variant.complete) == (False, False)
    assert [one.reason for one in problems] == ["10 cases, the last runs had 40."]
    assert (state.complete, state.cases) == (False, 10)


def test_a_pull_request_is_held_against_other_pull_requests_and_not_against_main(db: Database) -> None:
    recorder = RunRecorder(db)
    for _ in range(3):
        recorder.run(MANY)
    for number in range(3):
        recorder.run(FEW, branch=f"topic-{number}")
    run_id = recorder.run(FEW, branch="another")
    with db.begin() as session:
        assert run_store.get(session, recorder.repository_id, run_id).complete


def test_an_attempt_that_ran_one_shard_again_is_held_together_with_the_one_before(db: Database) -> None:
    recorder = RunRecorder(db)
    recorder.run(MANY, shards=("1", "2"))
    recorder.run(MANY | {"t3": "F", "t30": "F"}, shards=("1", "2"))
    run_id = recorder.run({"t3": "."}, shards=("1",), again=True)
    with db.begin() as session:
        assert run_store.get(session, recorder.repository_id, run_id).complete
        state = commit.state(session, recorder.repository_id, head(recorder, run_id), recorder.now)
    assert [one.title for one in state.failures] == ["tests/test_t30.py::t30"]
    assert state.cases == 40


def test_what_passed_in_a_leg_that_is_not_whole_is_not_counted(db: Database) -> None:
    whole, cut = RunRecorder(db), RunRecorder(db, RepositoryId(78))
    for recorder in (whole, cut):
        recorder.run({"a": ".", "b": "F"})
    whole.run({"a": ".", "b": "."})
    cut.run({"a": ".", "b": "."}, complete=False)
    with db.begin() as session:
        variants = [
            result_store.list_variants(session, recorder.repository_id, [recorder.run({"a": "."})])[0]
            for recorder in (whole, cut)
        ]
    assert all(np.array_equal(variant.outcomes, [0]) for variant in variants)


@pytest.mark.parametrize(("conclusion", "notices"), [("failure", 1), ("cancelled", 0)])
def test_what_a_run_lacks_is_told_unless_somebody_stopped_it(db: Database, conclusion: str, notices: int) -> None:
    recorder = RunRecorder(db)
    for _ in range(3):
        recorder.run(MANY)
    with db.begin() as session:
        run = Run(
            repository_id=recorder.repository_id,
            github_run_id=1,
            attempt=1,
            number=99,
            workflow="CI",
            workflow_path=".github/workflows/ci.yml",
            event="push",
            head_sha="c" * 40,
            head_branch="main",
            base_sha=None,
            conclusion=conclusion,
            url="https://github.invalid/run",
            started_at=recorder.now,
            completed_at=recorder.now,
        )
        run_id = ingest.begin(session, run, recorder.now)
        workflow_run.record(
            session, recorder.repository_id, run_id, RunReport((), (), 0), Channel(WorkspaceId(1), "C1"), recorder.now
        )
        assert not run_store.get(session, recorder.repository_id, run_id).complete
        unreadable = stored_notices.list_of_kind(session, UnreadableReportNotice)
    assert len(unreadable) == notices
