"""What other runs and attempts were made of: the variants, shards and numbers of cases that a run is held against."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from bot.analysis.model import RepositoryId, RunId
from bot.analysis.reports.completeness import COMPARED_RUNS, Attempt, Part
from bot.store.database import Session
from bot.store.runs import run as run_store
from bot.store.tables import run_results, runs

_ENOUGH = 3


def list_before(session: Session, run: run_store.StoredRun, default_branch: str) -> list[list[Part]]:
    """The variants of the last runs of the same workflow and branch that were read, newest first, first attempts only.

    Where the branch has hardly any, those of other pull requests stand in for a pull request's, and those of the
    default branch for a push's.
    """
    is_pull_request = run.event.startswith("pull_request")
    of_branch = _list_ids(session, run, runs.c.head_branch == run.head_branch, is_pull_request)
    if len(of_branch) < _ENOUGH:
        others = sa.true() if is_pull_request else runs.c.head_branch == default_branch
        of_branch = _list_ids(session, run, others, is_pull_request)
    found = _list_parts(session, run.repository_id, of_branch)
    return [found.get(run_id, []) for run_id in of_branch]


def list_attempts(session: Session, run: run_store.StoredRun) -> list[Attempt]:
    """The earlier attempts of a run that were read, newest first, with what was missing of each."""
    attempts = [
        attempt
        for attempt in run_store.list_read_attempts(session, run.repository_id, [run.github_run_id])
        if attempt.attempt < run.attempt
    ]
    found = _list_parts(session, run.repository_id, [one.id for one in attempts])
    return [
        Attempt(
            one.attempt,
            tuple(found.get(one.id, [])),
            tuple(run_store.list_problems(session, run.repository_id, [one.id])),
        )
        for one in attempts
    ]


def _list_ids(
    session: Session, run: run_store.StoredRun, branch: sa.ColumnElement[bool], is_pull_request: bool
) -> list[RunId]:
    rows = session.execute(
        sa.select(runs.c.id)
        .where(
            runs.c.repository_id == run.repository_id,
            runs.c.workflow_path == run.workflow_path,
            branch,
            runs.c.event.startswith("pull_request") == is_pull_request,
            runs.c.attempt == 1,
            runs.c.ingested_at.is_not(None),
            runs.c.started_at < run.started_at,
            runs.c.github_run_id != run.github_run_id,
        )
        .order_by(runs.c.started_at.desc())
        .limit(COMPARED_RUNS)
    )
    return [RunId(row[0]) for row in rows]


def _list_parts(session: Session, repository_id: RepositoryId, run_ids: Sequence[RunId]) -> dict[RunId, list[Part]]:
    rows = session.execute(
        sa.select(
            run_results.c.run_id,
            run_results.c.variant,
            run_results.c.shards,
            sa.func.cardinality(run_results.c.case_ids),
            run_results.c.complete,
        ).where(run_results.c.repository_id == repository_id, run_results.c.run_id.in_(run_ids))
    )
    found: dict[RunId, list[Part]] = {}
    for row in rows:
        found.setdefault(RunId(row[0]), []).append(Part(row[1], frozenset(row[2]), row[3], row[4]))
    return found
