"""Runs and their results: one row of arrays per run and variant, rows for what did not simply pass."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray
from sqlalchemy.dialects.postgresql import insert

from bot.analysis.model import CaseId, FailureText, Leg, Outcome, Problem, RepositoryId, RunId
from bot.store.database import Session
from bot.store.tables import failures, fingerprints, run_problems, run_results, runs

OUTCOMES = (Outcome.PASSED, Outcome.FAILED, Outcome.ERRORED, Outcome.SKIPPED)
"""The order in which outcomes are written as one byte each."""
CODES = {outcome: code for code, outcome in enumerate(OUTCOMES)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One attempt of one workflow run, as GitHub told of it."""

    repository_id: RepositoryId
    github_run_id: int
    attempt: int
    number: int
    workflow: str
    workflow_path: str
    event: str
    head_sha: str
    head_branch: str
    base_sha: str | None
    conclusion: str | None
    url: str
    started_at: datetime
    completed_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRun:
    """A run as it stands with us."""

    id: RunId
    repository_id: RepositoryId
    github_run_id: int
    attempt: int
    number: int
    workflow: str
    workflow_path: str
    event: str
    head_sha: str
    head_branch: str
    base_sha: str | None
    conclusion: str | None
    url: str
    started_at: datetime
    completed_at: datetime | None
    ingested_at: datetime | None
    complete: bool
    outage: float
    files: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FailureRow:
    """One try that did not simply pass."""

    case_id: CaseId
    run_id: RunId
    variant: str
    number: int
    outcome: Outcome
    duration: float
    fingerprint_id: int | None
    occurred_at: datetime


def put(session: Session, run: Run) -> RunId:
    """Record a run, or what is new of it; returns our number of it. Locks its row for the transaction."""
    values = {
        "github_run_id": run.github_run_id,
        "attempt": run.attempt,
        "number": run.number,
        "workflow": run.workflow,
        "workflow_path": run.workflow_path,
        "event": run.event,
        "head_sha": run.head_sha,
        "head_branch": run.head_branch,
        "base_sha": run.base_sha,
        "conclusion": run.conclusion,
        "url": run.url,
        "started_at": run.started_at,
        "completed_at": run.completed_at,
    }
    statement = insert(runs).values(repository_id=run.repository_id, **values)
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
    row = (
        session.execute(sa.select(runs).where(runs.c.repository_id == repository_id, runs.c.id == run_id))
        .mappings()
        .one()
    )
    return _read(row)


def list_starts(session: Session, repository_id: RepositoryId, github_run_id: int) -> dict[int, datetime]:
    """When each known attempt of a run started, by attempt."""
    rows = session.execute(
        sa.select(runs.c.attempt, runs.c.started_at).where(
            runs.c.repository_id == repository_id, runs.c.github_run_id == github_run_id
        )
    )
    return {row[0]: row[1] for row in rows}


def set_ingested(
    session: Session,
    repository_id: RepositoryId,
    run_id: RunId,
    *,
    complete: bool,
    outage: float,
    files: int,
    now: datetime,
) -> None:
    """Record that the reports of a run were read."""
    session.execute(
        sa.update(runs)
        .where(runs.c.repository_id == repository_id, runs.c.id == run_id)
        .values(complete=complete, outage=outage, files=files, ingested_at=now)
    )


def insert_problems(session: Session, repository_id: RepositoryId, run_id: RunId, problems: Iterable[Problem]) -> None:
    """Keep what could not be read of a run."""
    rows = [
        {
            "repository_id": repository_id,
            "run_id": run_id,
            "artifact": one.artifact,
            "path": one.path,
            "reason": one.reason,
        }
        for one in problems
    ]
    if rows:
        session.execute(sa.insert(run_problems), rows)


def list_problems(session: Session, repository_id: RepositoryId, run_ids: Iterable[RunId]) -> list[Problem]:
    """What could not be read of runs."""
    rows = session.execute(
        sa.select(run_problems.c.artifact, run_problems.c.path, run_problems.c.reason)
        .where(run_problems.c.repository_id == repository_id, run_problems.c.run_id.in_(list(run_ids)))
        .order_by(run_problems.c.id)
    )
    return [Problem(row[0], row[1], row[2]) for row in rows]


def insert_results(
    session: Session,
    repository_id: RepositoryId,
    run_id: RunId,
    leg: Leg,
    case_ids: NDArray[np.int32],
    outcomes: NDArray[np.uint8],
    durations: NDArray[np.float32],
) -> None:
    """Store the first tries of a leg; the arrays are aligned and in ascending order of case."""
    session.execute(
        sa.insert(run_results).values(
            repository_id=repository_id,
            run_id=run_id,
            variant=leg.variant,
            case_ids=case_ids.tolist(),
            outcomes=outcomes.tobytes(),
            durations=durations.tolist(),
            shards=list(leg.shards),
            complete=leg.complete,
        )
    )


def put_fingerprints(
    session: Session,
    repository_id: RepositoryId,
    found: Mapping[bytes, tuple[str, FailureText]],
    now: datetime,
) -> dict[bytes, int]:
    """Store fingerprints not seen before, each with its category and text; returns the number of every one."""
    if not found:
        return {}
    columns = (fingerprints.c.key, fingerprints.c.id)
    known_query = sa.select(*columns).where(
        fingerprints.c.repository_id == repository_id, fingerprints.c.key.in_(list(found))
    )
    known = {bytes(row[0]): int(row[1]) for row in session.execute(known_query)}
    rows = [
        {
            "repository_id": repository_id,
            "key": key,
            "category": category,
            "message": failure.message or failure.type,
            "text": failure.text,
            "first_seen_at": now,
        }
        for key, (category, failure) in sorted(found.items())
        if key not in known
    ]
    if rows:
        session.execute(insert(fingerprints).on_conflict_do_nothing(), rows)
        known = {bytes(row[0]): int(row[1]) for row in session.execute(known_query)}
    return known


def insert_failures(session: Session, repository_id: RepositoryId, rows: Sequence[FailureRow]) -> None:
    """Store the tries that did not simply pass."""
    if rows:
        session.execute(
            sa.insert(failures),
            [
                {
                    "repository_id": repository_id,
                    "case_id": row.case_id,
                    "run_id": row.run_id,
                    "variant": row.variant,
                    "try": row.number,
                    "outcome": CODES[row.outcome],
                    "duration": row.duration,
                    "fingerprint_id": row.fingerprint_id,
                    "occurred_at": row.occurred_at,
                }
                for row in rows
            ],
        )


def list_latest_attempts(session: Session, repository_id: RepositoryId, head_sha: str) -> list[StoredRun]:
    """The latest attempt of every workflow run of a commit, one per workflow and event (the newest run)."""
    rows = session.execute(
        sa.select(runs)
        .distinct(runs.c.workflow_path, runs.c.event)
        .where(runs.c.repository_id == repository_id, runs.c.head_sha == head_sha)
        .order_by(runs.c.workflow_path, runs.c.event, runs.c.github_run_id.desc(), runs.c.attempt.desc())
    )
    return [_read(row) for row in rows.mappings()]


def list_earlier_attempts(session: Session, run: StoredRun) -> list[StoredRun]:
    """The attempts of the same run before this one that were read, newest first."""
    rows = session.execute(
        sa.select(runs)
        .where(
            runs.c.repository_id == run.repository_id,
            runs.c.github_run_id == run.github_run_id,
            runs.c.attempt < run.attempt,
            runs.c.ingested_at.is_not(None),
        )
        .order_by(runs.c.attempt.desc())
    )
    return [_read(row) for row in rows.mappings()]


@dataclass(frozen=True, slots=True)
class StoredLeg:
    """The first tries of one variant of a run, aligned."""

    run_id: RunId
    variant: str
    case_ids: NDArray[np.int32]
    outcomes: NDArray[np.uint8]
    complete: bool


def list_legs(session: Session, repository_id: RepositoryId, run_ids: Iterable[RunId]) -> list[StoredLeg]:
    """The legs of runs."""
    rows = session.execute(
        sa.select(
            run_results.c.run_id,
            run_results.c.variant,
            run_results.c.case_ids,
            run_results.c.outcomes,
            run_results.c.complete,
        )
        .where(run_results.c.repository_id == repository_id, run_results.c.run_id.in_(list(run_ids)))
        .order_by(run_results.c.run_id, run_results.c.variant)
    )
    return [
        StoredLeg(
            RunId(row[0]), row[1], np.array(row[2], dtype=np.int32), np.frombuffer(row[3], dtype=np.uint8), row[4]
        )
        for row in rows
    ]


def list_run_failures(session: Session, repository_id: RepositoryId, run_ids: Iterable[RunId]) -> list[FailureRow]:
    """The tries of runs that did not simply pass, in order of try."""
    rows = session.execute(
        sa.select(failures)
        .where(failures.c.repository_id == repository_id, failures.c.run_id.in_(list(run_ids)))
        .order_by(failures.c.run_id, failures.c.variant, failures.c.case_id, failures.c["try"])
    )
    return [
        FailureRow(
            case_id=row["case_id"],
            run_id=row["run_id"],
            variant=row["variant"],
            number=row["try"],
            outcome=OUTCOMES[row["outcome"]],
            duration=row["duration"],
            fingerprint_id=row["fingerprint_id"],
            occurred_at=row["occurred_at"],
        )
        for row in rows.mappings()
    ]


def list_case_outcomes(
    session: Session, repository_id: RepositoryId, case_id: CaseId, limit: int
) -> list[tuple[str, str, Outcome, bool]]:
    """How a case ended in the newest runs, newest first: commit, event, first outcome, whether a further try passed."""
    place = sa.func.array_position(run_results.c.case_ids, case_id)
    again = sa.exists().where(
        failures.c.repository_id == repository_id,
        failures.c.case_id == case_id,
        failures.c.run_id == run_results.c.run_id,
        failures.c.variant == run_results.c.variant,
        failures.c.outcome == CODES[Outcome.PASSED],
    )
    newest = (
        sa.select(runs.c.id, runs.c.head_sha, runs.c.event, runs.c.started_at)
        .where(runs.c.repository_id == repository_id, runs.c.ingested_at.is_not(None))
        .order_by(runs.c.started_at.desc())
        .limit(limit)
        .subquery()
    )
    rows = session.execute(
        sa.select(newest.c.head_sha, newest.c.event, sa.func.get_byte(run_results.c.outcomes, place - 1), again)
        .join(run_results, run_results.c.run_id == newest.c.id)
        .where(run_results.c.repository_id == repository_id, place.is_not(None))
        .order_by(newest.c.started_at.desc())
    )
    return [(row[0], row[1], OUTCOMES[row[2]], row[3]) for row in rows]


def summarise(session: Session, repository_id: RepositoryId) -> tuple[int, datetime, datetime, int] | None:
    """How many runs were read, the first and last start, and how many things could not be read."""
    row = session.execute(
        sa.select(sa.func.count(), sa.func.min(runs.c.started_at), sa.func.max(runs.c.started_at)).where(
            runs.c.repository_id == repository_id, runs.c.ingested_at.is_not(None)
        )
    ).one()
    problems = session.execute(
        sa.select(sa.func.count()).where(run_problems.c.repository_id == repository_id)
    ).scalar_one()
    return (row[0], row[1], row[2], problems) if row[0] else None


def count_since(session: Session, repository_id: RepositoryId, since: datetime) -> tuple[int, int, datetime | None]:
    """How many runs started since a time, how many of them failed, and when the newest started."""
    row = session.execute(
        sa.select(
            sa.func.count().filter(runs.c.started_at >= since),
            sa.func.count().filter(runs.c.started_at >= since, runs.c.conclusion == "failure"),
            sa.func.max(runs.c.started_at),
        ).where(runs.c.repository_id == repository_id)
    ).one()
    return row[0], row[1], row[2]


def list_failing_heads(session: Session, repository_id: RepositoryId, case_id: CaseId, since: datetime) -> list[str]:
    """The commits since a time on which a case failed."""
    rows = session.execute(
        sa.select(runs.c.head_sha)
        .distinct()
        .join(failures, sa.and_(failures.c.repository_id == runs.c.repository_id, failures.c.run_id == runs.c.id))
        .where(failures.c.repository_id == repository_id, failures.c.case_id == case_id, runs.c.ingested_at >= since)
        .where(runs.c.started_at >= since)
    )
    return [row[0] for row in rows]


def _read(row: sa.RowMapping) -> StoredRun:
    return StoredRun(
        id=row["id"],
        repository_id=row["repository_id"],
        github_run_id=row["github_run_id"],
        attempt=row["attempt"],
        number=row["number"],
        workflow=row["workflow"],
        workflow_path=row["workflow_path"],
        event=row["event"],
        head_sha=row["head_sha"],
        head_branch=row["head_branch"],
        base_sha=row["base_sha"],
        conclusion=row["conclusion"],
        url=row["url"],
        started_at=row["started_at"],
        completed_at=row["completed_at"],
        ingested_at=row["ingested_at"],
        complete=row["complete"],
        outage=row["outage"],
        files=row["files"],
    )
