"""Labels: what people said of cases, and what FlakeGuard believed when they said it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from bot.analysis.learning.label import Label, LabelSource, LabelVerdict
from bot.analysis.model import Actor, CaseId, RepositoryId, Status
from bot.store import actor as actor_codec
from bot.store.database import Session
from bot.store.tables import labels


@dataclass(frozen=True, slots=True)
class Testimony:
    """What a person said that the filter weighed: after the run of which place, of which case, in which variants."""

    label_id: int
    after: int
    case_id: CaseId
    variants: tuple[str, ...]
    given_at: datetime


def insert(
    session: Session,
    *,
    repository_id: RepositoryId,
    case_id: CaseId,
    verdict: LabelVerdict,
    source: LabelSource,
    actor: Actor,
    status: Status,
    p_flaky: float,
    head_sha: str | None,
    features: Sequence[float] | None,
    features_version: int,
    heard_after: int | None,
    heard_in: Sequence[str],
    now: datetime,
) -> int:
    """Keep what a person said of a case; returns the number of the label.

    `heard_after` is the place of the run after which the filter weighed it, in the variants `heard_in`; None where it
    did not.
    """
    number: int = session.execute(
        sa.insert(labels)
        .values(
            repository_id=repository_id,
            case_id=case_id,
            verdict=verdict.value,
            source=source.value,
            actor=actor_codec.encode(actor),
            status=status.value,
            p_flaky=p_flaky,
            head_sha=head_sha,
            features=None if features is None else list(features),
            features_version=features_version,
            heard_after=heard_after,
            heard_in=list(heard_in),
            created_at=now,
        )
        .returning(labels.c.id)
    ).scalar_one()
    return number


def list_claimed(
    session: Session,
    repository_id: RepositoryId,
    case_ids: Iterable[CaseId],
    verdict: LabelVerdict,
    actor: Actor,
    head_sha: str | None,
) -> set[CaseId]:
    """The cases of which this person gave this verdict at this commit before."""
    rows = session.execute(
        sa.select(labels.c.case_id).where(
            labels.c.repository_id == repository_id,
            labels.c.case_id.in_(list(case_ids)),
            labels.c.verdict == verdict.value,
            labels.c.actor["id"].astext == actor.id,
            labels.c.actor["kind"].astext == actor.kind.value,
            labels.c.head_sha.is_not_distinct_from(head_sha),
        )
    )
    return {CaseId(case_id) for case_id in rows.scalars()}


def count_heard(session: Session, repository_id: RepositoryId, case_id: CaseId, actor: Actor, since: datetime) -> int:
    """How often the filter weighed what a person said of a case since a time."""
    return session.execute(
        sa.select(sa.func.count()).where(
            labels.c.repository_id == repository_id,
            labels.c.case_id == case_id,
            labels.c.heard_after.is_not(None),
            labels.c.created_at >= since,
            labels.c.actor["id"].astext == actor.id,
            labels.c.actor["kind"].astext == actor.kind.value,
        )
    ).scalar_one()


def list_heard(session: Session, repository_id: RepositoryId, after: int = 0) -> list[Testimony]:
    """Everything the filter weighed since the label of a number, in the order in which it was said."""
    rows = session.execute(
        sa.select(labels.c.id, labels.c.heard_after, labels.c.case_id, labels.c.heard_in, labels.c.created_at)
        .where(labels.c.repository_id == repository_id, labels.c.heard_after.is_not(None), labels.c.id > after)
        .order_by(labels.c.id)
    )
    return [Testimony(row[0], row[1], CaseId(row[2]), tuple(row[3]), row[4]) for row in rows]


def list_since(
    session: Session, repository_ids: Collection[RepositoryId], since: datetime, until: datetime
) -> list[Label]:
    """The labels given in a period, its end left out, in the order they were given."""
    rows = session.execute(
        sa.select(labels)
        .where(
            labels.c.repository_id.in_(list(repository_ids)), labels.c.created_at >= since, labels.c.created_at < until
        )
        .order_by(labels.c.created_at, labels.c.id)
    )
    return [_read(row) for row in rows.mappings()]


def list_newest(session: Session, repository_id: RepositoryId, limit: int) -> list[Label]:
    """The newest labels of a repository, in the order they were given."""
    rows = (
        session.execute(
            sa.select(labels)
            .where(labels.c.repository_id == repository_id)
            .order_by(labels.c.created_at.desc(), labels.c.id.desc())
            .limit(limit)
        )
        .mappings()
        .all()
    )
    return [_read(row) for row in reversed(rows)]


def count(session: Session, repository_id: RepositoryId) -> int:
    """How many labels a repository has."""
    return session.execute(
        sa.select(sa.func.count()).select_from(labels).where(labels.c.repository_id == repository_id)
    ).scalar_one()


def _read(row: sa.RowMapping) -> Label:
    return Label(
        id=row["id"],
        repository_id=row["repository_id"],
        case_id=row["case_id"],
        verdict=LabelVerdict(row["verdict"]),
        source=LabelSource(row["source"]),
        actor=actor_codec.decode(row["actor"]),
        status=Status(row["status"]),
        p_flaky=row["p_flaky"],
        head_sha=row["head_sha"],
        features=None if row["features"] is None else tuple(row["features"]),
        features_version=row["features_version"],
        created_at=row["created_at"],
    )
