"""The kinds of the failures of a run: known ones are found, new ones join the cluster of those most like them."""

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
    session: Session, repository_id: RepositoryId, kinds: Mapping[bytes, tuple[Cause, FailureText]], now: datetime
) -> dict[bytes, int]:
    """The number of every kind of failure, by its fingerprint; those not seen before are stored, in order of that.

    The caller has locked the repository's scorer, so that two runs never number one kind at the same time.
    """
    if not kinds:
        return {}
    known = fingerprint_store.find_numbers(session, repository_id, kinds)
    new = {
        key: fingerprint_store.NewFingerprint(cause, failure, similarity.sign(failure, cause.category))
        for key, (cause, failure) in sorted(kinds.items())
        if key not in known
    }
    if not new:
        return known
    bands = {band for kind in new.values() for band in kind.signature.bands}
    by_band: dict[int, list[KnownKind]] = {}
    for alike in fingerprint_store.list_alike(session, repository_id, bands):
        _index(by_band, alike)
    numbers = fingerprint_store.insert(session, repository_id, new, now)
    clusters: dict[int, int] = {}
    for key, kind in new.items():
        near = {one.number: one for band in kind.signature.bands for one in by_band.get(band, ())}
        cluster = similarity.cluster_of(kind.signature, near.values()) or numbers[key]
        clusters[numbers[key]] = cluster
        _index(by_band, KnownKind(numbers[key], cluster, kind.signature))
    fingerprint_store.set_clusters(session, repository_id, clusters)
    return known | numbers


def _index(by_band: dict[int, list[KnownKind]], kind: KnownKind) -> None:
    for band in kind.signature.bands:
        by_band.setdefault(band, []).append(kind)
