"""Runs as GitHub describes them, and what could not be read of each."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import distinct_on, insert

from bot.analysis.model import Problem, RepositoryId, RunId
from bot.analysis.run import FAILED, PULL_REQUEST, Run, StoredRun
from bot.store import record, relation
from bot.store.database import Session
from bot.store.tables.results import repositories, run_problems, runs

HAS_FAILED = runs.c.conclusion.in_(sorted(FAILED))
"""The predicate of `Run.failed`."""
IS_PULL_REQUEST = runs.c.event.startswith(PULL_REQUEST, autoescape=True)
"""The predicate of `Run.is_pull_request`."""
COLUMNS = [column for column in record.columns(runs, StoredRun) if column is not runs.c.ordinal]
COLUMNS.append(sa.func.coalesce(runs.c.ordinal, 0).label("ordinal"))
_SELECT = sa.select(*COLUMNS)


def put(session: Session, run: Run) -> RunId:
    """Record a run, or what is new of it; returns our number of it. Locks its row for the transaction.

    Whether it is on the default branch is a fact of the time when it is first recorded: the branch may be renamed.
    """
    default_branch = sa.select(repositories.c.default_branch).where(repositories.c.id == run.repository_id)
    statement = insert(runs).values(
        **{field.name: getattr(run, field.name) for field in fields(Run)},
        on_default_branch=sa.false()
        if run.is_pull_request
        else sa.func.coalesce(default_branch.scalar_subquery() == run.head_branch, sa.false()),
    )
    new = statement.excluded
    statement = statement.on_conflict_do_update(
        index_elements=["repository_id", "github_run_id", "attempt"],
        set_={
            "conclusion": sa.func.coalesce(new.conclusion, runs.c.conclusion),
            "completed_at": sa.func.coalesce(new.completed_at, runs.c.completed_at),
        },
    )
    return RunId(session.execute(statement.returning(runs.c.id)).scalar_one())


def get(session: Session, repository_id: RepositoryId, run_id: RunId) -> StoredRun:
    """The run of this number; it exists."""
    query = _SELECT.where(runs.c.repository_id == repository_id, runs.c.id == run_id)
    return record.get(session, StoredRun, query, "This run is not known.")


def find_attempt(
    session: Session, repository_id: RepositoryId, github_run_id: int, attempt: int | None
) -> StoredRun | None:
    """An attempt of a run as GitHub numbers it; the latest known where none is named."""
    query = _SELECT.where(runs.c.repository_id == repository_id, runs.c.github_run_id == github_run_id)
    if attempt is not None:
        query = query.where(runs.c.attempt == attempt)
    return record.find(session, StoredRun, query.order_by(runs.c.attempt.desc()).limit(1))


def find(session: Session, repository_id: RepositoryId, run_id: RunId) -> StoredRun | None:
    """The run of this number, or None."""
    query = _SELECT.where(runs.c.repository_id == repository_id, runs.c.id == run_id)
    return record.find(session, StoredRun, query)


def list_by_id(session: Session, repository_id: RepositoryId, run_ids: Collection[RunId]) -> list[StoredRun]:
    """The runs of these numbers."""
    query = _SELECT.where(runs.c.repository_id == repository_id, runs.c.id.in_(run_ids))
    return record.list_all(session, StoredRun, query)


def list_starts(session: Session, repository_id: RepositoryId, github_run_id: int) -> dict[int, datetime]:
    """When each known attempt of a run started, by attempt."""
    query = sa.select(runs.c.attempt, runs.c.started_at).where(
        runs.c.repository_id == repository_id, runs.c.github_run_id == github_run_id
    )
    return {row[0]: row[1] for row in session.execute(query)}


def last_ordinal(session: Session, repository_id: RepositoryId) -> int:
    """The place of the run that was read last; 0 before the first."""
    query = sa.select(sa.func.max(runs.c.ordinal)).where(runs.c.repository_id == repository_id)
    return record.find_value(session, query) or 0


def set_ingested(
    session: Session,
    repository_id: RepositoryId,
    run_id: RunId,
    *,
    complete: bool,
    outage: float,
    files: int,
    judged: bool,
    now: datetime,
) -> None:
    """Record that the reports of a run were read, as the next of its repository, and whether it was judged yet.

    The caller holds the repository's scorer, so that the order of runs is the order in which they are judged.
    """
    others = runs.alias()
    following = sa.select(sa.func.coalesce(sa.func.max(others.c.ordinal), 0) + 1).where(
        others.c.repository_id == repository_id
    )
    session.execute(
        sa.update(runs)
        .where(runs.c.repository_id == repository_id, runs.c.id == run_id)
        .values(
            complete=complete,
            outage=outage,
            files=files,
            ingested_at=now,
            ordinal=following.scalar_subquery(),
            judged=judged,
        )
    )


def insert_problems(session: Session, repository_id: RepositoryId, run_id: RunId, problems: Iterable[Problem]) -> None:
    """Keep what is missing of a run, could not be read, or has to be known of how it was read."""
    key = {"repository_id": repository_id, "run_id": run_id}
    record.insert_all(session, run_problems, [{**key, **record.values(problem)} for problem in problems])


def list_problems(session: Session, repository_id: RepositoryId, run_ids: Iterable[RunId]) -> list[Problem]:
    """What is missing of runs or could not be read, and the notes on them, in the order in which they were kept."""
    return [problem for _, problem in _problems(session, repository_id, run_ids)]


def list_problems_by_run(
    session: Session, repository_id: RepositoryId, run_ids: Iterable[RunId]
) -> dict[RunId, list[Problem]]:
    """The problems and notes of each run that has any."""
    by_run: dict[RunId, list[Problem]] = {}
    for run_id, problem in _problems(session, repository_id, run_ids):
        by_run.setdefault(run_id, []).append(problem)
    return by_run


def _problems(session: Session, repository_id: RepositoryId, run_ids: Iterable[RunId]) -> list[tuple[RunId, Problem]]:
    query = (
        sa.select(run_problems)
        .where(relation.is_of_runs(run_problems, repository_id, run_ids))
        .order_by(run_problems.c.id)
    )
    rows = session.execute(query)
    return [(row.run_id, Problem(row.artifact, row.path, row.reason, row.is_note)) for row in rows]


def list_latest_attempts(session: Session, repository_id: RepositoryId, head_sha: str) -> list[StoredRun]:
    """The latest attempt of every workflow run of a commit, one per workflow and event (the newest run)."""
    query = (
        _SELECT.ext(distinct_on(runs.c.workflow_path, runs.c.event))
        .where(runs.c.repository_id == repository_id, runs.c.head_sha == head_sha)
        .order_by(runs.c.workflow_path, runs.c.event, runs.c.github_run_id.desc(), runs.c.attempt.desc())
    )
    return record.list_all(session, StoredRun, query)


def list_read_attempts(
    session: Session, repository_id: RepositoryId, github_run_ids: Collection[int]
) -> list[StoredRun]:
    """The attempts of workflow runs whose reports were read, newest first."""
    query = _SELECT.where(
        runs.c.repository_id == repository_id,
        runs.c.github_run_id.in_(github_run_ids),
        runs.c.ingested_at.is_not(None),
    )
    return record.list_all(session, StoredRun, query.order_by(runs.c.attempt.desc()))


def summarise(session: Session, repository_id: RepositoryId) -> tuple[int, datetime, datetime, int] | None:
    """How many runs were read, the first and last start, and how many things could not be read."""
    row = session.execute(
        sa.select(sa.func.count(), sa.func.min(runs.c.started_at), sa.func.max(runs.c.started_at)).where(
            runs.c.repository_id == repository_id, runs.c.ingested_at.is_not(None)
        )
    ).one()
    problems = record.count(session, run_problems.c.repository_id == repository_id, ~run_problems.c.is_note)
    return (row[0], row[1], row[2], problems) if row[0] else None


@dataclass(frozen=True, slots=True)
class RunCounts:
    """How many runs started in a period, how many of them failed, and when the newest ever started."""

    started: int = 0
    failed: int = 0
    last_at: datetime | None = None


def count_since(
    session: Session, repository_ids: Collection[RepositoryId], since: datetime
) -> dict[RepositoryId, RunCounts]:
    """The runs of each repository since a time."""
    rows = session.execute(
        sa.select(
            runs.c.repository_id,
            sa.func.count().filter(runs.c.started_at >= since),
            sa.func.count().filter(runs.c.started_at >= since, HAS_FAILED),
            sa.func.max(runs.c.started_at),
        )
        .where(runs.c.repository_id.in_(repository_ids))
        .group_by(runs.c.repository_id)
    )
    return dict.fromkeys(repository_ids, RunCounts()) | {RepositoryId(row[0]): RunCounts(*row[1:]) for row in rows}


def last_ingested(session: Session, repository_ids: Sequence[RepositoryId]) -> datetime | None:
    """When the newest results of some repositories were read."""
    query = sa.select(sa.func.max(runs.c.ingested_at)).where(runs.c.repository_id.in_(repository_ids))
    return record.find_value(session, query)


def any_ended_since(session: Session, repository_id: RepositoryId, since: datetime) -> bool:
    """Whether a run that was read ended at or after a time."""
    query = sa.select(sa.true()).where(
        runs.c.repository_id == repository_id,
        runs.c.ordinal.is_not(None),
        sa.func.coalesce(runs.c.completed_at, runs.c.started_at) >= since,
    )
    return session.execute(query.limit(1)).first() is not None
