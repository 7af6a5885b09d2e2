"""Kinds of failure: the text of each stored once, under its fingerprint."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from bot.analysis.failures.cause import Cause
from bot.analysis.failures.similarity import KnownKind, Signature
from bot.analysis.model import FailureText, RepositoryId
from bot.store import record
from bot.store.database import Session
from bot.store.tables.results import fingerprints


@dataclass(frozen=True, slots=True)
class NewFingerprint:
    """A kind of failure to store: its likely cause, the text it was first seen with, and what it is compared by."""

    cause: Cause
    failure: FailureText
    signature: Signature


def find_numbers(session: Session, repository_id: RepositoryId, keys: Iterable[bytes]) -> dict[bytes, int]:
    """The number of every fingerprint that is known."""
    query = sa.select(fingerprints.c.key, fingerprints.c.id).where(
        fingerprints.c.repository_id == repository_id, record.is_any(fingerprints.c.key, keys)
    )
    return {bytes(row[0]): int(row[1]) for row in session.execute(query)}


def list_alike(session: Session, repository_id: RepositoryId, bands: Collection[int]) -> list[KnownKind]:
    """The kinds of failure that share a band with any of these, and may be alike."""
    query = sa.select(fingerprints.c.id, fingerprints.c.cluster_id, fingerprints.c.signature).where(
        fingerprints.c.repository_id == repository_id,
        fingerprints.c.bands.overlap(sa.cast(list(bands), ARRAY(sa.BigInteger))),
    )
    return [KnownKind(row[0], row[1], Signature.from_bytes(row[2])) for row in session.execute(query)]


def insert(
    session: Session, repository_id: RepositoryId, kinds: Mapping[bytes, NewFingerprint], now: datetime
) -> dict[bytes, int]:
    """Store kinds of failure by their fingerprints, in no cluster yet; returns their numbers, in ascending order."""
    if not kinds:
        return {}
    numbers = session.execute(
        sa.insert(fingerprints).returning(fingerprints.c.id, sort_by_parameter_order=True),
        [
            {
                "repository_id": repository_id,
                "key": key,
                "category": kind.cause.category.value,
                "evidence": kind.cause.evidence,
                "message": kind.failure.message or kind.failure.type,
                "text": kind.failure.text,
                "signature": kind.signature.to_bytes(),
                "bands": list(kind.signature.bands),
                "first_seen_at": now,
            }
            for key, kind in kinds.items()
        ],
    ).scalars()
    return dict(zip(kinds, numbers, strict=True))


def set_clusters(session: Session, repository_id: RepositoryId, clusters: Mapping[int, int]) -> None:
    """Put kinds of failure in clusters, by number; a cluster has the number of its first kind."""
    if clusters:
        session.execute(
            sa.update(fingerprints)
            .where(fingerprints.c.repository_id == repository_id, fingerprints.c.id == sa.bindparam("number"))
            .values(cluster_id=sa.bindparam("cluster")),
            [{"number": number, "cluster": cluster} for number, cluster in clusters.items()],
        )


def list_messages(
    session: Session, repository_id: RepositoryId, fingerprint_ids: Iterable[int]
) -> dict[int, tuple[str, str]]:
    """Message and category of kinds of failure."""
    query = sa.select(fingerprints.c.id, fingerprints.c.message, fingerprints.c.category).where(
        fingerprints.c.repository_id == repository_id, record.is_any(fingerprints.c.id, fingerprint_ids)
    )
    return {row[0]: (row[1], row[2]) for row in session.execute(query)}
