"""What all cases of a repository share: the usual number of failures, and the order of its commits."""

from __future__ import annotations

import hashlib
import struct
from collections import OrderedDict
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from bot.analysis.scoring.active import WINDOW, check_version
from bot.analysis.scoring.model import Floats, Model, breakage_branch, breakage_main

MEMORY_BRANCHES = 400  # as the published filter
MEMORY_POSITIONS = 4096
# ADR 9: reports list failures only if so few results are passes, after so many results or executions.
LISTED_RESULTS = 20
LISTED_EXECUTIONS = 3
LISTED_PASSES = 0.02
_HEAD = struct.Struct("<BiidiqIII")
_PAIR = struct.Struct("<Qi")
_BRANCH = struct.Struct("<QiQqi")
_VARIANT = struct.Struct("<Qiqq")
_ROW = struct.Struct("<BqI")


def digest(*parts: str) -> int:
    """A 64-bit hash of names, the same on every machine."""
    return int.from_bytes(
        hashlib.blake2b("\0".join(parts).encode(errors="surrogatepass"), digest_size=8).digest(), "little"
    )


def branch_key(branch: str) -> int:
    """The key of a branch."""
    return digest(branch)


@dataclass(frozen=True, slots=True)
class Push:
    """A commit of a branch: the branch's key, which branch of that name it is, and how many commits it has had.

    `base` is the main position the branch began at or before. `forgotten` is the key of a branch dropped for it.
    """

    key: int
    birth: int
    commits: int
    base: int
    forgotten: int | None


class VariantMemory:
    """The latest executions of a variant, and how many results and passes it has had."""

    __slots__ = ("commits", "executions", "passes", "results")

    def __init__(self) -> None:
        self.executions = 0
        self.results = 0
        self.passes = 0
        self.commits = np.zeros(WINDOW, dtype=np.uint64)

    @property
    def lists_failures_only(self) -> bool:
        """Whether the reports of the variant seem to omit passing cases."""
        enough = self.results >= LISTED_RESULTS or self.executions >= LISTED_EXECUTIONS
        return enough and self.passes <= LISTED_PASSES * self.results

    def execute(self, commit: int) -> tuple[int, NDArray[np.uint8]]:
        """Record an execution; returns its number, and the earlier ones of the same commit as bits."""
        same = self.commits == np.uint64(commit)
        number = self.executions
        same[number % WINDOW] = False
        self.commits[number % WINDOW] = commit
        self.executions += 1
        return number, np.packbits(same, bitorder="little")


class BranchBeliefs:
    """The chain of one branch for the cases of one variant that failed there.

    `case_ids` are ascending; `commits` is how many of the branch ran each; `bad` has shape (hypotheses, cases).
    """

    __slots__ = ("bad", "birth", "case_ids", "commits")

    def __init__(self, birth: int, case_ids: NDArray[np.int32], commits: NDArray[np.int32], bad: Floats) -> None:
        self.birth = birth
        self.case_ids = case_ids
        self.commits = commits
        self.bad = bad

    @classmethod
    def empty(cls, birth: int, hypotheses: int) -> Self:
        """The chain of a branch on which nothing failed yet."""
        return cls(birth, np.empty(0, dtype=np.int32), np.empty(0, dtype=np.int32), np.empty((hypotheses, 0)))

    def put(self, case_ids: NDArray[np.int32], commits: int, bad: Floats) -> None:
        """Set the beliefs of cases, ascending."""
        others = np.isin(self.case_ids, case_ids, invert=True)
        ids = np.concatenate([self.case_ids[others], case_ids])
        order = np.argsort(ids, kind="stable")
        self.case_ids = ids[order]
        seen = np.full(len(case_ids), commits, dtype=np.int32)
        self.commits = np.concatenate([self.commits[others], seen])[order]
        self.bad = np.concatenate([self.bad[:, others], bad], axis=1)[:, order]

    def to_bytes(self, version: int) -> bytes:
        """The packed beliefs."""
        head = _ROW.pack(version, self.birth, len(self.case_ids))
        return head + self.case_ids.tobytes() + self.commits.tobytes() + np.ascontiguousarray(self.bad).tobytes()

    @classmethod
    def from_bytes(cls, data: bytes, model: Model) -> Self:
        """The beliefs that `to_bytes` packed.

        Raises:
            FlakeGuardError: they are of another model.
        """
        check_version(data[0] if data else None, model.version)
        _, birth, count = _ROW.unpack_from(data)
        start, hypotheses = _ROW.size, len(model.hypotheses)
        case_ids = np.frombuffer(data, np.int32, count, start)
        commits = np.frombuffer(data, np.int32, count, start + 4 * count)
        bad = np.frombuffer(data, np.float64, count * hypotheses, start + 8 * count).reshape(hypotheses, count)
        return cls(birth, case_ids, commits, bad)


class RepositoryMemory:
    """The state of a repository as a whole.

    `keys` is the number of (case, variant) the model assumes, `seen` how many there are (ADR 8).
    """

    __slots__ = ("background", "births", "branches", "keys", "newest", "positions", "seen", "variants")

    def __init__(self, keys: int) -> None:
        self.keys = keys
        self.seen = 0
        self.background = 0.0
        self.newest = 0
        self.births = 0
        self.positions: OrderedDict[int, int] = OrderedDict()
        self.branches: OrderedDict[int, tuple[int, int, int, int]] = OrderedDict()
        self.variants: dict[int, VariantMemory] = {}

    @property
    def is_outgrown(self) -> bool:
        """Whether the number of keys makes a breakage less than half or over twice as likely as assumed (ADR 8)."""
        ratios = (rate(self.seen) / rate(self.keys) for rate in (breakage_main, breakage_branch))
        return any(not 0.5 <= ratio <= 2 for ratio in ratios)  # noqa: PLR2004

    def position(self, sha: str) -> int:
        """The main position of a commit; a new one becomes the newest."""
        key = digest(sha)
        if key not in self.positions:
            self.newest += 1
            self.positions[key] = self.newest
            if len(self.positions) > MEMORY_POSITIONS:
                self.positions.popitem(last=False)
        return self.positions[key]

    def push(self, branch: str, sha: str) -> Push:
        """Record a commit of a branch; a branch that was dropped starts again."""
        key, commit = branch_key(branch), digest(sha)
        known = self.branches.pop(key, None)
        if known is None:
            self.births += 1
            known = (0, 0, self.births, self.newest)
        count, last, birth, base = known
        if last != commit:
            count += 1
        self.branches[key] = (count, commit, birth, base)
        forgotten = self.branches.popitem(last=False)[0] if len(self.branches) > MEMORY_BRANCHES else None
        return Push(key, birth, count, base, forgotten)

    def variant(self, name: str) -> VariantMemory:
        """The memory of a variant."""
        return self.variants.setdefault(digest(name), VariantMemory())

    def to_bytes(self, version: int) -> bytes:
        """The packed memory."""
        sizes = (len(self.positions), len(self.branches), len(self.variants))
        head = _HEAD.pack(version, self.keys, self.seen, self.background, self.newest, self.births, *sizes)
        return b"".join(
            [
                head,
                *(_PAIR.pack(*item) for item in self.positions.items()),
                *(_BRANCH.pack(key, *value) for key, value in self.branches.items()),
                *(
                    _VARIANT.pack(key, variant.executions, variant.results, variant.passes) + variant.commits.tobytes()
                    for key, variant in self.variants.items()
                ),
            ]
        )

    @classmethod
    def from_bytes(cls, data: bytes, model: Model) -> Self:
        """The memory that `to_bytes` packed.

        Raises:
            FlakeGuardError: it is of another model.
        """
        check_version(data[0] if data else None, model.version)
        _, keys, seen, background, newest, births, positions, branches, variants = _HEAD.unpack_from(data)
        memory = cls(keys)
        memory.seen, memory.background, memory.newest, memory.births = seen, background, newest, births
        first = _HEAD.size + positions * _PAIR.size
        second = first + branches * _BRANCH.size
        memory.positions.update(_PAIR.iter_unpack(data[_HEAD.size : first]))
        memory.branches.update((key, value) for key, *value in _BRANCH.iter_unpack(data[first:second]))  # type: ignore[misc]
        start = second
        for _ in range(variants):
            key, executions, results, passes = _VARIANT.unpack_from(data, start)
            variant = memory.variants[key] = VariantMemory()
            variant.executions, variant.results, variant.passes = executions, results, passes
            variant.commits = np.frombuffer(data, np.uint64, WINDOW, start + _VARIANT.size).copy()
            start += _VARIANT.size + WINDOW * 8
        return memory
