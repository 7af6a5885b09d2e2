"""The scores of cases: what was read out of the filter for each variant in which a case ever failed."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray
from sqlalchemy.dialects.postgresql import ARRAY, insert

from bot.analysis import scoring
from bot.analysis.case_state import VariantScore
from bot.analysis.model import SEVERITY, CaseId, RepositoryId, Status
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
        query = query.where(scores.c.status == status.value)
    if variants is not None:
        query = query.where(scores.c.variant.in_(list(variants)))
    if case_ids is not None:
        query = query.where(_is_one_of(case_ids))
    rows = session.execute(query.order_by(scores.c.case_id, scores.c.variant)).mappings()
    return [StoredScore(_read(row), row["state"], row["episode"]) for row in rows]


def list_of_cases(
    session: Session, repository_ids: Collection[RepositoryId], case_ids: Collection[CaseId]
) -> list[VariantScore]:
    """The scores of some cases, in order of case and variant; a case that never failed has none."""
    query = sa.select(*_FIGURES).where(scores.c.repository_id.in_(list(repository_ids)), _is_one_of(case_ids))
    rows = session.execute(query.order_by(scores.c.case_id, scores.c.variant)).mappings()
    return [_read(row) for row in rows]


def list_all(session: Session, repository_id: RepositoryId) -> list[VariantScore]:
    """Every score of a repository, in order of case and variant."""
    query = sa.select(*_FIGURES).where(scores.c.repository_id == repository_id)
    rows = session.execute(query.order_by(scores.c.case_id, scores.c.variant)).mappings()
    return [_read(row) for row in rows]


def list_to_fix(session: Session, repository_id: RepositoryId) -> list[VariantScore]:
    """The scores of the cases that are flaky or broken in a variant, or part of a cluster."""
    clustered = sa.select(cluster_cases.c.case_id).where(cluster_cases.c.repository_id == repository_id)
    troubled = sa.select(scores.c.case_id).where(
        scores.c.repository_id == repository_id, scores.c.status.in_([Status.FLAKY.value, Status.BROKEN.value])
    )
    query = sa.select(*_FIGURES).where(
        scores.c.repository_id == repository_id,
        sa.or_(scores.c.case_id.in_(troubled), scores.c.case_id.in_(clustered)),
    )
    rows = session.execute(query.order_by(scores.c.case_id, scores.c.variant)).mappings()
    return [_read(row) for row in rows]


def list_troubled(session: Session, repository_id: RepositoryId, limit: int) -> dict[str, list[CaseId]]:
    """By variant the cases that are flaky, suspect or broken in it, at most `limit`, those to fix first in front."""
    place = sa.func.row_number().over(
        partition_by=scores.c.variant, order_by=((scores.c.p_flaky * scores.c.rate).desc(), scores.c.case_id)
    )
    ranked = (
        sa.select(scores.c.variant, scores.c.case_id, place.label("place"))
        .where(
            scores.c.repository_id == repository_id,
            scores.c.status.in_([Status.FLAKY.value, Status.SUSPECT.value, Status.BROKEN.value]),
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
        .where(scores.c.repository_id.in_(list(repository_ids)))
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
        sa.select(scores.c.repository_id)
        .where(scores.c.status == status.value)
        .distinct()
        .order_by(scores.c.repository_id)
    )
    return [RepositoryId(row[0]) for row in rows]


def list_scored_cases(
    session: Session, repository_ids: Collection[RepositoryId]
) -> Mapping[RepositoryId, Sequence[CaseId]]:
    """The cases of each repository that have a score in some variant."""
    scored: dict[RepositoryId, list[CaseId]] = {repository_id: [] for repository_id in repository_ids}
    for repository_id, case_id in session.execute(
        sa.select(scores.c.repository_id, scores.c.case_id)
        .where(scores.c.repository_id.in_(list(repository_ids)))
        .distinct()
    ):
        scored[RepositoryId(repository_id)].append(CaseId(case_id))
    return scored


def list_variants(session: Session, repository_id: RepositoryId, variants: Collection[str]) -> set[str]:
    """Those of some variants in which any case ever failed."""
    rows = session.execute(
        sa.select(scores.c.variant)
        .where(scores.c.repository_id == repository_id, scores.c.variant.in_(list(variants)))
        .distinct()
    )
    return set(rows.scalars())


def put(session: Session, repository_id: RepositoryId, rows: Sequence[StoredScore], now: datetime) -> None:
    """Store scores, new or changed, in one statement."""
    if not rows:
        return
    columns: dict[str, tuple[sa.types.TypeEngine[Any], list[object]]] = {
        "case_id": (sa.Integer(), [row.score.case_id for row in rows]),
        "variant": (sa.Text(), [row.score.variant for row in rows]),
        "state": (sa.LargeBinary(), [row.state for row in rows]),
        "status": (sa.Text(), [row.score.status.value for row in rows]),
        "p_flaky": (sa.Double(), [row.score.p_flaky for row in rows]),
        "p_broken": (sa.Double(), [row.score.p_broken for row in rows]),
        "score": (sa.Double(), [row.score.ranking for row in rows]),
        "rate": (sa.Double(), [row.score.rate for row in rows]),
        "low": (sa.Double(), [row.score.interval[0] for row in rows]),
        "high": (sa.Double(), [row.score.interval[1] for row in rows]),
        "runs": (sa.Integer(), [row.score.runs for row in rows]),
        "failures": (sa.Integer(), [row.score.failures for row in rows]),
        "mixed_commits": (sa.Integer(), [row.score.mixed_commits for row in rows]),
        "episode": (sa.Integer(), [row.episode for row in rows]),
    }
    given = (
        sa.func.unnest(*(sa.bindparam(name, values, type_=ARRAY(kind)) for name, (kind, values) in columns.items()))
        .table_valued(*(sa.column(name, kind) for name, (kind, _) in columns.items()))
        .render_derived()
    )
    statement = insert(scores).from_select(
        ["repository_id", "updated_at", *columns],
        sa.select(sa.literal(repository_id, sa.BigInteger()), sa.literal(now), *(given.c[name] for name in columns)),
    )
    session.execute(
        statement.on_conflict_do_update(
            index_elements=["repository_id", "case_id", "variant"],
            set_={name: statement.excluded[name] for name in (*columns, "updated_at")},
        )
    )


def delete(session: Session, repository_id: RepositoryId) -> None:
    """Remove the scores of a repository, to be written again."""
    session.execute(sa.delete(scores).where(scores.c.repository_id == repository_id))


_FIGURES = (
    scores.c.case_id,
    scores.c.variant,
    scores.c.status,
    scores.c.p_flaky,
    scores.c.p_broken,
    scores.c.score,
    scores.c.rate,
    scores.c.low,
    scores.c.high,
    scores.c.runs,
    scores.c.failures,
    scores.c.mixed_commits,
)


def _is_one_of(case_ids: Collection[int]) -> sa.ColumnElement[bool]:
    return scores.c.case_id == sa.any_(sa.bindparam("case_ids", sorted(case_ids)))


def _read(row: sa.RowMapping) -> VariantScore:
    return VariantScore(
        case_id=CaseId(row["case_id"]),
        variant=row["variant"],
        status=Status(row["status"]),
        p_flaky=row["p_flaky"],
        p_broken=row["p_broken"],
        ranking=row["score"],
        rate=row["rate"],
        interval=(row["low"], row["high"]),
        runs=row["runs"],
        failures=row["failures"],
        mixed_commits=row["mixed_commits"],
    )
