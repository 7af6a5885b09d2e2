"""Kinds of failure that are nearly the same, by the share of words and pairs of words they have in common.

The share (Jaccard's index) is estimated by min-hashing (Broder, On the resemblance and containment of documents, 1997):
the share of `HASHES` hash functions that have the same minimum over both sets, with a standard deviation of
sqrt(s (1 - s) / 64), at most .0625. The store looks kinds up by hashes of four minima (a band): two kinds that share
.65 of their words agree in a band in 96 of 100 cases, two that share .2 in 3 of 100.
"""

from __future__ import annotations

import hashlib
import re
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bot.analysis.failures import normalization, stack_trace
from bot.analysis.failures.cause import BROAD, Category
from bot.analysis.model import FailureText

HASHES: Final = 64
BAND: Final = 4
"""Minima in a band."""
ALIKE: Final = 0.65
"""Kinds that share so much are one cluster: another value or one more sentence leaves more in common, another message
with the same frames less."""
_WORDS: Final = 300
_MESSAGE_LENGTH: Final = 2000
_WORD: Final = re.compile(r"[\w<>.]+|[^\w\s]")
_BAND: Final = struct.Struct(f"<I{BAND}I")
_PACKED: Final = struct.Struct(f"<{HASHES}I")


def _multipliers() -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    """The constants of the hash functions: never change them, signatures are stored."""
    numbers = np.frombuffer(hashlib.shake_128(b"flakeguard likeness 1").digest(16 * HASHES), dtype="<u8")
    return numbers[:HASHES, None] | np.uint64(1), numbers[HASHES:, None]


_FACTORS, _SUMMANDS = _multipliers()  # multiply-shift, 64 bits in, 32 out (Dietzfelbinger et al., 1997)


@dataclass(frozen=True, slots=True)
class Signature:
    """The minima of a kind of failure, 64 of 32 bits; kinds with the same words are equal."""

    minima: tuple[int, ...]

    @property
    def bands(self) -> tuple[int, ...]:
        """A signed 64-bit number for each band; kinds that share none are never compared."""
        packed = (_BAND.pack(start, *self.minima[start : start + BAND]) for start in range(0, HASHES, BAND))
        hashes = (hashlib.blake2b(band, digest_size=8).digest() for band in packed)
        return tuple(int.from_bytes(band, "little", signed=True) for band in hashes)

    def to_bytes(self) -> bytes:
        """The signature as it is stored, 256 bytes."""
        return _PACKED.pack(*self.minima)

    @classmethod
    def from_bytes(cls, stored: bytes) -> Signature:
        """The signature that was stored."""
        return cls(_PACKED.unpack(stored))

    def similarity(self, other: Signature) -> float:
        """The estimated share of words in common, 0 to 1."""
        return sum(mine == theirs for mine, theirs in zip(self.minima, other.minima, strict=True)) / HASHES


@dataclass(frozen=True, slots=True)
class KnownKind:
    """A stored kind of failure, with its cluster."""

    number: int
    cluster: int
    signature: Signature


def sign(failure: FailureText, category: Category) -> Signature:
    """The signature of a failure's type, its message without values, and its top frames.

    In a broad category the frames weigh as much as the words: every other test says "expected 2 but was 3".
    """
    words = [
        *_WORD.findall(normalization.without_values(failure.type))[:_WORDS],
        *_WORD.findall(normalization.without_values(normalization.message(failure)[:_MESSAGE_LENGTH]))[:_WORDS],
    ]
    shingles = {*words, *map(" ".join, pairwise(words))}
    positions = [normalization.normalise(str(frame)) for frame in stack_trace.top(failure.text)]
    weight = -(-len(shingles) // len(positions)) if positions and category in BROAD else 1
    shingles |= {f"{position}#{number}" for position in positions for number in range(weight)}
    shingles = shingles or {""}
    hashed = np.frombuffer(
        b"".join(hashlib.blake2b(shingle.encode("utf-8", "replace"), digest_size=8).digest() for shingle in shingles),
        dtype="<u8",
    )
    minima = ((_FACTORS * hashed + _SUMMANDS) >> np.uint64(32)).min(axis=1)
    return Signature(tuple(minima.tolist()))


def cluster_of(signature: Signature, known: Iterable[KnownKind]) -> int | None:
    """The cluster of the most similar kind, the oldest of several; None if none is similar enough."""
    best = max(known, key=lambda kind: (signature.similarity(kind.signature), -kind.number), default=None)
    if best is None or signature.similarity(best.signature) < ALIKE:
        return None
    return best.cluster
