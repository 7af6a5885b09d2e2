"""The kinds of the failures of a run: each known one found, each new one put in the cluster of those nearly like it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from bot.analysis.failures import similarity
from bot.analysis.failures.cause import Cause
from bot.analysis.failures.similarity import KnownKind
from bot.analysis.model import FailureText, RepositoryId
from bot.store.database import Session
from bot.store.runs import fingerprint as fingerprint_store


def number(
    session: Session, repository_id: RepositoryId, found: Mapping[bytes, tuple[Cause, FailureText]], now: datetime
) -> dict[bytes, int]:
    """The number of every fingerprint; those not seen before are stored, in order of their keys.

    The caller holds the repository's scorer, so that two runs never number one kind at once.
    """
    if not found:
        return {}
    numbers = fingerprint_store.find_numbers(session, repository_id, found)
    new = {
        key: fingerprint_store.Kind(cause, failure, similarity.sign(failure, cause.category))
        for key, (cause, failure) in sorted(found.items())
        if key not in numbers
    }
    bands = {band for kind in new.values() for band in kind.signature.bands}
    by_band: dict[int, list[KnownKind]] = {}
    for one in fingerprint_store.list_alike(session, repository_id, bands) if new else ():
        _index(by_band, one)
    for key, kind in new.items():
        near = {one.number: one for band in kind.signature.bands for one in by_band.get(band, ())}
        cluster = similarity.cluster_of(kind.signature, near.values())
        stored = fingerprint_store.insert(session, repository_id, key, kind, cluster, now)
        _index(by_band, stored)
        numbers[key] = stored.number
    return numbers


def _index(by_band: dict[int, list[KnownKind]], one: KnownKind) -> None:
    for band in one.signature.bands:
        by_band.setdefault(band, []).append(one)
