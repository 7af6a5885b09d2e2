"""Kinds of failure: the text of each stored once, under its fingerprint."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from bot.analysis.model import FailureText, RepositoryId
from bot.store.database import Session
from bot.store.tables import fingerprints


def put(
    session: Session,
    repository_id: RepositoryId,
    found: Mapping[bytes, tuple[str, FailureText]],
    now: datetime,
) -> dict[bytes, int]:
    """Store fingerprints not seen before, each with its category and text; returns the number of every one."""
    if not found:
        return {}
    columns = (fingerprints.c.key, fingerprints.c.id)
    known_query = sa.select(*columns).where(
        fingerprints.c.repository_id == repository_id, fingerprints.c.key.in_(list(found))
    )
    known = {bytes(row[0]): int(row[1]) for row in session.execute(known_query)}
    rows = [
        {
            "repository_id": repository_id,
            "key": key,
            "category": category,
            "message": failure.message or failure.type,
            "text": failure.text,
            "first_seen_at": now,
        }
        for key, (category, failure) in sorted(found.items())
        if key not in known
    ]
    if rows:
        session.execute(insert(fingerprints).on_conflict_do_nothing(), rows)
        known = {bytes(row[0]): int(row[1]) for row in session.execute(known_query)}
    return known


def get_message(session: Session, repository_id: RepositoryId, fingerprint_id: int | None) -> str:
    """The message of a kind of failure; empty where there is none."""
    if fingerprint_id is None:
        return ""
    row = session.execute(
        sa.select(fingerprints.c.message).where(
            fingerprints.c.repository_id == repository_id, fingerprints.c.id == fingerprint_id
        )
    ).first()
    return row[0] if row else ""


def list_messages(
    session: Session, repository_id: RepositoryId, fingerprint_ids: Iterable[int]
) -> dict[int, tuple[str, str]]:
    """Message and category of kinds of failure."""
    rows = session.execute(
        sa.select(fingerprints.c.id, fingerprints.c.message, fingerprints.c.category).where(
            fingerprints.c.repository_id == repository_id,
            fingerprints.c.id == sa.any_(sa.bindparam("numbers", list(fingerprint_ids))),
        )
    )
    return {row[0]: (row[1], row[2]) for row in rows}
