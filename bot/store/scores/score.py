"""The scores of cases: what was read out of the filter for each variant in which a case ever failed."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray
from sqlalchemy.dialects.postgresql import ARRAY, insert

from bot.analysis import scoring
from bot.analysis.case_state import VariantScore
from bot.analysis.model import SEVERITY, CaseId, RepositoryId, Status
from bot.store import record, relation
from bot.store.database import Session
from bot.store.tables.judging import cluster_cases, scores

_RANK = sa.case({status.value: rank for rank, status in enumerate(SEVERITY)}, value=scores.c.status)
"""The position of a score's status in SEVERITY: the lowest of a case is its worst variant's."""


@dataclass(frozen=True, slots=True)
class StoredScore:
    """A score, with the packed state of the filter that it was read out of; `episode` counts its failing streaks."""

    score: VariantScore
    state: bytes
    episode: int


def read_out(scorer: scoring.Scorer, variant: str, case_ids: NDArray[np.int32] | None = None) -> list[StoredScore]:
    """The scores of the cases of a variant that are followed, of all or of those named, as rows to store."""
    figures = scoring.readout.active(scorer, variant, None, case_ids)
    followed = scorer.variant(variant)
    positions = followed.slots_of(figures.case_ids)
    states = followed.active.pack(positions, scorer.model.version)
    episodes = followed.active.records["episode"][positions].tolist()
    return [StoredScore(score, state, episode) for score, state, episode in zip(figures, states, episodes, strict=True)]


def list_stored(
    session: Session,
    repository_id: RepositoryId,
    *,
    variants: Collection[str] | None = None,
    case_ids: Collection[int] | None = None,
    status: Status | None = None,
) -> list[StoredScore]:
    """The scores of a repository, or of some of its cases, with their state, in order of case and variant."""
    query = sa.select(scores).where(scores.c.repository_id == repository_id)
    if status is not None:
        query = query.where(scores.c.status == status)
    if variants is not None:
        query = query.where(scores.c.variant.in_(variants))
    if case_ids is not None:
        query = query.where(record.is_any(scores.c.case_id, sorted(case_ids)))
    rows = session.execute(query.order_by(scores.c.case_id, scores.c.variant)).mappings()
    return [StoredScore(_read(row), row["state"], row["episode"]) for row in rows]


def list_of_cases(
    session: Session, repository_ids: Collection[RepositoryId], case_ids: Collection[CaseId]
) -> list[VariantScore]:
    """The scores of some cases, in order of case and variant; a case that never failed has none."""
    return _list(session, relation.is_of_cases(scores, repository_ids, sorted(case_ids)))


def list_all(session: Session, repository_id: RepositoryId) -> list[VariantScore]:
    """Every score of a repository, in order of case and variant."""
    return _list(session, scores.c.repository_id == repository_id)


def list_to_fix(session: Session, repository_ids: Collection[RepositoryId]) -> list[VariantScore]:
    """The scores of the cases that are flaky or broken in a variant, or part of a cluster."""
    clustered = sa.select(cluster_cases.c.case_id).where(cluster_cases.c.repository_id.in_(repository_ids))
    troubled = sa.select(scores.c.case_id).where(
        scores.c.repository_id.in_(repository_ids), scores.c.status.in_([Status.FLAKY, Status.BROKEN])
    )
    is_to_fix = sa.or_(scores.c.case_id.in_(troubled), scores.c.case_id.in_(clustered))
    return _list(session, scores.c.repository_id.in_(repository_ids), is_to_fix)


def list_troubled(session: Session, repository_id: RepositoryId, limit: int) -> dict[str, list[CaseId]]:
    """By variant the cases that are flaky, suspect or broken in it, at most `limit`, those to fix first in front."""
    place = sa.func.row_number().over(
        partition_by=scores.c.variant, order_by=((scores.c.p_flaky * scores.c.rate).desc(), scores.c.case_id)
    )
    ranked = (
        sa.select(scores.c.variant, scores.c.case_id, place.label("place"))
        .where(
            scores.c.repository_id == repository_id,
            scores.c.status.in_([Status.FLAKY, Status.SUSPECT, Status.BROKEN]),
        )
        .subquery()
    )
    troubled: dict[str, list[CaseId]] = {}
    for variant, case_id in session.execute(
        sa.select(ranked.c.variant, ranked.c.case_id)
        .where(ranked.c.place <= limit)
        .order_by(ranked.c.variant, ranked.c.place)
    ):
        troubled.setdefault(variant, []).append(CaseId(case_id))
    return troubled


def count_statuses(
    session: Session, repository_ids: Collection[RepositoryId]
) -> Mapping[RepositoryId, Mapping[Status, int]]:
    """How many cases that ever failed have each status, each case counted once by its worst variant."""
    worst = (
        sa.select(scores.c.repository_id, sa.func.min(_RANK).label("rank"))
        .where(scores.c.repository_id.in_(repository_ids))
        .group_by(scores.c.repository_id, scores.c.case_id)
        .subquery()
    )
    counts: dict[RepositoryId, dict[Status, int]] = {repository_id: {} for repository_id in repository_ids}
    for repository_id, rank, number in session.execute(
        sa.select(worst.c.repository_id, worst.c.rank, sa.func.count()).group_by(worst.c.repository_id, worst.c.rank)
    ):
        counts[RepositoryId(repository_id)][SEVERITY[rank]] = number
    return counts


def list_statuses(session: Session, repository_id: RepositoryId) -> dict[CaseId, Status]:
    """The status of every case that ever failed: that of its worst variant."""
    rows = session.execute(
        sa.select(scores.c.case_id, sa.func.min(_RANK))
        .where(scores.c.repository_id == repository_id)
        .group_by(scores.c.case_id)
    )
    return {CaseId(row[0]): SEVERITY[row[1]] for row in rows}


def list_repositories(session: Session, status: Status) -> list[RepositoryId]:
    """The repositories in which a case has this status in some variant."""
    rows = session.execute(
        sa.select(scores.c.repository_id).where(scores.c.status == status).distinct().order_by(scores.c.repository_id)
    )
    return [RepositoryId(row[0]) for row in rows]


def list_scored_cases(
    session: Session, repository_ids: Collection[RepositoryId]
) -> Mapping[RepositoryId, Sequence[CaseId]]:
    """The cases of each repository that have a score in some variant."""
    scored: dict[RepositoryId, list[CaseId]] = {repository_id: [] for repository_id in repository_ids}
    for repository_id, case_id in session.execute(
        sa.select(scores.c.repository_id, scores.c.case_id).where(scores.c.repository_id.in_(repository_ids)).distinct()
    ):
        scored[RepositoryId(repository_id)].append(CaseId(case_id))
    return scored


def list_variants(session: Session, repository_id: RepositoryId, variants: Collection[str]) -> set[str]:
    """Those of some variants in which any case ever failed."""
    rows = session.execute(
        sa.select(scores.c.variant)
        .where(scores.c.repository_id == repository_id, scores.c.variant.in_(variants))
        .distinct()
    )
    return set(rows.scalars())


def put(session: Session, repository_id: RepositoryId, rows: Sequence[StoredScore], now: datetime) -> None:
    """Store scores, new or changed, in one statement."""
    if not rows:
        return
    records = [
        {
            **record.values(row.score),
            "score": row.score.ranking,
            "low": row.score.interval[0],
            "high": row.score.interval[1],
            "state": row.state,
            "episode": row.episode,
        }
        for row in rows
    ]
    columns = [column for column in scores.c if column.name in records[0]]
    names = [column.name for column in columns]
    given = (
        sa.func.unnest(
            *(sa.bindparam(None, [row[column.name] for row in records], type_=ARRAY(column.type)) for column in columns)
        )
        .table_valued(*(sa.column(column.name, column.type) for column in columns))
        .render_derived()
    )
    statement = insert(scores).from_select(
        ["repository_id", "updated_at", *names],
        sa.select(sa.literal(repository_id, sa.BigInteger()), sa.literal(now), *(given.c[name] for name in names)),
    )
    session.execute(
        statement.on_conflict_do_update(
            index_elements=["repository_id", "case_id", "variant"],
            set_={name: statement.excluded[name] for name in (*names, "updated_at")},
        )
    )


def delete(session: Session, repository_id: RepositoryId) -> None:
    """Remove the scores of a repository, to be written again."""
    session.execute(sa.delete(scores).where(scores.c.repository_id == repository_id))


_NAMES = [field.name for field in fields(VariantScore) if field.name in scores.c]
_FIGURES = [scores.c[name] for name in (*_NAMES, "score", "low", "high")]


def _list(session: Session, *conditions: sa.ColumnElement[bool]) -> list[VariantScore]:
    query = sa.select(*_FIGURES).where(*conditions).order_by(scores.c.case_id, scores.c.variant)
    return [_read(row) for row in session.execute(query).mappings()]


def _read(row: sa.RowMapping) -> VariantScore:
    return VariantScore(
        **{name: row[name] for name in _NAMES}, ranking=row["score"], interval=(row["low"], row["high"])
    )
