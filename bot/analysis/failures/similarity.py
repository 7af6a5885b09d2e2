"""Kinds of failure that are nearly the same: told by the share of the words and pairs of words they have in common.

The share (Jaccard's index) is estimated by min-hashing (Broder, On the resemblance and containment of documents, 1997):
of `HASHES` hash functions, the share that has the same minimum over both sets, with a standard deviation of
sqrt(s (1 - s) / 64), at most .0625. The minima in bands of four, hashed, are what a store is asked for: two kinds that
share .65 of their words agree in a band in 96 of 100 cases, two that share .2 in 3 of 100.
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

from bot.analysis.failures import frame as frames
from bot.analysis.failures import normalization
from bot.analysis.failures.cause import BROAD, Category
from bot.analysis.model import FailureText

HASHES: Final = 64
BAND: Final = 4
"""Minima in a band."""
ALIKE: Final = 0.65
"""Kinds that share as much are one cluster: a different value or a further sentence leaves more in common, another
message with the same frames less."""
_WORDS: Final = 300
_MESSAGE_LENGTH: Final = 2000
_WORD: Final = re.compile(r"[\w<>.]+|[^\w\s]")
_PACKED: Final = struct.Struct(f"<{HASHES}I")


def _multipliers() -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    """The constants of the hash functions: fixed for ever, for signatures are stored."""
    made = np.frombuffer(hashlib.shake_128(b"flakeguard likeness 1").digest(16 * HASHES), dtype="<u8")
    return made[:HASHES, None] | np.uint64(1), made[HASHES:, None]


_FACTORS, _SUMMANDS = _multipliers()  # multiply-shift, 64 bits in, 32 out (Dietzfelbinger et al., 1997)


@dataclass(frozen=True, slots=True)
class Signature:
    """The minima of a kind of failure, 64 of 32 bits; kinds with the same words have the same."""

    minima: tuple[int, ...]

    @property
    def bands(self) -> tuple[int, ...]:
        """A signed number of 64 bits for each band; kinds that share none are never compared."""
        return tuple(
            int.from_bytes(
                hashlib.blake2b(struct.pack(f"<I{BAND}I", at, *self.minima[at : at + BAND]), digest_size=8).digest(),
                "little",
                signed=True,
            )
            for at in range(0, HASHES, BAND)
        )

    def to_bytes(self) -> bytes:
        """The signature as it is stored, 256 bytes."""
        return _PACKED.pack(*self.minima)

    @classmethod
    def from_bytes(cls, stored: bytes) -> Signature:
        """The signature that was stored."""
        return cls(_PACKED.unpack(stored))

    def likeness(self, other: Signature) -> float:
        """The estimated share of what both say that they have in common, 0 to 1."""
        return sum(mine == theirs for mine, theirs in zip(self.minima, other.minima, strict=True)) / HASHES


@dataclass(frozen=True, slots=True)
class Known:
    """A kind of failure that has a cluster."""

    number: int
    cluster: int
    signature: Signature


def sign(failure: FailureText, category: Category) -> Signature:
    """The signature of a failure: of its type, its message without values, and its top frames.

    Where the category says no more than that something was wrong, the frames weigh as much as the words: every other
    test says "expected 2 but was 3".
    """
    told = normalization.told(failure)
    words = [
        *_WORD.findall(normalization.without_values(failure.type))[:_WORDS],
        *_WORD.findall(normalization.without_values(told[:_MESSAGE_LENGTH]))[:_WORDS],
    ]
    shingles = {*words, *(f"{one} {two}" for one, two in pairwise(words))}
    positions = [normalization.normalise(str(frame)) for frame in frames.top(failure.text)]
    weight = -(-len(shingles) // len(positions)) if positions and category in BROAD else 1
    shingles |= {f"{position}#{number}" for position in positions for number in range(weight)}
    shingles = shingles or {""}
    hashed = np.frombuffer(
        b"".join(hashlib.blake2b(one.encode("utf-8", "replace"), digest_size=8).digest() for one in shingles),
        dtype="<u8",
    )
    minima = ((_FACTORS * hashed + _SUMMANDS) >> np.uint64(32)).min(axis=1)
    return Signature(tuple(minima.tolist()))


def cluster_of(signature: Signature, known: Iterable[Known]) -> int | None:
    """The cluster of the most alike of known kinds, the oldest of these where several are; None where none is alike."""
    best = max(known, key=lambda one: (signature.likeness(one.signature), -one.number), default=None)
    if best is None or signature.likeness(best.signature) < ALIKE:
        return None
    return best.cluster
