"""The failures that clusters are found in: which cases failed in which runs, how, and in which suites they are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from bot.analysis.incident import Kind as IncidentKind
from bot.analysis.model import RepositoryId, RunId
from bot.store import relation
from bot.store.database import Session
from bot.store.runs.result import FAILED
from bot.store.tables.judging import incidents
from bot.store.tables.results import cases, failures, fingerprints, runs


@dataclass(frozen=True, slots=True)
class WatchedRun:
    """A run whose failures are looked at; `branch` is empty on the default branch."""

    id: RunId
    branch: str


def list_runs(
    session: Session, repository_id: RepositoryId, since: datetime, outage: float, limit: int
) -> list[WatchedRun]:
    """The newest runs since a time that were read and are no outage, oldest first.

    An outage has a term of `outage` or more, or overlaps a window that somebody marked.
    """
    rows = session.execute(
        sa.select(runs.c.id, runs.c.head_branch, runs.c.on_default_branch)
        .where(
            runs.c.repository_id == repository_id,
            runs.c.started_at >= since,
            runs.c.ingested_at.is_not(None),
            runs.c.outage < outage,
            ~sa.exists().where(
                incidents.c.repository_id == runs.c.repository_id,
                incidents.c.kind == IncidentKind.MARKED,
                incidents.c.started_at <= sa.func.coalesce(runs.c.completed_at, runs.c.started_at),
                sa.or_(incidents.c.ended_at.is_(None), incidents.c.ended_at >= runs.c.started_at),
            ),
        )
        .order_by(runs.c.started_at.desc(), runs.c.id.desc())
        .limit(limit)
    ).all()
    return [
        WatchedRun(RunId(run_id), "" if on_default_branch else branch or "?")
        for run_id, branch, on_default_branch in reversed(rows)
    ]


def list_failed_cases(
    session: Session, repository_id: RepositoryId, run_ids: Sequence[RunId]
) -> dict[RunId, frozenset[int]]:
    """The cases whose first result is a failure, by run; runs without any are left out."""
    rows = session.execute(
        sa.select(failures.c.run_id, sa.func.array_agg(failures.c.case_id.distinct()))
        .where(
            relation.is_of_runs(failures, repository_id, run_ids),
            failures.c.retry == 0,
            failures.c.outcome.in_(FAILED),
        )
        .group_by(failures.c.run_id)
    )
    return {RunId(run_id): frozenset(case_ids) for run_id, case_ids in rows}


def count_kinds(
    session: Session, repository_id: RepositoryId, run_ids: Sequence[RunId]
) -> tuple[dict[int, dict[int, int]], dict[int, str]]:
    """By case how often it failed with each cluster of fingerprints, and the message of each of those."""
    kind = sa.func.coalesce(fingerprints.c.cluster_id, fingerprints.c.id)
    rows = session.execute(
        sa.select(failures.c.case_id, kind, sa.func.count(), sa.func.min(fingerprints.c.message))
        .join(fingerprints, relation.fingerprint_of(failures))
        .where(relation.is_of_runs(failures, repository_id, run_ids), failures.c.outcome.in_(FAILED))
        .group_by(failures.c.case_id, kind)
        .order_by(failures.c.case_id, kind)
    )
    counts: dict[int, dict[int, int]] = defaultdict(dict)
    messages: dict[int, str] = {}
    for case_id, number, count, message in rows:
        counts[case_id][number] = count
        messages.setdefault(number, message)
    return counts, messages


def list_suites(session: Session, repository_id: RepositoryId) -> dict[int, tuple[str, str]]:
    """The module of each case (its file, else its class, else its suite), and the folder of its file or empty."""
    query = sa.select(cases.c.id, cases.c.file, cases.c.class_name, cases.c.suite).where(
        cases.c.repository_id == repository_id
    )
    return {row[0]: (row[1] or row[2] or row[3], row[1].rpartition("/")[0]) for row in session.execute(query)}
