"""What there is to fix: clusters of cases and single cases, each once."""

from __future__ import annotations

from collections import Counter
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
from bot.store.cases import case as case_store
from bot.store.cases import cluster as cluster_store
from bot.store.cases.case import Case
from bot.store.database import Session
from bot.store.scores import score as score_store

_TO_FIX = frozenset({Status.BROKEN, Status.FLAKY})
_TOP = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseItem:
    """One thing to fix: a cluster, or a case that is in none (`cluster_id` and `kind` None).

    Status and figures are those of `lead`, the worst case in it, but `failures` are of all; `rate` is a share of runs,
    0 to 1. `learned` is the chance that it is flaky by the model learned from verdicts, 0 to 1, None where no model is
    better than the filter; it replaces `p_flaky` in `weight`, by which items are ordered, highest first.
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


def list_of(session: Session, repository_id: RepositoryId, now: datetime) -> list[CaseItem]:
    """What there is to fix in a repository, most important first: each cluster and each other case once."""
    states = case_state.by_case((), score_store.list_to_fix(session, repository_id))
    titles = case_store.list_current(session, states)
    owners = cluster_store.list_owners(session, repository_id)
    to_fix = [case_id for case_id, state in states.items() if state.status in _TO_FIX]
    learned = learned_model.predict(session, repository_id, to_fix, now)
    items = []
    grouped: set[int] = set()
    for cluster in cluster_store.list_all(session, repository_id):
        known = [states[CaseId(case)] for case in cluster.cases if CaseId(case) in states]
        if not known or (cluster.kind is not ClusterKind.FIXTURE and all(one.status not in _TO_FIX for one in known)):
            continue
        grouped.update(cluster.cases)
        named = Counter(owners[case] for case in cluster.cases if case in owners)
        owner = cluster.owner or min(named, key=lambda name: (-named[name], name), default=None)
        items.append(_item(known, titles, learned, cluster, owner))
    items += [_item([states[case]], titles, learned, None, owners.get(case)) for case in to_fix if case not in grouped]
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


def _item(
    states: Sequence[CaseState],
    cases: Mapping[CaseId, Case],
    learned: Mapping[CaseId, float],
    cluster: StoredCluster | None,
    owner: str | None,
) -> CaseItem:
    scores = {state.case_id: state.scored[0] for state in states}
    lead = min(states, key=lambda one: (SEVERITY.index(one.status), -scores[one.case_id].weight, one.case_id)).case_id
    return CaseItem(
        cluster_id=None if cluster is None else cluster.id,
        kind=None if cluster is None else cluster.kind,
        title=cases[lead].title if cluster is None else cluster.title,
        owner=owner,
        lead=lead,
        case_ids=(lead,) if cluster is None else tuple(CaseId(case) for case in cluster.cases),
        status=scores[lead].status,
        p_flaky=scores[lead].p_flaky,
        learned=learned.get(lead),
        rate=scores[lead].rate,
        failures=sum(state.failures for state in states),
        weight=sum(learned.get(case_id, score.p_flaky) * score.rate for case_id, score in scores.items()),
    )
