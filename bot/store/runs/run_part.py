"""What other runs and attempts were made of: the variants, shards and numbers of cases a run is compared with."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from bot.analysis.model import RepositoryId, RunId
from bot.analysis.run import StoredRun
from bot.analysis.runs.completeness import COMPARED_RUNS, ReportPart, RunAttempt
from bot.store import relation
from bot.store.database import Session
from bot.store.runs import run as run_store
from bot.store.tables.results import run_results, runs

_ENOUGH = 3


def list_before(session: Session, run: StoredRun) -> list[list[ReportPart]]:
    """The variants of the last runs of the same workflow and branch that were read, newest first, first attempts only.

    Where the branch has hardly any, those of other pull requests stand in for a pull request's, and those of the
    default branch for a push's.
    """
    run_ids = _list_ids(session, run, runs.c.head_branch == run.head_branch)
    if len(run_ids) < _ENOUGH:
        run_ids = _list_ids(session, run, sa.true() if run.is_pull_request else runs.c.on_default_branch)
    parts = _list_parts(session, run.repository_id, run_ids)
    return [parts.get(run_id, []) for run_id in run_ids]


def list_attempts(session: Session, run: StoredRun) -> list[RunAttempt]:
    """The earlier attempts of a run that were read, newest first, with what was missing of each."""
    attempts = [
        attempt
        for attempt in run_store.list_read_attempts(session, run.repository_id, [run.github_run_id])
        if attempt.attempt < run.attempt
    ]
    ids = [attempt.id for attempt in attempts]
    parts = _list_parts(session, run.repository_id, ids)
    problems = run_store.list_problems_by_run(session, run.repository_id, ids)
    return [
        RunAttempt(attempt.attempt, tuple(parts.get(attempt.id, ())), tuple(problems.get(attempt.id, ())))
        for attempt in attempts
    ]


def _list_ids(session: Session, run: StoredRun, branch: sa.ColumnElement[bool]) -> list[RunId]:
    rows = session.execute(
        sa.select(runs.c.id)
        .where(
            runs.c.repository_id == run.repository_id,
            runs.c.workflow_path == run.workflow_path,
            branch,
            run_store.IS_PULL_REQUEST if run.is_pull_request else ~run_store.IS_PULL_REQUEST,
            runs.c.attempt == 1,
            runs.c.ingested_at.is_not(None),
            runs.c.started_at < run.started_at,
            runs.c.github_run_id != run.github_run_id,
        )
        .order_by(runs.c.started_at.desc())
        .limit(COMPARED_RUNS)
    )
    return [RunId(row[0]) for row in rows]


def _list_parts(
    session: Session, repository_id: RepositoryId, run_ids: Sequence[RunId]
) -> dict[RunId, list[ReportPart]]:
    rows = session.execute(
        sa.select(
            run_results.c.run_id,
            run_results.c.variant,
            run_results.c.shards,
            sa.func.cardinality(run_results.c.case_ids),
            run_results.c.complete,
        ).where(relation.is_of_runs(run_results, repository_id, run_ids))
    )
    parts: dict[RunId, list[ReportPart]] = {}
    for row in rows:
        parts.setdefault(RunId(row[0]), []).append(ReportPart(row[1], frozenset(row[2]), row[3], row[4]))
    return parts
