"""Labels: what people said of cases, and what FlakeGuard believed when they said it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from bot.analysis.learning.label import Label, LabelVerdict, NewLabel
from bot.analysis.model import Actor, CaseId, RepositoryId
from bot.store import record, relation
from bot.store.database import Session
from bot.store.tables.judging import labels

_PENDING = 0
"""The version of features that were not computed yet."""


@dataclass(frozen=True, slots=True)
class AppliedFeedback:
    """An author's feedback that the filter weighed: after which run, on which case, in which variants."""

    label_id: int
    after: int
    case_id: CaseId
    variants: tuple[str, ...]
    given_at: datetime


def insert(session: Session, new_labels: Collection[NewLabel]) -> None:
    """Keep verdicts; their features are added later."""
    rows = [{**record.values(label), "features_version": _PENDING} for label in new_labels]
    record.insert_all(session, labels, rows)


def list_repositories_without_features(session: Session) -> list[RepositoryId]:
    """The repositories with labels whose features were not computed yet."""
    rows = session.execute(sa.select(labels.c.repository_id).distinct().where(labels.c.features_version == _PENDING))
    return [RepositoryId(number) for number in rows.scalars()]


def list_without_features(session: Session, repository_id: RepositoryId) -> list[Label]:
    """The labels whose features were not computed yet, oldest first."""
    is_pending = sa.and_(labels.c.repository_id == repository_id, labels.c.features_version == _PENDING)
    return record.list_all(session, Label, _SELECT.where(is_pending).order_by(labels.c.id))


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
            labels.c.verdict == LabelVerdict.MINE,
            labels.c.head_sha == head_sha,
            _is_by(actor),
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
    query = sa.select(labels.c.case_id).where(
        relation.is_of_cases(labels, [repository_id], case_ids),
        labels.c.verdict == verdict,
        _is_by(actor),
        labels.c.head_sha.is_not_distinct_from(head_sha),
    )
    return {CaseId(case_id) for case_id in session.execute(query).scalars()}


def count_applied(
    session: Session, repository_id: RepositoryId, case_ids: Collection[CaseId], actor: Actor, since: datetime
) -> dict[CaseId, int]:
    """How often the filter weighed a person's feedback on each case since a time; cases without are left out."""
    rows = session.execute(
        sa.select(labels.c.case_id, sa.func.count())
        .where(
            relation.is_of_cases(labels, [repository_id], case_ids),
            labels.c.applied_after.is_not(None),
            labels.c.created_at >= since,
            _is_by(actor),
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
    query = _SELECT.where(
        labels.c.repository_id.in_(repository_ids), labels.c.created_at >= since, labels.c.created_at < until
    )
    return record.list_all(session, Label, query.order_by(labels.c.created_at, labels.c.id))


def list_newest(session: Session, repository_id: RepositoryId, limit: int) -> list[Label]:
    """The newest labels of a repository, in the order they were given."""
    newest_first = _SELECT.where(labels.c.repository_id == repository_id).order_by(
        labels.c.created_at.desc(), labels.c.id.desc()
    )
    return record.list_all(session, Label, newest_first.limit(limit))[::-1]


def count(session: Session, repository_id: RepositoryId) -> int:
    """How many labels a repository has."""
    return record.count(session, labels.c.repository_id == repository_id)


def _is_by(actor: Actor) -> sa.ColumnElement[bool]:
    return sa.and_(labels.c.actor["id"].astext == actor.id, labels.c.actor["kind"].astext == actor.kind.value)


_SELECT = sa.select(*record.columns(labels, Label))
