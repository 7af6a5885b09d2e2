"""Labels: what people said of cases, and what FlakeGuard believed when they said it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from bot.analysis.learning.label import Label, LabelSource, LabelVerdict
from bot.analysis.model import Actor, CaseId, RepositoryId, Status
from bot.store import actor as actor_codec
from bot.store.database import Session
from bot.store.tables.judging import labels

_PENDING = 0
"""The version of features that were not computed yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewLabel:
    """A verdict to be kept, with the belief it was given on; `head_sha` is the commit it is about, None for none."""

    repository_id: RepositoryId
    case_id: CaseId
    verdict: LabelVerdict
    source: LabelSource
    actor: Actor
    status: Status
    p_flaky: float
    head_sha: str | None
    given_at: datetime


@dataclass(frozen=True, slots=True)
class AppliedFeedback:
    """An author's feedback that the filter weighed: after which run, on which case, in which variants."""

    label_id: int
    after: int
    case_id: CaseId
    variants: tuple[str, ...]
    given_at: datetime


def insert(session: Session, given: Collection[NewLabel]) -> None:
    """Keep verdicts; their features are added later."""
    rows = [
        {
            "repository_id": label.repository_id,
            "case_id": label.case_id,
            "verdict": label.verdict.value,
            "source": label.source.value,
            "actor": actor_codec.encode(label.actor),
            "status": label.status.value,
            "p_flaky": label.p_flaky,
            "head_sha": label.head_sha,
            "features_version": _PENDING,
            "created_at": label.given_at,
        }
        for label in given
    ]
    session.execute(sa.insert(labels).values(rows))


def list_repositories_without_features(session: Session) -> list[RepositoryId]:
    """The repositories with labels whose features were not computed yet."""
    rows = session.execute(sa.select(labels.c.repository_id).distinct().where(labels.c.features_version == _PENDING))
    return [RepositoryId(number) for number in rows.scalars()]


def list_without_features(session: Session, repository_id: RepositoryId) -> list[Label]:
    """The labels whose features were not computed yet, oldest first."""
    rows = session.execute(
        sa.select(labels)
        .where(labels.c.repository_id == repository_id, labels.c.features_version == _PENDING)
        .order_by(labels.c.id)
    )
    return [_read(row) for row in rows.mappings()]


def set_features(
    session: Session, repository_id: RepositoryId, features: Mapping[int, Sequence[float] | None], version: int
) -> None:
    """Add features to labels, by their number; None where nothing is known of the case."""
    rows = [{"label_id": number, "values": None if row is None else list(row)} for number, row in features.items()]
    if rows:
        session.execute(
            sa.update(labels)
            .where(labels.c.repository_id == repository_id, labels.c.id == sa.bindparam("label_id"))
            .values(features=sa.bindparam("values"), features_version=version),
            rows,
        )


def set_applied(
    session: Session,
    repository_id: RepositoryId,
    head_sha: str,
    actor: Actor,
    after: int,
    variants: Mapping[CaseId, Sequence[str]],
) -> None:
    """Record after which run the filter weighed an author's feedback on a commit, and in which variants."""
    session.execute(
        sa.update(labels)
        .where(
            labels.c.repository_id == repository_id,
            labels.c.case_id == sa.bindparam("of_case"),
            labels.c.verdict == LabelVerdict.MINE.value,
            labels.c.head_sha == head_sha,
            labels.c.actor["id"].astext == actor.id,
            labels.c.actor["kind"].astext == actor.kind.value,
        )
        .values(applied_after=after, applied_in=sa.bindparam("variants")),
        [{"of_case": case_id, "variants": list(names)} for case_id, names in variants.items()],
    )


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


def count_applied(
    session: Session, repository_id: RepositoryId, case_ids: Collection[CaseId], actor: Actor, since: datetime
) -> dict[CaseId, int]:
    """How often the filter weighed a person's feedback on each case since a time; cases without are left out."""
    rows = session.execute(
        sa.select(labels.c.case_id, sa.func.count())
        .where(
            labels.c.repository_id == repository_id,
            labels.c.case_id.in_(list(case_ids)),
            labels.c.applied_after.is_not(None),
            labels.c.created_at >= since,
            labels.c.actor["id"].astext == actor.id,
            labels.c.actor["kind"].astext == actor.kind.value,
        )
        .group_by(labels.c.case_id)
    )
    return {CaseId(row[0]): row[1] for row in rows}


def list_applied(session: Session, repository_id: RepositoryId, after: int = 0) -> list[AppliedFeedback]:
    """The feedback that the filter weighed since the label of a number, in the order it was given."""
    rows = session.execute(
        sa.select(labels.c.id, labels.c.applied_after, labels.c.case_id, labels.c.applied_in, labels.c.created_at)
        .where(labels.c.repository_id == repository_id, labels.c.applied_after.is_not(None), labels.c.id > after)
        .order_by(labels.c.id)
    )
    return [AppliedFeedback(row[0], row[1], CaseId(row[2]), tuple(row[3]), row[4]) for row in rows]


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
