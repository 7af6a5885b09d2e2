"""Clusters of cases that are one item: kept with their owner over every refresh."""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from bot.analysis.failures.cluster import Cluster, StoredCluster
from bot.analysis.model import SEVERITY, CaseId, ClusterKind, Membership, RepositoryId, Status
from bot.analysis.quarantine.lifecycle import OPEN_STATES
from bot.store.database import Session
from bot.store.tables import cases, cluster_cases, clusters, quarantines, scores

_OTHERS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Belief:
    """What is held of a case in its worst variant; `rate` is a share of runs, `failures` are of all variants."""

    case_id: CaseId
    title: str
    status: Status
    p_flaky: float
    rate: float
    failures: int


def list_beliefs(session: Session, repository_id: RepositoryId) -> dict[CaseId, Belief]:
    """What is held of the cases that are flaky or broken in a variant, or part of a cluster, ascending by case."""
    clustered = sa.select(cluster_cases.c.case_id).where(cluster_cases.c.repository_id == repository_id)
    troubled = sa.select(scores.c.case_id).where(
        scores.c.repository_id == repository_id, scores.c.status.in_([Status.FLAKY.value, Status.BROKEN.value])
    )
    rows = session.execute(
        sa.select(scores.c.case_id, cases.c.title, scores.c.status, scores.c.p_flaky, scores.c.rate, scores.c.failures)
        .join(cases, sa.and_(cases.c.repository_id == scores.c.repository_id, cases.c.id == scores.c.case_id))
        .where(
            scores.c.repository_id == repository_id,
            sa.or_(scores.c.case_id.in_(troubled), scores.c.case_id.in_(clustered)),
        )
        .order_by(scores.c.case_id, scores.c.variant)
    )
    found: dict[CaseId, list[Belief]] = defaultdict(list)
    for row in rows:
        found[CaseId(row[0])].append(
            Belief(
                case_id=CaseId(row[0]),
                title=row[1],
                status=Status(row[2]),
                p_flaky=row[3],
                rate=row[4],
                failures=row[5],
            )
        )
    return {
        case_id: dataclasses.replace(
            min(variants, key=lambda one: (SEVERITY.index(one.status), -one.p_flaky)),
            failures=sum(one.failures for one in variants),
        )
        for case_id, variants in found.items()
    }


def list_numbers(session: Session, repository_id: RepositoryId, case_ids: Sequence[CaseId]) -> dict[CaseId, int]:
    """The number of the cluster of each case that is in one."""
    rows = session.execute(
        sa.select(cluster_cases.c.case_id, cluster_cases.c.cluster_id).where(
            cluster_cases.c.repository_id == repository_id,
            cluster_cases.c.case_id == sa.any_(sa.bindparam("cases", list(case_ids))),
        )
    )
    return {CaseId(row[0]): row[1] for row in rows}


def list_titles(session: Session, repository_id: RepositoryId, case_ids: Iterable[int]) -> dict[int, str]:
    """The titles of cases."""
    rows = session.execute(
        sa.select(cases.c.id, cases.c.title).where(
            cases.c.repository_id == repository_id, cases.c.id == sa.any_(sa.bindparam("cases", sorted(set(case_ids))))
        )
    )
    return {row[0]: row[1] for row in rows}


def list_members(session: Session, repository_id: RepositoryId) -> dict[int, list[int]]:
    """The cases of each stored cluster, ascending."""
    rows = session.execute(
        sa.select(cluster_cases.c.cluster_id, cluster_cases.c.case_id)
        .where(cluster_cases.c.repository_id == repository_id)
        .order_by(cluster_cases.c.cluster_id, cluster_cases.c.case_id)
    )
    members: dict[int, list[int]] = defaultdict(list)
    for cluster_id, case_id in rows:
        members[cluster_id].append(case_id)
    return members


def replace(
    session: Session,
    repository_id: RepositoryId,
    found: Sequence[tuple[int | None, str, Cluster]],
    now: datetime,
) -> None:
    """Store the clusters of a repository: each with the number it continues (None: new) and its title.

    Those that nothing continues are deleted; an owner stays with the cluster it was given.
    """
    session.execute(sa.delete(cluster_cases).where(cluster_cases.c.repository_id == repository_id))
    kept = [number for number, _, _ in found if number is not None]
    session.execute(
        sa.delete(clusters).where(clusters.c.repository_id == repository_id, clusters.c.id.not_in(kept or [-1]))
    )
    rows = []
    for number, title, cluster in found:
        values = {"kind": cluster.kind.value, "title": title, "times": cluster.times, "updated_at": now}
        if number is None:
            statement = sa.insert(clusters).values(repository_id=repository_id, first_seen_at=now, **values)
            cluster_id = session.execute(statement.returning(clusters.c.id)).scalar_one()
        else:
            cluster_id = number
            session.execute(
                sa.update(clusters)
                .where(clusters.c.repository_id == repository_id, clusters.c.id == number)
                .values(values)
            )
        rows += [
            {"repository_id": repository_id, "case_id": case_id, "cluster_id": cluster_id} for case_id in cluster.cases
        ]
    if rows:
        session.execute(sa.insert(cluster_cases), rows)


def list_all(session: Session, repository_id: RepositoryId) -> list[StoredCluster]:
    """The clusters of a repository, in order of their number."""
    members = list_members(session, repository_id)
    rows = session.execute(
        sa.select(clusters).where(clusters.c.repository_id == repository_id).order_by(clusters.c.id)
    ).mappings()
    return [
        StoredCluster(
            id=row["id"],
            kind=ClusterKind(row["kind"]),
            title=row["title"],
            cases=tuple(members.get(row["id"], ())),
            times=row["times"],
            owner=row["owner"],
        )
        for row in rows
    ]


def find_membership(session: Session, repository_id: RepositoryId, case_id: CaseId) -> Membership | None:
    """The cluster a case belongs to."""
    row = (
        session.execute(
            sa.select(clusters)
            .join(
                cluster_cases,
                sa.and_(
                    cluster_cases.c.repository_id == clusters.c.repository_id,
                    cluster_cases.c.cluster_id == clusters.c.id,
                ),
            )
            .where(cluster_cases.c.repository_id == repository_id, cluster_cases.c.case_id == case_id)
        )
        .mappings()
        .one_or_none()
    )
    if row is None:
        return None
    others = session.execute(
        sa.select(cases.c.title, sa.func.count().over())
        .join(
            cluster_cases,
            sa.and_(cluster_cases.c.repository_id == cases.c.repository_id, cluster_cases.c.case_id == cases.c.id),
        )
        .where(
            cluster_cases.c.repository_id == repository_id,
            cluster_cases.c.cluster_id == row["id"],
            cases.c.id != case_id,
        )
        .order_by(cases.c.id)
        .limit(_OTHERS)
    ).all()
    return Membership(
        cluster_id=row["id"],
        kind=ClusterKind(row["kind"]),
        title=row["title"],
        size=1 + (others[0][1] if others else 0),
        times=row["times"],
        owner=row["owner"],
        others=tuple(title for title, _ in others),
    )


def set_owner(session: Session, repository_id: RepositoryId, cluster_id: int, owner: str) -> None:
    """Make somebody responsible for a whole cluster."""
    session.execute(
        sa.update(clusters)
        .where(clusters.c.repository_id == repository_id, clusters.c.id == cluster_id)
        .values(owner=owner)
    )


def list_owned(session: Session, repository_id: RepositoryId, case_ids: Sequence[CaseId]) -> dict[CaseId, str]:
    """Who was made responsible for the cluster of each case; cases whose cluster has no owner are left out."""
    rows = session.execute(
        sa.select(cluster_cases.c.case_id, clusters.c.owner)
        .join(
            clusters,
            sa.and_(
                clusters.c.repository_id == cluster_cases.c.repository_id, clusters.c.id == cluster_cases.c.cluster_id
            ),
        )
        .where(
            cluster_cases.c.repository_id == repository_id,
            cluster_cases.c.case_id == sa.any_(sa.bindparam("cases", list(case_ids))),
            clusters.c.owner.is_not(None),
        )
    )
    return {CaseId(row[0]): row[1] for row in rows}


def list_owners(session: Session, repository_id: RepositoryId) -> Mapping[int, str]:
    """Who owns the open quarantine of a case, by case; cases without an owner are left out."""
    rows = session.execute(
        sa.select(quarantines.c.case_id, quarantines.c.owner)
        .where(
            quarantines.c.repository_id == repository_id,
            quarantines.c.state.in_([state.value for state in OPEN_STATES]),
            quarantines.c.owner.is_not(None),
        )
        .order_by(quarantines.c.id)
    )
    return {row[0]: row[1] for row in rows}
