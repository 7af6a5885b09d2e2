"""Cases that are one item: found in the background, kept with one owner, listed as one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np

from bot.analysis import scoring
from bot.analysis.failures import cluster as rules
from bot.analysis.failures import order_dependence
from bot.analysis.failures.cluster import Cluster, FailedRun
from bot.analysis.model import CaseId, ClusterKind, Outcome, RepositoryId, RunId, Status
from bot.analysis.run import ReportedRun
from bot.queries import suite
from bot.store import queue
from bot.store.cases import case as case_store
from bot.store.cases import cluster as cluster_store
from bot.store.cases import cofailure as cofailure_store
from bot.store.cases.case import Case
from bot.store.database import Session
from bot.store.runs import case_order as case_order_store
from bot.store.scores import score as score_store

WINDOW = timedelta(days=45)
MAX_RUNS = 600
"""How far back failures are looked at: whichever is less."""
DELAY = timedelta(minutes=1)
"""How long a refresh waits for more runs, so that a hundred of them cost one."""
MAX_ORDERED = 100
"""Cases whose order is looked at in one refresh, those to fix first in front."""
_TITLE_LENGTH = 120
_IN_TROUBLE = frozenset({Status.BROKEN, Status.FLAKY, Status.SUSPECT, Status.INFRA})


def remember_orders(session: Session, reported: ReportedRun) -> None:
    """Keep the order of the cases of each variant where it can matter: something failed in it or had failed before."""
    run = reported.run
    ran = {
        variant.variant: [case for case in variant.cases if case.results[0].outcome is not Outcome.SKIPPED]
        for variant in reported.report.variants
    }
    failed = score_store.list_variants(session, run.repository_id, ran)
    orders = {
        variant: np.array([reported.id_of(case) for case in cases], dtype=np.int32)
        for variant, cases in ran.items()
        if len(cases) > 1 and (variant in failed or any(case.results[0].outcome.is_failure for case in cases))
    }
    case_order_store.put(session, run.repository_id, run.id, orders)


def request_refresh(session: Session, repository_id: RepositoryId, now: datetime) -> None:
    """Queue a recomputation of a repository's clusters; several requests become one job."""
    queue.defer_each(session, queue.CLUSTERS, [repository_id], at=now + DELAY)


def refresh(session: Session, repository_id: RepositoryId, now: datetime) -> None:
    """Recompute the clusters and the order-dependent suspects of a repository, and store them."""
    watched = cofailure_store.list_runs(session, repository_id, now - WINDOW, scoring.INCIDENT, MAX_RUNS)
    numbers = {run.id: number for number, run in enumerate(watched)}
    failed = cofailure_store.list_failed_cases(session, repository_id, list(numbers))
    down = suite.list_down(session, repository_id, failed)
    history = [
        FailedRun(numbers[run.id], run.branch, failed[run.id], down.get(run.id, {}))
        for run in watched
        if run.id in failed
    ]
    kinds, messages = cofailure_store.count_kinds(session, repository_id, list(numbers))
    statuses = score_store.list_statuses(session, repository_id)
    candidates = [_in_trouble(cluster, statuses) for cluster in rules.find(history, len(watched), kinds, messages)]
    clusters = [cluster for cluster in candidates if cluster is not None]
    cases = case_store.list_current(session, [CaseId(cluster.cases[0]) for cluster in clusters])
    titles = [_title(cluster, cases, messages) for cluster in clusters]
    cluster_ids = rules.match(cluster_store.list_members(session, [repository_id]), clusters)
    cluster_store.replace(session, repository_id, list(zip(cluster_ids, titles, clusters, strict=True)), now)
    _refresh_orders(session, repository_id, list(numbers), failed, now)


def _in_trouble(cluster: Cluster, statuses: Mapping[CaseId, Status]) -> Cluster | None:
    """A cluster without the cases that are well; of a fixture all stay, since its failures are nobody's own."""
    if cluster.kind is ClusterKind.FIXTURE:
        return cluster
    cases = tuple(case_id for case_id in cluster.cases if statuses.get(CaseId(case_id)) in _IN_TROUBLE)
    return replace(cluster, cases=cases) if len(cases) > 1 else None


def _title(cluster: Cluster, cases: Mapping[CaseId, Case], messages: Mapping[int, str]) -> str:
    if cluster.suite is not None:
        return cluster.suite[-_TITLE_LENGTH:]
    if cluster.kind is ClusterKind.ALIKE and cluster.fingerprint_cluster is not None:
        lines = messages[cluster.fingerprint_cluster].strip().splitlines() or [""]
        return lines[0][:_TITLE_LENGTH]
    return f"{cases[CaseId(cluster.cases[0])].title} and {len(cluster.cases) - 1} more"


def _refresh_orders(
    session: Session,
    repository_id: RepositoryId,
    run_ids: Sequence[RunId],
    failed: Mapping[RunId, frozenset[int]],
    now: datetime,
) -> None:
    suspects = []
    troubled = score_store.list_troubled(session, repository_id, MAX_ORDERED)
    for variant, run_orders in case_order_store.list_by_variant(session, repository_id, run_ids).items():
        orders = order_dependence.Orders([order for _, order in run_orders])
        for case_id in troubled.get(variant, ()):
            suspect = orders.suspect(case_id, [case_id in failed.get(run_id, ()) for run_id, _ in run_orders])
            if suspect is not None:
                suspects.append((variant, suspect))
    case_order_store.replace_suspects(session, repository_id, suspects, now)
