"""Cases that are one item: found in the background, kept with one owner, listed as one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from bot.analysis import scoring
from bot.analysis.failures import cluster as rules
from bot.analysis.failures import order_dependence
from bot.analysis.failures.cluster import Cluster, FailedRun, StoredCluster
from bot.analysis.model import SEVERITY, Actor, CaseId, ClusterKind, Outcome, RepositoryId, RunId, Status, VariantReport
from bot.queries import suite
from bot.services import judge, learning
from bot.store import queue
from bot.store.cases import case as case_store
from bot.store.cases import cluster as cluster_store
from bot.store.cases import cofailure as cofailure_store
from bot.store.cases.cluster import Belief
from bot.store.database import Session
from bot.store.decisions import audit as audit_store
from bot.store.runs import case_order as case_order_store

WINDOW = timedelta(days=45)
MAX_RUNS = 600
"""How far back failures are looked at: whichever is less."""
DELAY = timedelta(minutes=1)
"""How long a refresh waits for more runs, so that a hundred of them cost one."""
MAX_ORDERED = 100
"""Cases whose order is looked at in one refresh, those to fix first in front."""
_TITLE_LENGTH = 120
_IN_TROUBLE = frozenset({Status.BROKEN, Status.FLAKY, Status.SUSPECT, Status.INFRA})
_TO_FIX = frozenset({Status.BROKEN, Status.FLAKY})


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One thing to fix: a cluster, or a case that is in none (`cluster_id` and `kind` None).

    Status and figures are those of `lead`, the worst case in it, but `failures` are of all; `rate` is a share of runs,
    0 to 1. `learned` is the chance that it is flaky by what people taught, 0 to 1, None where no model is better than
    the filter; it then takes the place of `p_flaky` in `weight`, by which items are ordered, the one to fix first
    highest.
    """

    cluster_id: int | None
    kind: ClusterKind | None
    title: str
    owner: str | None
    lead: CaseId
    case_ids: tuple[CaseId, ...]
    status: Status
    p_flaky: float
    learned: float | None
    rate: float
    failures: int
    weight: float


def remember_order(
    session: Session,
    repository_id: RepositoryId,
    run_id: RunId,
    variant_report: VariantReport,
    ids: Mapping[bytes, CaseId],
) -> None:
    """Keep the order of a variant's cases where it can ever matter: something failed in it or had failed before."""
    ran = [case for case in variant_report.cases if case.results[0].outcome is not Outcome.SKIPPED]
    if len(ran) > 1 and (
        any(case.results[0].outcome.is_failure for case in ran)
        or case_store.has_scores(session, repository_id, variant_report.variant)
    ):
        order = np.array([ids[case.identity.key] for case in ran], dtype=np.int32)
        case_order_store.put(session, repository_id, run_id, variant_report.variant, order)


def request_refresh(session: Session, repository_id: RepositoryId, now: datetime) -> None:
    """Have the clusters of a repository found anew soon; asked for often, done once."""
    queue.defer(
        session,
        queue.CLUSTERS,
        lock=f"clusters:{repository_id}",
        key=f"clusters:{repository_id}",
        at=now + DELAY,
        repository_id=repository_id,
    )


def refresh(session: Session, repository_id: RepositoryId, now: datetime) -> None:
    """Find the clusters and the order-dependent suspects of a repository anew, and store them."""
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
    statuses = _statuses(session, repository_id)
    found = [
        kept for one in rules.find(history, len(watched), kinds, messages) if (kept := _keep(one, statuses)) is not None
    ]
    titles = cluster_store.list_titles(session, repository_id, (one.cases[0] for one in found))
    known = rules.match(cluster_store.list_members(session, repository_id), found)
    cluster_store.replace(
        session,
        repository_id,
        [(number, _title(one, titles, messages), one) for number, one in zip(known, found, strict=True)],
        now,
    )
    _refresh_orders(session, repository_id, list(numbers), failed, now)


def list_items(session: Session, repository_id: RepositoryId, now: datetime) -> list[Item]:
    """What there is to fix in a repository, first things first: each cluster and each other case once."""
    beliefs = cluster_store.list_beliefs(session, repository_id)
    owners = cluster_store.list_owners(session, repository_id)
    to_fix = [case for case, one in beliefs.items() if one.status in _TO_FIX]
    learned = learning.predict(session, repository_id, to_fix, now)
    items = []
    grouped: set[int] = set()
    for cluster in cluster_store.list_all(session, repository_id):
        known = [beliefs[CaseId(case)] for case in cluster.cases if CaseId(case) in beliefs]
        if not known or (cluster.kind is not ClusterKind.FIXTURE and all(one.status not in _TO_FIX for one in known)):
            continue
        grouped.update(cluster.cases)
        named = Counter(owners[case] for case in cluster.cases if case in owners)
        owner = cluster.owner or min(named, key=lambda name: (-named[name], name), default=None)
        items.append(_item(known, learned, cluster, owner))
    items += [_item([beliefs[case]], learned, None, owners.get(case)) for case in to_fix if case not in grouped]
    return sorted(items, key=lambda item: (SEVERITY.index(item.status), -item.weight, item.case_ids))


def gather(session: Session, repository_id: RepositoryId, case_ids: Sequence[CaseId]) -> list[tuple[CaseId, ...]]:
    """The given cases as items: those of one cluster together, in the place of the first of them."""
    of = cluster_store.list_numbers(session, repository_id, case_ids)
    found: dict[tuple[bool, int], list[CaseId]] = {}
    for case_id in case_ids:
        found.setdefault((case_id in of, of.get(case_id, case_id)), []).append(case_id)
    return [tuple(one) for one in found.values()]


def assign(
    session: Session, repository_id: RepositoryId, case_id: CaseId, owner: str, actor: Actor, now: datetime
) -> tuple[CaseId, ...]:
    """Make whoever answers for a case responsible for the rest of its cluster; returns the rest, none outside of one.

    The caller records it for the case itself.
    """
    number = cluster_store.list_numbers(session, repository_id, [case_id]).get(case_id)
    if number is None:
        return ()
    cluster_store.set_owner(session, repository_id, number, owner)
    rest = tuple(CaseId(one) for one in cluster_store.list_members(session, repository_id)[number] if one != case_id)
    for other in rest:
        audit_store.append(
            session,
            repository_id=repository_id,
            case_id=other,
            quarantine_id=None,
            tag="cluster:assign",
            actor=actor,
            reason=owner,
            now=now,
        )
    return rest


def _statuses(session: Session, repository_id: RepositoryId) -> dict[int, Status]:
    rows: dict[int, list[case_store.ScoreRow]] = {}
    for row in case_store.list_scores(session, repository_id):
        rows.setdefault(row.case_id, []).append(row)
    return {case: judge.worst(scored) for case, scored in rows.items()}


def _keep(cluster: Cluster, statuses: Mapping[int, Status]) -> Cluster | None:
    """A cluster without the cases that are well; of a fixture all stay, since its failures are nobody's own."""
    if cluster.kind is ClusterKind.FIXTURE:
        return cluster
    left = tuple(case for case in cluster.cases if statuses.get(case) in _IN_TROUBLE)
    if len(left) < 2:  # noqa: PLR2004  # one case is no cluster
        return None
    return Cluster(cluster.kind, left, cluster.times, cluster.suite, cluster.fingerprint_cluster)


def _title(cluster: Cluster, titles: Mapping[int, str], messages: Mapping[int, str]) -> str:
    if cluster.suite is not None:
        return cluster.suite[-_TITLE_LENGTH:]
    if cluster.kind is ClusterKind.ALIKE and cluster.fingerprint_cluster is not None:
        lines = messages[cluster.fingerprint_cluster].strip().splitlines() or [""]
        return lines[0][:_TITLE_LENGTH]
    return f"{titles.get(cluster.cases[0], '')} and {len(cluster.cases) - 1} more"


def _refresh_orders(
    session: Session,
    repository_id: RepositoryId,
    run_ids: Sequence[RunId],
    failed: Mapping[RunId, frozenset[int]],
    now: datetime,
) -> None:
    kept = case_order_store.list_by_variant(session, repository_id, run_ids)
    found = []
    for variant, known in kept.items():
        looked_at = order_dependence.Orders([order for _, order in known])
        for case_id in case_store.list_troubled(session, repository_id, variant, MAX_ORDERED):
            suspect = looked_at.suspect(case_id, [case_id in failed.get(run_id, ()) for run_id, _ in known])
            if suspect is not None:
                found.append((variant, suspect))
    case_order_store.replace_suspects(session, repository_id, found, now)


def _item(
    known: Sequence[Belief], learned: Mapping[CaseId, float], cluster: StoredCluster | None, owner: str | None
) -> Item:
    worst = min(known, key=lambda one: (SEVERITY.index(one.status), -one.p_flaky * one.rate, one.case_id))
    return Item(
        cluster_id=None if cluster is None else cluster.id,
        kind=None if cluster is None else cluster.kind,
        title=worst.title if cluster is None else cluster.title,
        owner=owner,
        lead=worst.case_id,
        case_ids=(worst.case_id,) if cluster is None else tuple(CaseId(case) for case in cluster.cases),
        status=worst.status,
        p_flaky=worst.p_flaky,
        learned=learned.get(worst.case_id),
        rate=worst.rate,
        failures=sum(one.failures for one in known),
        weight=sum(learned.get(one.case_id, one.p_flaky) * one.rate for one in known),
    )
