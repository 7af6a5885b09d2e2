"""Cases, by number, published id and title."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, aggregate_order_by

from bot.analysis.model import CaseId, RepositoryId
from bot.errors import NotFoundError
from bot.store.database import Session
from bot.store.tables.results import cases


@dataclass(frozen=True, slots=True)
class Case:
    """A case as people name it."""

    id: CaseId
    repository_id: RepositoryId
    uid: str
    title: str
    first_seen_at: datetime
    file: str


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
    return list_current(session, [case_id]).get(case_id)


def list_current(session: Session, case_ids: Iterable[CaseId]) -> dict[CaseId, Case]:
    """The cases of these numbers in whichever repository; of one that was renamed, the case it goes on under."""
    rows = session.execute(
        sa.select(_named.c.id, *_CASE.selected_columns)
        .join_from(_named, cases, _IS_NAMED_SO)
        .where(_named.c.id == sa.any_(sa.bindparam("case_ids", list(case_ids), type_=ARRAY(sa.Integer))))
    )
    return {CaseId(row[0]): Case(CaseId(row[1]), RepositoryId(row[2]), *row[3:]) for row in rows}


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
    first_seen_at: datetime = session.execute(
        sa.select(sa.func.min(cases.c.first_seen_at)).where(
            cases.c.repository_id == repository_id,
            cases.c.id == sa.any_(sa.bindparam("case_ids", list(case_ids), type_=ARRAY(sa.Integer))),
        )
    ).scalar_one()
    return first_seen_at


def count(session: Session, repository_ids: Collection[RepositoryId]) -> dict[RepositoryId, int]:
    """How many cases each repository has; former names are not counted."""
    rows = session.execute(
        sa.select(cases.c.repository_id, sa.func.count())
        .where(cases.c.repository_id.in_(list(repository_ids)), cases.c.renamed_into.is_(None))
        .group_by(cases.c.repository_id)
    )
    return dict.fromkeys(repository_ids, 0) | {RepositoryId(row[0]): row[1] for row in rows}


_CASE = sa.select(cases.c.id, cases.c.repository_id, cases.c.uid, cases.c.title, cases.c.first_seen_at, cases.c.file)
_named = cases.alias("named")
_IS_NAMED_SO = sa.and_(
    _named.c.repository_id == cases.c.repository_id,
    sa.func.coalesce(_named.c.renamed_into, _named.c.id) == cases.c.id,
)
_FOLLOWED = _CASE.join(_named, _IS_NAMED_SO)


def _read_case(row: sa.Row[int, int, str, str, datetime, str]) -> Case:
    return Case(CaseId(row[0]), RepositoryId(row[1]), row[2], row[3], row[4], row[5])
