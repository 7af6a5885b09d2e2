"""What there is to fix: clusters of cases and single cases, each once."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from bot.analysis import case_state
from bot.analysis.case_profile import ListedCase
from bot.analysis.case_state import CaseState
from bot.analysis.failures.cluster import StoredCluster
from bot.analysis.model import SEVERITY, CaseId, ClusterKind, RepositoryId, Status
from bot.queries import case as case_query
from bot.queries import learned_model
from bot.store.cases import cluster as cluster_store
from bot.store.database import Session
from bot.store.scores import score as score_store

_TO_FIX = frozenset({Status.BROKEN, Status.FLAKY})
_TOP = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseItem:
    """One thing to fix: a cluster, or a case that is in none; `lead` is the worst case in it, `status` that one's.

    `weight` is what fixing it is worth, by which items are ordered, highest first: the rate of each case, a share of
    runs, times the chance that it is flaky, by the model learned from verdicts where one is better than the filter.
    """

    cluster: StoredCluster | None
    lead: CaseId
    case_ids: tuple[CaseId, ...]
    status: Status
    weight: float


def list_of(session: Session, repository_id: RepositoryId, now: datetime) -> list[CaseItem]:
    """What there is to fix in a repository, most important first: each cluster and each other case once."""
    states = case_state.by_case((), score_store.list_to_fix(session, [repository_id]))
    learned = learned_model.predict(session, repository_id, _cases_to_fix(states), now)
    return _order(states, cluster_store.list_all(session, [repository_id]), learned)


def list_broken(session: Session, repository_ids: Collection[RepositoryId]) -> list[CaseItem]:
    """What is broken in repositories, by the rates of the filter alone, in a number of statements that is fixed."""
    states = case_state.by_case((), score_store.list_to_fix(session, repository_ids))
    items = _order(states, cluster_store.list_all(session, repository_ids), {})
    return [item for item in items if item.status is Status.BROKEN]


def _cases_to_fix(states: Mapping[CaseId, CaseState]) -> list[CaseId]:
    return [case_id for case_id, state in states.items() if state.status in _TO_FIX]


def _order(
    states: Mapping[CaseId, CaseState], clusters: Sequence[StoredCluster], learned: Mapping[CaseId, float]
) -> list[CaseItem]:
    items = []
    grouped: set[int] = set()
    for cluster in clusters:
        known = [states[CaseId(case)] for case in cluster.cases if CaseId(case) in states]
        is_to_fix = cluster.kind is ClusterKind.FIXTURE or any(state.status in _TO_FIX for state in known)
        if not known or not is_to_fix:
            continue
        grouped.update(cluster.cases)
        items.append(_item(known, learned, cluster))
    items += [_item([states[case_id]], learned, None) for case_id in _cases_to_fix(states) if case_id not in grouped]
    return sorted(items, key=lambda item: (SEVERITY.index(item.status), -item.weight, item.case_ids))


def group(
    session: Session, repository_ids: Collection[RepositoryId], case_ids: Sequence[CaseId]
) -> list[tuple[CaseId, ...]]:
    """The given cases as items: those of one cluster together, in the position of the first of them."""
    clusters = cluster_store.list_numbers(session, repository_ids, case_ids)
    items: dict[tuple[bool, int], list[CaseId]] = {}
    for case_id in case_ids:
        items.setdefault((case_id in clusters, clusters.get(case_id, case_id)), []).append(case_id)
    return [tuple(item) for item in items.values()]


def list_top(session: Session, repository_id: RepositoryId, now: datetime) -> list[ListedCase]:
    """The first items to fix, as a list shows them."""
    items = list_of(session, repository_id, now)[:_TOP]
    rows = case_query.list_rows(session, [item.lead for item in items], now)
    return [replace(row, quarantine=None, stands_for=len(item.case_ids)) for row, item in zip(rows, items, strict=True)]


def _item(states: Sequence[CaseState], learned: Mapping[CaseId, float], cluster: StoredCluster | None) -> CaseItem:
    scores = {state.case_id: state.scored[0] for state in states}
    lead = min(scores.values(), key=lambda score: (SEVERITY.index(score.status), -score.weight, score.case_id))
    return CaseItem(
        cluster=cluster,
        lead=lead.case_id,
        case_ids=(lead.case_id,) if cluster is None else tuple(CaseId(case_id) for case_id in cluster.cases),
        status=lead.status,
        weight=sum(learned.get(case_id, score.p_flaky) * score.rate for case_id, score in scores.items()),
    )
