"""Cases and their scores per variant."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, aggregate_order_by, distinct_on, insert

from bot.analysis.model import CaseId, RepositoryId, Status, VariantScore
from bot.errors import NotFoundError
from bot.store.database import Session
from bot.store.scores import status as status_store
from bot.store.tables import cases, scores


@dataclass(frozen=True, slots=True)
class Case:
    """A case as people name it."""

    id: CaseId
    repository_id: RepositoryId
    uid: str
    title: str
    first_seen_at: datetime
    file: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreRow:
    """The state of one (case, variant) that ever failed, and what was read out of it."""

    case_id: CaseId
    variant: str
    state: bytes
    status: Status
    p_flaky: float
    p_broken: float
    score: float
    rate: float
    low: float
    high: float
    runs: int
    failures: int
    mixed_commits: int
    episode: int


def get(session: Session, repository_id: RepositoryId, case_id: CaseId) -> Case:
    """The case of this number, or that goes on under another since it was renamed.

    Raises:
        NotFoundError: not known.
    """
    row = session.execute(
        _FOLLOWED.where(_named.c.repository_id == repository_id, _named.c.id == case_id)
    ).one_or_none()
    if row is None:
        message = "This test is not known any more."
        raise NotFoundError(message)
    return _read_case(row)


def find(session: Session, case_id: CaseId) -> Case | None:
    """The case of this number, in whichever repository it is, or that goes on under another since it was renamed."""
    row = session.execute(_FOLLOWED.where(_named.c.id == case_id)).one_or_none()
    return None if row is None else _read_case(row)


def list_by_uid(session: Session, repository_ids: Sequence[RepositoryId], uid: str) -> list[Case]:
    """The cases of this published id, which may be that of a name they had or have since."""
    rows = session.execute(
        _FOLLOWED.where(_named.c.repository_id.in_(list(repository_ids)), _named.c.uid == uid).distinct()
    )
    return [_read_case(row) for row in rows]


def list_by_id(session: Session, repository_ids: Sequence[RepositoryId], case_ids: Sequence[CaseId]) -> list[Case]:
    """The cases of these numbers, as far as they belong to these repositories."""
    rows = session.execute(
        _CASE.where(
            cases.c.repository_id.in_(list(repository_ids)),
            cases.c.id == sa.any_(sa.bindparam("case_ids", list(case_ids), type_=ARRAY(sa.Integer))),
        )
    )
    return [_read_case(row) for row in rows]


def list_current_titles(session: Session, repository_id: RepositoryId, case_ids: Iterable[CaseId]) -> dict[CaseId, str]:
    """The titles of cases by number; of one that was renamed, its title now."""
    rows = session.execute(
        sa.select(_named.c.id, cases.c.title)
        .join_from(_named, cases, _IS_NAMED_SO)
        .where(
            _named.c.repository_id == repository_id,
            _named.c.id == sa.any_(sa.bindparam("case_ids", list(case_ids), type_=ARRAY(sa.Integer))),
        )
    )
    return {CaseId(row[0]): row[1] for row in rows}


def list_titles(session: Session, repository_id: RepositoryId, *, after: int = 0) -> tuple[list[int], list[str]]:
    """Ids and titles of the cases with a higher id, ascending by id, aligned; former names are left out.

    They come as one value each, since a row for each of 100,000 cases takes several times as long.
    """
    row = session.execute(
        sa.select(
            sa.func.array_agg(aggregate_order_by(cases.c.id, cases.c.id)),
            sa.func.string_agg(
                sa.func.replace(cases.c.title, "\n", " "), aggregate_order_by(sa.literal("\n"), cases.c.id)
            ),
        ).where(cases.c.repository_id == repository_id, cases.c.id > after, cases.c.renamed_into.is_(None))
    ).one()
    return (list(row[0]), row[1].split("\n")) if row[0] else ([], [])


def newest_id(session: Session, repository_id: RepositoryId) -> int:
    """The highest number of a case; 0 where there is none."""
    number: int | None = session.execute(
        sa.select(sa.func.max(cases.c.id)).where(cases.c.repository_id == repository_id)
    ).scalar_one()
    return number or 0


def first_seen(session: Session, repository_id: RepositoryId, case_ids: Iterable[CaseId]) -> datetime:
    """When the first of some cases was seen first; they are known."""
    found: datetime = session.execute(
        sa.select(sa.func.min(cases.c.first_seen_at)).where(
            cases.c.repository_id == repository_id,
            cases.c.id == sa.any_(sa.bindparam("case_ids", list(case_ids), type_=ARRAY(sa.Integer))),
        )
    ).scalar_one()
    return found


def count(session: Session, repository_id: RepositoryId) -> int:
    """How many cases a repository has."""
    return session.execute(
        sa.select(sa.func.count())
        .select_from(cases)
        .where(cases.c.repository_id == repository_id, cases.c.renamed_into.is_(None))
    ).scalar_one()


@dataclass(frozen=True, slots=True)
class Facts:
    """What filters ask of a case: its file, and the rate of failure of its worst variant, 0 to 1."""

    file: str
    rate: float


@dataclass(frozen=True, slots=True)
class WorstRow:
    """A case with the numbers of its worst variant; `rate` is a share of runs, 0 to 1."""

    id: CaseId
    title: str
    status: Status
    rate: float
    failures: int
    runs: int


def list_worst(session: Session, repository_id: RepositoryId, case_ids: Sequence[CaseId], limit: int) -> list[WorstRow]:
    """Some cases with their worst variants, those that fail most in front; one never scored has no runs."""
    worst = (
        sa.select(scores.c.case_id, scores.c.status, scores.c.rate, scores.c.failures, scores.c.runs)
        .ext(distinct_on(scores.c.case_id))
        .where(
            scores.c.repository_id == repository_id,
            scores.c.case_id == sa.any_(sa.bindparam("case_ids", list(case_ids))),
        )
        .order_by(scores.c.case_id, status_store.RANK, scores.c.p_flaky.desc(), scores.c.variant)
        .subquery()
    )
    rows = session.execute(
        sa.select(cases.c.id, cases.c.title, worst.c.status, worst.c.rate, worst.c.failures, worst.c.runs)
        .outerjoin(worst, worst.c.case_id == cases.c.id)
        .where(cases.c.repository_id == repository_id, cases.c.id == sa.any_(sa.bindparam("of_cases", list(case_ids))))
        .order_by(sa.func.coalesce(worst.c.rate, 0.0).desc(), cases.c.id)
        .limit(limit)
    )
    return [
        WorstRow(CaseId(row[0]), row[1], Status(row[2] or Status.INSUFFICIENT), row[3] or 0.0, row[4] or 0, row[5] or 0)
        for row in rows
    ]


def list_facts(session: Session, repository_id: RepositoryId, case_ids: Sequence[CaseId]) -> dict[CaseId, Facts]:
    """The facts of some cases; unknown cases are left out."""
    rate = sa.func.coalesce(sa.func.max(scores.c.rate), 0.0)
    scored = sa.and_(scores.c.repository_id == cases.c.repository_id, scores.c.case_id == cases.c.id)
    rows = session.execute(
        sa.select(cases.c.id, cases.c.file, rate)
        .outerjoin(scores, scored)
        .where(cases.c.repository_id == repository_id, cases.c.id == sa.any_(sa.bindparam("case_ids", list(case_ids))))
        .group_by(cases.c.id, cases.c.file)
    )
    return {CaseId(row[0]): Facts(row[1], row[2]) for row in rows}


def list_scores(
    session: Session,
    repository_id: RepositoryId,
    *,
    variant: str | None = None,
    case_ids: Sequence[int] | None = None,
    status: Status | None = None,
) -> list[ScoreRow]:
    """The scores of a repository, or of some of its cases, in order of case and variant."""
    query = sa.select(scores).where(scores.c.repository_id == repository_id)
    if status is not None:
        query = query.where(scores.c.status == status.value)
    if variant is not None:
        query = query.where(scores.c.variant == variant)
    if case_ids is not None:
        query = query.where(scores.c.case_id == sa.any_(sa.bindparam("case_ids", list(case_ids))))
    rows = session.execute(query.order_by(scores.c.case_id, scores.c.variant)).mappings()
    return [
        ScoreRow(
            case_id=row["case_id"],
            variant=row["variant"],
            state=row["state"],
            status=Status(row["status"]),
            p_flaky=row["p_flaky"],
            p_broken=row["p_broken"],
            score=row["score"],
            rate=row["rate"],
            low=row["low"],
            high=row["high"],
            runs=row["runs"],
            failures=row["failures"],
            mixed_commits=row["mixed_commits"],
            episode=row["episode"],
        )
        for row in rows
    ]


def has_scores(session: Session, repository_id: RepositoryId, variant: str) -> bool:
    """Whether any case ever failed in a variant."""
    return bool(
        session.execute(
            sa.select(sa.exists().where(scores.c.repository_id == repository_id, scores.c.variant == variant))
        ).scalar_one()
    )


def list_troubled(session: Session, repository_id: RepositoryId, variant: str, limit: int) -> list[CaseId]:
    """The cases that are flaky, suspect or broken in a variant, those to fix first in front."""
    statuses = (Status.FLAKY.value, Status.SUSPECT.value, Status.BROKEN.value)
    rows = session.execute(
        sa.select(scores.c.case_id)
        .where(scores.c.repository_id == repository_id, scores.c.variant == variant, scores.c.status.in_(statuses))
        .order_by((scores.c.p_flaky * scores.c.rate).desc(), scores.c.case_id)
        .limit(limit)
    )
    return [CaseId(row[0]) for row in rows]


def put_scores(session: Session, repository_id: RepositoryId, rows: Sequence[ScoreRow], now: datetime) -> None:
    """Store scores, new or changed, in one statement."""
    if not rows:
        return
    columns: dict[str, tuple[sa.types.TypeEngine[Any], list[object]]] = {
        "case_id": (sa.Integer(), [row.case_id for row in rows]),
        "variant": (sa.Text(), [row.variant for row in rows]),
        "state": (sa.LargeBinary(), [row.state for row in rows]),
        "status": (sa.Text(), [row.status.value for row in rows]),
        "p_flaky": (sa.Double(), [row.p_flaky for row in rows]),
        "p_broken": (sa.Double(), [row.p_broken for row in rows]),
        "score": (sa.Double(), [row.score for row in rows]),
        "rate": (sa.Double(), [row.rate for row in rows]),
        "low": (sa.Double(), [row.low for row in rows]),
        "high": (sa.Double(), [row.high for row in rows]),
        "runs": (sa.Integer(), [row.runs for row in rows]),
        "failures": (sa.Integer(), [row.failures for row in rows]),
        "mixed_commits": (sa.Integer(), [row.mixed_commits for row in rows]),
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


def delete_scores(session: Session, repository_id: RepositoryId) -> None:
    """Remove the scores of a repository, to be written anew."""
    session.execute(sa.delete(scores).where(scores.c.repository_id == repository_id))


def list_scored(session: Session, repository_id: RepositoryId) -> list[CaseId]:
    """The cases that have a score in some variant."""
    rows = session.execute(sa.select(scores.c.case_id).where(scores.c.repository_id == repository_id).distinct())
    return [CaseId(row[0]) for row in rows]


def as_variant_score(row: ScoreRow) -> VariantScore:
    """A stored score as the rest of the program sees it."""
    return VariantScore(
        variant=row.variant,
        status=row.status,
        p_flaky=row.p_flaky,
        p_broken=row.p_broken,
        rate=row.rate,
        interval=(row.low, row.high),
        runs=row.runs,
        failures=row.failures,
        mixed_commits=row.mixed_commits,
    )


_CASE = sa.select(cases.c.id, cases.c.repository_id, cases.c.uid, cases.c.title, cases.c.first_seen_at, cases.c.file)
_named = cases.alias("named")
_IS_NAMED_SO = sa.and_(
    _named.c.repository_id == cases.c.repository_id,
    sa.func.coalesce(_named.c.renamed_into, _named.c.id) == cases.c.id,
)
_FOLLOWED = _CASE.join(_named, _IS_NAMED_SO)


def _read_case(row: sa.Row[int, int, str, str, datetime, str]) -> Case:
    return Case(CaseId(row[0]), RepositoryId(row[1]), row[2], row[3], row[4], row[5])
