"""Results: one row of arrays per run and variant, rows of their own for what did not simply pass."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from bot.analysis.identity.outage_group import Runners
from bot.analysis.model import CaseId, Outcome, RepositoryId, RunId, Status, VariantReport
from bot.store import record, relation
from bot.store.database import Session
from bot.store.tables.judging import scores
from bot.store.tables.results import failures, run_results, runs

OUTCOMES = (Outcome.PASSED, Outcome.FAILED, Outcome.ERRORED, Outcome.SKIPPED)
"""The order in which outcomes are written as one byte each."""
_HEADER = 20  # dimensions, nulls, type, size and lower bound, of `array_send`; an empty array has less
CODES = {outcome: code for code, outcome in enumerate(OUTCOMES)}
FAILED = tuple(code for outcome, code in CODES.items() if outcome.is_failure)


@dataclass(frozen=True, slots=True)
class StoredResults:
    """The first results of one variant of a run, aligned."""

    run_id: RunId
    variant: str
    case_ids: NDArray[np.int32]
    outcomes: NDArray[np.uint8]
    complete: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class FailureRow:
    """One result that is a failure or a retry; `retry` is 0 for the first."""

    case_id: CaseId
    run_id: RunId
    variant: str
    retry: int
    outcome: Outcome
    duration: float
    fingerprint_id: int | None
    occurred_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultRow:
    """The first results of one variant to store: aligned arrays, ascending by case; a runner is one byte."""

    report: VariantReport
    case_ids: NDArray[np.int32]
    outcomes: NDArray[np.uint8]
    durations: NDArray[np.float32]
    runners: Runners | None


def insert_results(session: Session, repository_id: RepositoryId, run_id: RunId, rows: Sequence[ResultRow]) -> None:
    """Store the first results of a run, a row for each variant."""
    new_rows = [
        {
            "repository_id": repository_id,
            "run_id": run_id,
            "variant": row.report.variant,
            "case_ids": row.case_ids.tolist(),
            "outcomes": row.outcomes.tobytes(),
            "durations": row.durations.tolist(),
            "shards": list(row.report.shards),
            "complete": row.report.complete,
            "cases_hash": hash_cases(row.case_ids),
            "runners": None if row.runners is None else row.runners.numbers.astype(np.uint8).tobytes(),
            "runner_names": [] if row.runners is None else list(row.runners.names),
        }
        for row in rows
    ]
    record.insert_all(session, run_results, new_rows)


def hash_cases(case_ids: NDArray[np.int32]) -> bytes:
    """What tells whether two variants ran the same cases, from their numbers in ascending order."""
    return hashlib.blake2b(case_ids.tobytes(), digest_size=16).digest()


def insert_failures(session: Session, repository_id: RepositoryId, rows: Sequence[FailureRow]) -> None:
    """Store the failures and the retries."""
    new_rows = [{**record.values(row), "repository_id": repository_id, "outcome": CODES[row.outcome]} for row in rows]
    record.insert_all(session, failures, new_rows)


def list_variants(session: Session, repository_id: RepositoryId, run_ids: Iterable[RunId]) -> list[StoredResults]:
    """The variants of runs."""
    rows = session.execute(
        sa.select(
            run_results.c.run_id,
            run_results.c.variant,
            sa.func.array_send(run_results.c.case_ids),
            run_results.c.outcomes,
            run_results.c.complete,
        )
        .where(relation.is_of_runs(run_results, repository_id, run_ids))
        .order_by(run_results.c.run_id, run_results.c.variant)
    )
    return [
        StoredResults(RunId(row[0]), row[1], unpack_integers(row[2]), np.frombuffer(row[3], dtype=np.uint8), row[4])
        for row in rows
    ]


def unpack_integers(packed: bytes) -> NDArray[np.int32]:
    """The numbers of an array of integers as PostgreSQL's `array_send` writes it: many times faster than a list."""
    return _elements(packed)[1::2].astype(np.int32)


def unpack_reals(packed: bytes) -> NDArray[np.float32]:
    """The numbers of an array of reals as `array_send` writes it."""
    return _elements(packed)[1::2].view(">f4").astype(np.float32)


def _elements(packed: bytes) -> NDArray[np.int32]:
    """Each element's length (4) and its four bytes, in network order, without the header."""
    return np.frombuffer(packed[_HEADER:], dtype=">i4")


def list_run_failures(session: Session, repository_id: RepositoryId, run_ids: Iterable[RunId]) -> list[FailureRow]:
    """The failures and retries of runs, in order of variant, case and retry."""
    of_runs = sa.select(*FAILURE_COLUMNS).where(relation.is_of_runs(failures, repository_id, run_ids))
    query = of_runs.order_by(failures.c.run_id, failures.c.variant, failures.c.case_id, failures.c.retry)
    return record.list_all(session, read_failure, query)


FAILURE_COLUMNS = record.columns(failures, FailureRow)


def read_failure(outcome: int, **row: Any) -> FailureRow:  # noqa: ANN401  # columns
    """A failure from its columns."""
    return FailureRow(**row, outcome=OUTCOMES[outcome])


def list_case_outcomes(
    session: Session, repository_id: RepositoryId, case_id: CaseId, limit: int
) -> list[tuple[str, str, str, Outcome, bool]]:
    """How a case ended in the newest runs, newest first.

    Each is commit, event, variant, the first outcome, and whether a retry passed. A variant that is not whole tells
    of failures only.
    """
    position = sa.func.array_position(run_results.c.case_ids, case_id)
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
    outcome = sa.func.get_byte(run_results.c.outcomes, position - 1)
    failed = outcome.in_(FAILED)
    rows = session.execute(
        sa.select(newest.c.head_sha, newest.c.event, run_results.c.variant, outcome, again)
        .join(run_results, run_results.c.run_id == newest.c.id)
        .where(run_results.c.repository_id == repository_id, position.is_not(None), run_results.c.complete | failed)
        .order_by(newest.c.started_at.desc())
    )
    return [(row[0], row[1], row[2], OUTCOMES[row[3]], row[4]) for row in rows]


def list_failed_variants(
    session: Session, repository_id: RepositoryId, case_ids: Collection[CaseId], head_sha: str
) -> dict[CaseId, list[str]]:
    """The variants in which each case failed at a commit, ascending; cases that did not are left out."""
    query = _of_cases(repository_id, case_ids, failures.c.case_id, failures.c.variant).where(
        failures.c.outcome.in_(FAILED), runs.c.head_sha == head_sha
    )
    variants: dict[CaseId, list[str]] = {}
    for case_id, variant in session.execute(query.order_by(failures.c.case_id, failures.c.variant)):
        variants.setdefault(case_id, []).append(variant)
    return variants


def list_failing_heads(
    session: Session, repository_id: RepositoryId, case_ids: Collection[CaseId], since: datetime
) -> Sequence[str]:
    """The commits since a time on which any of some cases failed."""
    query = _of_cases(repository_id, case_ids, runs.c.head_sha).where(
        failures.c.outcome.in_(FAILED), runs.c.ingested_at >= since, runs.c.started_at >= since
    )
    return session.execute(query).scalars().all()


def list_failing_on_default_branch(
    session: Session, repository_id: RepositoryId, case_ids: Collection[CaseId], since: datetime
) -> set[CaseId]:
    """Those of some cases that failed on the default branch since a time."""
    query = _of_cases(repository_id, case_ids, failures.c.case_id).where(
        failures.c.occurred_at >= since, failures.c.outcome.in_(FAILED), runs.c.on_default_branch
    )
    return set(session.execute(query).scalars())


def _of_cases(
    repository_id: RepositoryId, case_ids: Collection[CaseId], *columns: sa.ColumnElement[Any]
) -> sa.Select[Any]:
    """Columns of the failures and retries of cases, and of their runs."""
    joined = sa.select(*columns).distinct().select_from(failures).join(runs, relation.run_of(failures))
    return joined.where(relation.is_of_cases(failures, [repository_id], case_ids))


def count_failures_by_day(
    session: Session, repository_ids: Collection[RepositoryId], since: datetime, zone: str
) -> list[tuple[date, bool, int]]:
    """Failures by day in a time zone, those of cases that are flaky now apart from all others."""
    day = sa.cast(sa.func.timezone(zone, runs.c.started_at), sa.Date)
    is_flaky = sa.exists().where(relation.same_case(scores, failures), scores.c.status == Status.FLAKY)
    failed = (
        sa.select(day.label("day"), is_flaky.label("is_flaky"))
        .join(failures, relation.run_of(failures))
        .where(runs.c.repository_id.in_(repository_ids), runs.c.started_at >= since, failures.c.outcome.in_(FAILED))
        .subquery()
    )
    rows = session.execute(
        sa.select(failed.c.day, failed.c.is_flaky, sa.func.count()).group_by(failed.c.day, failed.c.is_flaky)
    )
    return [(row[0], row[1], row[2]) for row in rows]
