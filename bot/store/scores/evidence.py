"""What is known of cases beside their scores: their recent failures, durations, clusters and ages."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import sqlalchemy as sa

from bot.analysis import case_state
from bot.analysis.learning.feature import CaseFigures
from bot.analysis.model import CaseId, ClusterKind, Outcome, RepositoryId
from bot.store import record, relation
from bot.store.database import Session
from bot.store.runs.result import CODES, FAILED, unpack_integers, unpack_reals
from bot.store.scores import score as score_store
from bot.store.tables.judging import cluster_cases, clusters, order_suspects
from bot.store.tables.results import cases, failures, fingerprints, run_results, runs

WINDOW = timedelta(days=90)
"""How far back failures are counted."""
_DURATIONS = 5  # variants whose durations are read for the usual one
_DAY = 86_400.0


def gather(
    session: Session, repository_id: RepositoryId, case_ids: Sequence[CaseId], now: datetime
) -> dict[CaseId, CaseFigures]:
    """The facts of cases that ever failed; a fixed number of queries, however many cases."""
    wanted = sorted(set(case_ids))
    states = case_state.by_case((), score_store.list_of_cases(session, [repository_id], wanted))
    recent = _recent(session, repository_id, wanted, now)
    kinds = _kinds(session, repository_id, wanted, now)
    usual = _usual_durations(session, repository_id, wanted)
    sizes, on_fixture = _clusters(session, repository_id, wanted)
    on_order = _ordered(session, repository_id, wanted)
    first_seen = _first_seen(session, repository_id, wanted)
    figures = {}
    for case_id, state in states.items():
        worst = state.scored[0]
        kinds_of_case = kinds.get(case_id, {})
        categories: dict[str, int] = defaultdict(int)
        for (category, _), number in kinds_of_case.items():
            categories[category] += number
        figures[case_id] = CaseFigures(
            p_flaky=worst.p_flaky,
            p_broken=worst.p_broken,
            rate=worst.rate,
            runs=sum(score.runs for score in state.scored),
            failures=state.failures,
            mixed_commits=sum(score.mixed_commits for score in state.scored),
            categories=categories,
            kinds=len({kind for _, kind in kinds_of_case}),
            **recent.get(case_id, {"since_failure": WINDOW.total_seconds() / _DAY}),
            usual_duration=usual.get(case_id),
            fails_with=max(0, sizes.get(case_id, 1) - 1),
            on_fixture=case_id in on_fixture,
            on_order=case_id in on_order,
            age=(now - first_seen[case_id]).total_seconds() / _DAY,
        )
    return figures


def _recent(
    session: Session, repository_id: RepositoryId, case_ids: Sequence[CaseId], now: datetime
) -> dict[CaseId, dict[str, Any]]:
    """Figures of the failures of the window by case: how often the first result failed, what the retries came to."""
    first = sa.and_(failures.c.retry == 0, failures.c.outcome.in_(FAILED))
    again = failures.c.retry == 1  # the first retry is there once for each failure that was retried
    passed = sa.and_(failures.c.retry > 0, failures.c.outcome == CODES[Outcome.PASSED])
    rows = session.execute(
        sa.select(
            failures.c.case_id,
            sa.func.count().filter(first).label("recent_failures"),
            sa.func.count().filter(first, runs.c.on_default_branch).label("on_default_branch"),
            sa.func.count(runs.c.head_branch.distinct()).filter(first).label("branches"),
            sa.func.count().filter(again).label("retried"),
            sa.func.count().filter(passed).label("retries_passed"),
            sa.func.avg(failures.c.duration).filter(first).label("failed_duration"),
            sa.func.max(failures.c.occurred_at).label("latest"),
        )
        .join(runs, relation.run_of(failures))
        .where(_is_recent(repository_id, case_ids, now))
        .group_by(failures.c.case_id)
    )
    recent: dict[CaseId, dict[str, Any]] = {}
    for row in rows.mappings():
        figures = dict(row)
        case_id, latest = figures.pop("case_id"), figures.pop("latest")
        recent[case_id] = {**figures, "since_failure": (now - latest).total_seconds() / _DAY}
    return recent


def _is_recent(repository_id: RepositoryId, case_ids: Sequence[CaseId], now: datetime) -> sa.ColumnElement[bool]:
    return sa.and_(
        relation.is_of_cases(failures, [repository_id], case_ids),
        failures.c.occurred_at >= now - WINDOW,
    )


def _kinds(
    session: Session, repository_id: RepositoryId, case_ids: Sequence[CaseId], now: datetime
) -> dict[CaseId, dict[tuple[str, int], int]]:
    kind = sa.func.coalesce(fingerprints.c.cluster_id, fingerprints.c.id)
    rows = session.execute(
        sa.select(failures.c.case_id, fingerprints.c.category, kind, sa.func.count())
        .join(fingerprints, relation.fingerprint_of(failures))
        .where(_is_recent(repository_id, case_ids, now), failures.c.outcome.in_(FAILED))
        .group_by(failures.c.case_id, fingerprints.c.category, kind)
    )
    kinds: dict[CaseId, dict[tuple[str, int], int]] = defaultdict(dict)
    for case_id, category, number, count in rows:
        kinds[CaseId(case_id)][category, number] = count
    return kinds


def _usual_durations(session: Session, repository_id: RepositoryId, case_ids: Sequence[CaseId]) -> dict[CaseId, float]:
    """How long cases take when they pass, in seconds: the mean over the newest variants."""
    newest = (
        sa.select(
            sa.func.array_send(run_results.c.case_ids),
            sa.func.array_send(run_results.c.durations),
            run_results.c.outcomes,
        )
        .where(run_results.c.repository_id == repository_id)
        .order_by(run_results.c.run_id.desc(), run_results.c.variant)
        .limit(_DURATIONS)
    )
    wanted = np.array(case_ids, dtype=np.int32)
    total, number = np.zeros(len(wanted)), np.zeros(len(wanted))
    for packed_ids, packed_durations, outcomes in session.execute(newest):
        ids, durations = unpack_integers(packed_ids), unpack_reals(packed_durations)
        if not len(ids) or len(ids) != len(durations):
            continue
        positions = np.minimum(np.searchsorted(ids, wanted), len(ids) - 1)
        passed = np.frombuffer(outcomes, dtype=np.uint8)[positions] == CODES[Outcome.PASSED]
        here = (ids[positions] == wanted) & passed
        total[here] += durations[positions[here]]
        number[here] += 1
    return {CaseId(int(wanted[at])): float(total[at] / number[at]) for at in np.flatnonzero(number).tolist()}


def _clusters(
    session: Session, repository_id: RepositoryId, case_ids: Sequence[CaseId]
) -> tuple[dict[CaseId, int], set[CaseId]]:
    """The size of the cluster of each case that has one, and the cases that hang on a fixture."""
    size = sa.select(sa.func.count()).where(relation.cluster_of(cluster_cases)).correlate(clusters).scalar_subquery()
    member = cluster_cases.alias()
    rows = session.execute(
        sa.select(member.c.case_id, clusters.c.kind, size)
        .join(clusters, relation.cluster_of(member))
        .where(relation.is_of_cases(member, [repository_id], case_ids))
    ).all()
    return (
        {CaseId(row[0]): row[2] for row in rows},
        {CaseId(row[0]) for row in rows if row[1] == ClusterKind.FIXTURE},
    )


def _ordered(session: Session, repository_id: RepositoryId, case_ids: Sequence[CaseId]) -> set[CaseId]:
    rows = session.execute(
        sa.select(order_suspects.c.case_id).where(relation.is_of_cases(order_suspects, [repository_id], case_ids))
    )
    return {CaseId(row[0]) for row in rows}


def _first_seen(session: Session, repository_id: RepositoryId, case_ids: Sequence[CaseId]) -> dict[CaseId, datetime]:
    query = sa.select(cases.c.id, cases.c.first_seen_at).where(
        cases.c.repository_id == repository_id, record.is_any(cases.c.id, case_ids)
    )
    return {CaseId(row[0]): row[1] for row in session.execute(query)}
