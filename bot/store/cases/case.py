"""Cases, by number, published id and title."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import aggregate_order_by

from bot.analysis.model import CaseId, RepositoryId
from bot.store import record
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
    query = _FOLLOWED.where(NAMED.c.repository_id == repository_id, NAMED.c.id == case_id)
    return record.get(session, Case, query, "This test is not known any more.")


def find(session: Session, case_id: CaseId) -> Case | None:
    """The case of this number, in whichever repository it is, or that goes on under another since it was renamed."""
    return list_current(session, [case_id]).get(case_id)


def list_current(session: Session, case_ids: Iterable[CaseId]) -> dict[CaseId, Case]:
    """The cases of these numbers in whichever repository; of one that was renamed, the case it goes on under."""
    rows = session.execute(
        sa.select(NAMED.c.id, *COLUMNS).join_from(NAMED, cases, GOES_ON).where(record.is_any(NAMED.c.id, case_ids))
    )
    return {row[0]: Case(*row[1:]) for row in rows}


def list_by_uid(session: Session, repository_ids: Sequence[RepositoryId], uid: str) -> list[Case]:
    """The cases of this published id, which may be that of a name they had or have since."""
    query = _FOLLOWED.where(NAMED.c.repository_id.in_(repository_ids), NAMED.c.uid == uid).distinct()
    return record.list_all(session, Case, query)


def list_by_id(session: Session, repository_ids: Sequence[RepositoryId], case_ids: Sequence[CaseId]) -> list[Case]:
    """The cases of these numbers, as far as they belong to these repositories."""
    query = sa.select(*COLUMNS).where(cases.c.repository_id.in_(repository_ids), record.is_any(cases.c.id, case_ids))
    return record.list_all(session, Case, query)


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


def newest_ids(session: Session, repository_ids: Collection[RepositoryId]) -> dict[RepositoryId, int]:
    """The highest number of a case in each repository; those without any are left out."""
    query = sa.select(cases.c.repository_id, sa.func.max(cases.c.id)).group_by(cases.c.repository_id)
    rows = session.execute(query.where(cases.c.repository_id.in_(repository_ids)))
    return {RepositoryId(row[0]): row[1] for row in rows}


def first_seen(session: Session, repository_id: RepositoryId, case_ids: Iterable[CaseId]) -> datetime:
    """When the first of some cases was seen first; they are known."""
    first_seen_at: datetime = session.execute(
        sa.select(sa.func.min(cases.c.first_seen_at)).where(
            cases.c.repository_id == repository_id, record.is_any(cases.c.id, case_ids)
        )
    ).scalar_one()
    return first_seen_at


def count(session: Session, repository_ids: Collection[RepositoryId]) -> dict[RepositoryId, int]:
    """How many cases each repository has; former names are not counted."""
    rows = session.execute(
        sa.select(cases.c.repository_id, sa.func.count())
        .where(cases.c.repository_id.in_(repository_ids), cases.c.renamed_into.is_(None))
        .group_by(cases.c.repository_id)
    )
    return dict.fromkeys(repository_ids, 0) | {row[0]: row[1] for row in rows}


COLUMNS = record.columns(cases, Case)
NAMED = cases.alias("named")
"""Cases under the name by which they are asked for, which may be a former one."""
GOES_ON = sa.and_(
    NAMED.c.repository_id == cases.c.repository_id,
    sa.func.coalesce(NAMED.c.renamed_into, NAMED.c.id) == cases.c.id,
)
_FOLLOWED = sa.select(*COLUMNS).join(NAMED, GOES_ON)
