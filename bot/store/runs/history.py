"""The history of cases over many runs, read without touching the arrays of cases that are the same in most of them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import distinct_on

from bot.analysis.case_history import CaseResult
from bot.analysis.identity import outage_group
from bot.analysis.model import CaseId, Outcome, RepositoryId, RunId
from bot.analysis.run import StoredRun
from bot.store import record, relation
from bot.store.database import Session
from bot.store.runs import result as result_store
from bot.store.runs import run as run_store
from bot.store.runs.result import CODES, OUTCOMES, FailureRow
from bot.store.tables.results import cases, failures, run_results, runs

_PASS = CODES[OUTCOMES[0]]


def list_runs(
    session: Session,
    repository_id: RepositoryId,
    *,
    since: datetime | None = None,
    limit: int | None = None,
    only_default_branch: bool = False,
) -> list[StoredRun]:
    """The newest runs that were read, oldest first in the order they were read."""
    query = sa.select(*run_store.COLUMNS).where(runs.c.repository_id == repository_id, runs.c.ordinal.is_not(None))
    if since is not None:
        query = query.where(runs.c.started_at >= since)
    if only_default_branch:
        query = query.where(runs.c.on_default_branch)
    query = query.order_by(runs.c.ordinal.desc()).limit(limit)
    return record.list_all(session, StoredRun, query)[::-1]


def list_runs_of(
    session: Session, repository_ids: Collection[RepositoryId], since: datetime
) -> dict[RepositoryId, list[StoredRun]]:
    """The runs of each repository that were read and started since a time, in the order they were read."""
    query = (
        sa.select(*run_store.COLUMNS)
        .where(runs.c.repository_id.in_(repository_ids), runs.c.ordinal.is_not(None), runs.c.started_at >= since)
        .order_by(runs.c.ordinal)
    )
    by_repository: dict[RepositoryId, list[StoredRun]] = {repository_id: [] for repository_id in repository_ids}
    for run in record.list_all(session, StoredRun, query):
        by_repository[run.repository_id].append(run)
    return by_repository


def list_runs_after(session: Session, repository_id: RepositoryId, ordinal: int, limit: int) -> list[StoredRun]:
    """The runs that were read after the one of this place, in their order."""
    later = sa.select(*run_store.COLUMNS).where(runs.c.repository_id == repository_id, runs.c.ordinal > ordinal)
    return record.list_all(session, StoredRun, later.order_by(runs.c.ordinal).limit(limit))


def list_results(
    session: Session, repository_id: RepositoryId, case_ids: Sequence[CaseId], of_runs: Iterable[StoredRun]
) -> list[CaseResult]:
    """What cases did in runs, in order of case, of run as given, and of variant.

    Where variants ran the same cases, a case has the same position in their arrays, so the position is looked up once
    for all of them.
    """
    known = {run.id: (position, run) for position, run in enumerate(of_runs)}
    if not known or not case_ids:
        return []
    variants = (
        sa.select(run_results.c.run_id, run_results.c.variant, run_results.c.cases_hash)
        .where(relation.is_of_runs(run_results, repository_id, known))
        .cte("variants")
        .prefix_with("materialized", dialect="postgresql")
    )
    kinds = (
        sa.select(variants.c.cases_hash, variants.c.run_id, variants.c.variant)
        .ext(distinct_on(variants.c.cases_hash))
        .order_by(variants.c.cases_hash)
        .subquery()
    )
    sample = run_results.alias()
    numbers = sa.bindparam("case_ids", list(case_ids), sa.ARRAY(sa.Integer))
    wanted = sa.func.unnest(numbers).table_valued(sa.column("case_id", sa.Integer), name="wanted").render_derived()
    position = sa.func.array_position(sample.c.case_ids, wanted.c.case_id)
    positions = (
        sa.select(kinds.c.cases_hash, wanted.c.case_id, position.label("position"))
        .select_from(kinds)
        .join(sample, sa.and_(sample.c.repository_id == repository_id, relation.same_variant(sample, kinds)))
        .join(wanted, sa.true())
        .cte("positions")
        .prefix_with("materialized", dialect="postgresql")
    )
    code = sa.func.get_byte(sa.func.substring(run_results.c.outcomes, positions.c.position, 1), 0)
    runner = run_results.c.runner_names[
        sa.func.get_byte(sa.func.substring(run_results.c.runners, positions.c.position, 1), 0) + 1
    ]
    rows = session.execute(
        sa.select(
            positions.c.case_id, run_results.c.run_id, run_results.c.variant, run_results.c.complete, code, runner
        )
        .select_from(variants)
        .join(positions, positions.c.cases_hash == variants.c.cases_hash)
        .join(run_results, relation.same_variant(run_results, variants))
        .where(run_results.c.repository_id == repository_id, positions.c.position.is_not(None))
    ).all()
    failed = _failures(session, repository_id, case_ids, known)
    results = []
    for case_id, run_id, variant, whole, outcome, ran_on in rows:
        failures_of_result = failed.get((case_id, run_id, variant), [])
        fingerprints = [row.fingerprint_id for row in failures_of_result if row.fingerprint_id is not None]
        retries = [row for row in failures_of_result if row.retry and row.outcome is not Outcome.SKIPPED]
        results.append(
            CaseResult(
                case_id=CaseId(case_id),
                run=known[run_id][1],
                variant=variant,
                outcome=OUTCOMES[outcome],
                retries=tuple(row.outcome.is_failure for row in retries),
                whole=whole,
                fingerprint_id=fingerprints[-1] if fingerprints else None,
                runner=ran_on or "",
            )
        )
    return sorted(results, key=lambda result: (result.case_id, known[result.run.id][0], result.variant))


def list_failures(
    session: Session, repository_ids: Collection[RepositoryId], since: datetime, *, beside: CaseId | None = None
) -> list[FailureRow]:
    """Every failure and retry since a time, in order of run, variant, case and retry.

    `beside` keeps those in all attempts of the runs in which that case failed.
    """
    is_recent = sa.and_(failures.c.repository_id.in_(repository_ids), failures.c.occurred_at >= since)
    query = sa.select(*result_store.FAILURE_COLUMNS).where(is_recent)
    if beside is not None:
        attempts, failing = runs.alias(), failures.alias()
        run_ids = (
            sa.select(attempts.c.id)
            .join(runs, relation.same_run(runs, attempts))
            .join(failing, relation.run_of(failing))
            .where(
                failing.c.repository_id.in_(repository_ids),
                failing.c.case_id == beside,
                failing.c.occurred_at >= since,
            )
        )
        query = query.where(failures.c.run_id.in_(run_ids))
    query = query.order_by(failures.c.run_id, failures.c.variant, failures.c.case_id, failures.c.retry)
    return record.list_all(session, result_store.read_failure, query)


def list_failed_before(session: Session, run: StoredRun) -> set[CaseId]:
    """The cases that failed in an earlier attempt of a run."""
    if run.attempt == 1:
        return set()
    rows = session.execute(
        sa.select(failures.c.case_id)
        .distinct()
        .join(runs, relation.run_of(failures))
        .where(
            failures.c.repository_id == run.repository_id,
            failures.c.outcome != _PASS,
            runs.c.github_run_id == run.github_run_id,
            runs.c.attempt < run.attempt,
        )
    )
    return {CaseId(row[0]) for row in rows}


def count_failing(
    session: Session, repository_id: RepositoryId, run_ids: Iterable[RunId]
) -> dict[tuple[RunId, str], int]:
    """How many cases failed in each variant of runs."""
    rows = session.execute(
        sa.select(failures.c.run_id, failures.c.variant, sa.func.count(sa.distinct(failures.c.case_id)))
        .where(relation.is_of_runs(failures, repository_id, run_ids), failures.c.outcome != _PASS)
        .group_by(failures.c.run_id, failures.c.variant)
    )
    return {(RunId(row[0]), row[1]): row[2] for row in rows}


def list_suites(
    session: Session, repository_id: RepositoryId, case_ids: Sequence[CaseId] | None = None
) -> dict[CaseId, str]:
    """The suite of cases, or of all cases of a repository, as outages are told."""
    query = sa.select(cases.c.id, cases.c.file, cases.c.class_name, cases.c.suite).where(
        cases.c.repository_id == repository_id
    )
    if case_ids is not None:
        query = query.where(record.is_any(cases.c.id, case_ids))
    return {CaseId(row[0]): outage_group.suite(row[1], row[2], row[3]) for row in session.execute(query)}


def list_variants(
    session: Session, repository_ids: Collection[RepositoryId], since: datetime
) -> list[tuple[RunId, str]]:
    """The variants of every run that started since a time."""
    rows = session.execute(
        sa.select(run_results.c.run_id, run_results.c.variant)
        .join(runs, relation.run_of(run_results))
        .where(run_results.c.repository_id.in_(repository_ids), runs.c.started_at >= since)
    )
    return [(RunId(row[0]), row[1]) for row in rows]


def _failures(
    session: Session, repository_id: RepositoryId, case_ids: Sequence[CaseId], run_ids: Iterable[RunId]
) -> dict[tuple[int, int, str], list[FailureRow]]:
    query = (
        sa.select(*result_store.FAILURE_COLUMNS)
        .where(relation.is_of_cases(failures, [repository_id], case_ids), record.is_any(failures.c.run_id, run_ids))
        .order_by(failures.c.retry)
    )
    by_result: dict[tuple[int, int, str], list[FailureRow]] = {}
    for failure in record.list_all(session, result_store.read_failure, query):
        by_result.setdefault((failure.case_id, failure.run_id, failure.variant), []).append(failure)
    return by_result
