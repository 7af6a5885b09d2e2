"""The case of an identity, by its key: under its present name or a former one. New cases are added."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from bot.analysis.model import CaseId, Identity, RepositoryId
from bot.store import record
from bot.store.database import Session
from bot.store.tables.results import cases


def put(
    session: Session, repository_id: RepositoryId, identities: Iterable[Identity], now: datetime
) -> dict[bytes, CaseId]:
    """The number of every identity: a new one for those not seen before, for a former name that of its case.

    If a run has a case under two of its names, they are two tests after all, and one becomes a case of its own.
    """
    wanted = {identity.key: identity for identity in identities}
    if not wanted:
        return {}
    known = _find_numbers(session, repository_id, wanted)
    new = [identity for key, identity in sorted(wanted.items()) if key not in known]
    if new:
        _insert(session, repository_id, new, now)
        known = _find_numbers(session, repository_id, wanted)
    return _separate(session, repository_id, known, now)


def _separate(
    session: Session, repository_id: RepositoryId, known: Mapping[bytes, tuple[CaseId, CaseId | None]], now: datetime
) -> dict[bytes, CaseId]:
    """One number per key: of several names of one case in one run, the present or else the newest keeps the case."""
    names: dict[CaseId, list[tuple[bool, CaseId, bytes]]] = {}
    for key, (number, former) in known.items():
        names.setdefault(former or number, []).append((former is None, number, key))
    numbers: dict[bytes, CaseId] = {}
    freed: list[CaseId] = []
    for case_id, candidates in names.items():
        *others, kept = sorted(candidates)
        numbers[kept[2]] = case_id
        for _, number, key in others:
            numbers[key] = number
            freed.append(number)
    if freed:
        session.execute(
            sa.update(cases)
            .where(cases.c.repository_id == repository_id, cases.c.id.in_(freed))
            .values(renamed_into=None, first_seen_at=now)
        )
    return numbers


def _find_numbers(
    session: Session, repository_id: RepositoryId, keys: Iterable[bytes]
) -> dict[bytes, tuple[CaseId, CaseId | None]]:
    """The number of each known key, and of the case it is a former name of."""
    query = sa.select(cases.c.key, cases.c.id, cases.c.renamed_into).where(
        cases.c.repository_id == repository_id, record.is_any(cases.c.key, keys)
    )
    return {
        bytes(row[0]): (CaseId(row[1]), None if row[2] is None else CaseId(row[2])) for row in session.execute(query)
    }


def _insert(session: Session, repository_id: RepositoryId, new: Sequence[Identity], now: datetime) -> None:
    """Store cases; the first to have a short id keeps it, another whose short id is the same has the long one."""
    uids = [identity.uid for identity in new]
    taken = set(
        session.execute(
            sa.select(cases.c.uid).where(cases.c.repository_id == repository_id, record.is_any(cases.c.uid, uids))
        ).scalars()
    )
    rows = []
    for identity in new:
        uid = identity.long_uid if identity.uid in taken else identity.uid
        taken.add(uid)
        rows.append(
            {
                **identity._asdict(),
                "repository_id": repository_id,
                "uid": uid,
                "title": identity.title,
                "first_seen_at": now,
            }
        )
    session.execute(insert(cases).on_conflict_do_nothing(), rows)
