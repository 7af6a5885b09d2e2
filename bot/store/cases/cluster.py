"""Clusters of cases that are one item: kept with their owner over every refresh."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime

import sqlalchemy as sa

from bot.analysis.case_profile import ClusterMembership
from bot.analysis.failures.cluster import Cluster, StoredCluster
from bot.analysis.model import CaseId, RepositoryId
from bot.store import record, relation
from bot.store.database import Session
from bot.store.tables.judging import cluster_cases, clusters
from bot.store.tables.results import cases

_OTHERS = 3


def list_numbers(
    session: Session, repository_ids: Collection[RepositoryId], case_ids: Collection[CaseId]
) -> dict[CaseId, int]:
    """The number of the cluster of each case that is in one."""
    query = sa.select(cluster_cases.c.case_id, cluster_cases.c.cluster_id).where(
        relation.is_of_cases(cluster_cases, repository_ids, case_ids)
    )
    return {CaseId(row[0]): row[1] for row in session.execute(query)}


def list_members(session: Session, repository_ids: Collection[RepositoryId]) -> dict[int, list[int]]:
    """The cases of each stored cluster, ascending."""
    rows = session.execute(
        sa.select(cluster_cases.c.cluster_id, cluster_cases.c.case_id)
        .where(cluster_cases.c.repository_id.in_(repository_ids))
        .order_by(cluster_cases.c.cluster_id, cluster_cases.c.case_id)
    )
    members: dict[int, list[int]] = defaultdict(list)
    for cluster_id, case_id in rows:
        members[cluster_id].append(case_id)
    return members


def replace(
    session: Session,
    repository_id: RepositoryId,
    renewed: Sequence[tuple[int | None, str, Cluster]],
    now: datetime,
) -> None:
    """Store the clusters of a repository: each with the number it continues (None: new) and its title.

    Those that nothing continues are deleted; an owner stays with the cluster it was given.
    """
    session.execute(sa.delete(cluster_cases).where(cluster_cases.c.repository_id == repository_id))
    kept = [(number, title, cluster) for number, title, cluster in renewed if number is not None]
    session.execute(
        sa.delete(clusters).where(
            clusters.c.repository_id == repository_id, clusters.c.id.not_in([number for number, _, _ in kept])
        )
    )
    if kept:
        session.execute(
            sa.update(clusters)
            .where(clusters.c.repository_id == repository_id, clusters.c.id == sa.bindparam("number"))
            .values(updated_at=now),
            [{"number": number, **_values(title, cluster)} for number, title, cluster in kept],
        )
    members = [(number, cluster) for number, _, cluster in kept]
    if new := [(title, cluster) for number, title, cluster in renewed if number is None]:
        common = {"repository_id": repository_id, "first_seen_at": now, "updated_at": now}
        statement = sa.insert(clusters).returning(clusters.c.id, sort_by_parameter_order=True)
        numbers = session.execute(statement, [common | _values(title, cluster) for title, cluster in new]).scalars()
        members += zip(numbers, (cluster for _, cluster in new), strict=True)
    rows = [
        {"repository_id": repository_id, "case_id": case_id, "cluster_id": number}
        for number, cluster in members
        for case_id in cluster.cases
    ]
    record.insert_all(session, cluster_cases, rows)


def _values(title: str, cluster: Cluster) -> dict[str, object]:
    return {"kind": cluster.kind, "title": title, "times": cluster.times}


def list_all(session: Session, repository_ids: Collection[RepositoryId]) -> list[StoredCluster]:
    """The clusters of repositories, in order of their number."""
    members = list_members(session, repository_ids)
    columns = (clusters.c[name] for name in ("id", "kind", "title", "times", "owner"))
    rows = session.execute(
        sa.select(*columns).where(clusters.c.repository_id.in_(repository_ids)).order_by(clusters.c.id)
    ).mappings()
    return [StoredCluster(**row, cases=tuple(members.get(row["id"], ()))) for row in rows]


def list_memberships(
    session: Session, repository_ids: Collection[RepositoryId], case_ids: Collection[CaseId]
) -> dict[CaseId, ClusterMembership]:
    """The cluster of each case that is in one."""
    columns = (clusters.c.kind, clusters.c.title, clusters.c.times, clusters.c.owner)
    query = (
        sa.select(cluster_cases.c.case_id, cluster_cases.c.cluster_id, *columns)
        .join(clusters, relation.cluster_of(cluster_cases))
        .where(relation.is_of_cases(cluster_cases, repository_ids, case_ids))
    )
    memberships = [dict(row) for row in session.execute(query).mappings()]
    if not memberships:
        return {}
    titles: dict[int, list[tuple[int, str]]] = {}
    sizes: dict[int, int] = {}
    first_members = _first_members(repository_ids, {membership["cluster_id"] for membership in memberships})
    for cluster_id, case_id, title, size in session.execute(first_members):
        titles.setdefault(cluster_id, []).append((case_id, title))
        sizes[cluster_id] = size
    by_case = {CaseId(membership.pop("case_id")): membership for membership in memberships}
    return {
        case_id: ClusterMembership(
            **membership,
            size=sizes[membership["cluster_id"]],
            others=tuple(title for number, title in titles[membership["cluster_id"]] if number != case_id)[:_OTHERS],
        )
        for case_id, membership in by_case.items()
    }


def _first_members(
    repository_ids: Collection[RepositoryId], cluster_ids: Collection[int]
) -> sa.Select[int, int, str, int]:
    """The first cases of each cluster by number with the size of the cluster; one more than are ever named."""
    cluster = (cluster_cases.c.repository_id, cluster_cases.c.cluster_id)
    members = (
        sa.select(
            cluster_cases.c.cluster_id,
            cases.c.id,
            cases.c.title,
            sa.func.count().over(partition_by=cluster).label("size"),
            sa.func.row_number().over(partition_by=cluster, order_by=cases.c.id).label("place"),
        )
        .join(cases, relation.case_of(cluster_cases))
        .where(cluster_cases.c.repository_id.in_(repository_ids), cluster_cases.c.cluster_id.in_(cluster_ids))
        .subquery()
    )
    return (
        sa.select(members.c.cluster_id, members.c.id, members.c.title, members.c.size)
        .where(members.c.place <= _OTHERS + 1)
        .order_by(members.c.cluster_id, members.c.id)
    )


def set_owner(session: Session, repository_id: RepositoryId, cluster_id: int, owner: str) -> None:
    """Make somebody responsible for a whole cluster."""
    session.execute(
        sa.update(clusters)
        .where(clusters.c.repository_id == repository_id, clusters.c.id == cluster_id)
        .values(owner=owner)
    )


def list_owned(
    session: Session, repository_ids: Collection[RepositoryId], case_ids: Collection[CaseId]
) -> dict[CaseId, str]:
    """Who was made responsible for the cluster of each case; cases whose cluster has no owner are left out."""
    rows = session.execute(
        sa.select(cluster_cases.c.case_id, clusters.c.owner)
        .join(clusters, relation.cluster_of(cluster_cases))
        .where(relation.is_of_cases(cluster_cases, repository_ids, case_ids), clusters.c.owner.is_not(None))
    )
    return {CaseId(row[0]): row[1] for row in rows}
