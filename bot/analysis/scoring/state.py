"""What the filter remembers: of a repository as a whole, and of every case that ever failed."""

from __future__ import annotations

import hashlib
import struct
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from bot.analysis.scoring.constants import (
    MEMORY_BRANCHES,
    MEMORY_COMMITS,
    MEMORY_EXECUTED,
    MEMORY_POSITIONS,
    MODEL_VERSION,
)
from bot.errors import FlakeGuardError

Floats = NDArray[np.float64]

RECORD = np.dtype(
    [
        ("w", "<f8", 13),
        ("bad", "<f8", 13),
        ("bad_before", "<f8", 13),
        ("pred", "<f8"),
        ("mass", "<f8", 3),
        ("failed_at", "<f8"),
        ("last", "<i4"),
        ("runs", "<i4"),
        ("failures", "<i4"),
        ("outside", "<i4"),
        ("mixed", "<i4"),
        ("episodes", "<i4"),
        ("calm", "<i4"),
    ]
)
"""One active case: beliefs over the grid, then masses (flaky, broken, infra), times and counters.

`last` is the main position it was last seen at, `outside` counts failing executions outside outages,
`mixed` commits with both outcomes, `episodes` breakages on main, `calm` is 1 once E[bad] was below .2.
"""

PASSED, FAILED, COUNTED = 1, 2, 4
_COMMIT = struct.Struct("<QB")
_BRANCH = struct.Struct("<Qi13d")
_COUNTS = struct.Struct("<HH")
_HEAD = struct.Struct("<BdiIII")
_PAIR = struct.Struct("<Qi")
_TRIPLE = struct.Struct("<QiQ")


def digest(*parts: str) -> int:
    """A 64-bit hash of names, the same on every machine."""
    return int.from_bytes(hashlib.blake2b("\0".join(parts).encode(), digest_size=8).digest(), "little")


def _check_version(data: bytes) -> None:
    """Refuse a state of another model: read as this one's it would be nonsense."""
    if data[:1] != bytes([MODEL_VERSION]):
        found = data[0] if data else "nothing"
        message = f"The stored state is of scoring model {found}, not {MODEL_VERSION}: rebuild it from the stored runs."
        raise FlakeGuardError(message)


@dataclass(slots=True)
class BranchRow:
    """The chain of one branch for one case: pushes seen so far, and the belief that the code is bad."""

    commits: int
    bad: Floats


class ActiveCases:
    """The cases of one variant that ever failed: records, and what varies in length, aligned by position."""

    __slots__ = ("branches", "case_ids", "commits", "records")

    def __init__(
        self,
        case_ids: NDArray[np.int32],
        records: np.ndarray[tuple[int], np.dtype[np.void]],
        commits: list[dict[int, int]],
        branches: list[dict[int, BranchRow]],
    ) -> None:
        self.case_ids = case_ids
        self.records = records
        self.commits = commits
        self.branches = branches

    @classmethod
    def empty(cls) -> Self:
        """No case at all."""
        return cls(np.empty(0, dtype=np.int32), np.zeros(0, dtype=RECORD), [], [])

    @classmethod
    def from_rows(cls, rows: Iterable[tuple[int, bytes]]) -> Self:
        """Read cases as `to_rows` wrote them."""
        ordered = sorted(rows)
        for _, row in ordered:
            _check_version(row)
        records = np.frombuffer(b"".join(row[1 : 1 + RECORD.itemsize] for _, row in ordered), dtype=RECORD).copy()
        commits: list[dict[int, int]] = []
        branches: list[dict[int, BranchRow]] = []
        for _, row in ordered:
            at = 1 + RECORD.itemsize
            n_commits, n_branches = _COUNTS.unpack_from(row, at)
            at += _COUNTS.size
            end = at + n_commits * _COMMIT.size
            commits.append(dict(_COMMIT.iter_unpack(row[at:end])))
            branches.append(
                {
                    one[0]: BranchRow(one[1], np.array(one[2:]))
                    for one in _BRANCH.iter_unpack(row[end : end + n_branches * _BRANCH.size])
                }
            )
        return cls(np.array([case for case, _ in ordered], dtype=np.int32), records, commits, branches)

    def to_rows(self) -> list[tuple[int, bytes]]:
        """Every case with its state, packed."""
        rows = []
        for index, case_id in enumerate(self.case_ids.tolist()):
            commits, branches = self.commits[index], self.branches[index]
            parts = [bytes([MODEL_VERSION]), self.records[index].tobytes(), _COUNTS.pack(len(commits), len(branches))]
            parts += [_COMMIT.pack(commit, bits) for commit, bits in commits.items()]
            parts += [_BRANCH.pack(branch, row.commits, *row.bad) for branch, row in branches.items()]
            rows.append((case_id, b"".join(parts)))
        return rows

    def take(self, positions: Sequence[int] | NDArray[np.int_]) -> ActiveCases:
        """The cases at these positions, sharing what varies in length."""
        chosen = np.asarray(positions, dtype=np.int_)
        return ActiveCases(
            self.case_ids[chosen],
            self.records[chosen],
            [self.commits[index] for index in chosen.tolist()],
            [self.branches[index] for index in chosen.tolist()],
        )

    def remember_all(self, commit: int, seen: Sequence[int]) -> None:
        """Note what every case was seen to do at a commit: PASSED, FAILED, both, or 0 for nothing."""
        for index, (commits, bits) in enumerate(zip(self.commits, seen, strict=True)):
            if commits.get(commit, 0) & bits != bits:
                self.remember(index, commit, bits)

    def remember(self, index: int, commit: int, bits: int) -> None:
        """Note an outcome at a commit; a commit that has seen both is counted as mixed, once."""
        commits = self.commits[index]
        known = commits.get(commit, 0)
        now = known | bits
        if now & (PASSED | FAILED) == PASSED | FAILED and not now & COUNTED:
            now |= COUNTED
            self.records["mixed"][index] += 1
        commits[commit] = now
        if len(commits) > MEMORY_COMMITS:
            del commits[next(iter(commits))]


class RepositoryState:
    """What all cases of a repository share: the usual number of failures, and where its commits stand."""

    __slots__ = ("background", "branches", "executed", "newest", "positions")

    def __init__(self) -> None:
        self.background = 0.0
        self.newest = 0
        self.positions: OrderedDict[int, int] = OrderedDict()
        self.branches: OrderedDict[int, tuple[int, int]] = OrderedDict()
        self.executed: OrderedDict[int, int] = OrderedDict()

    @classmethod
    def new(cls) -> Self:
        """A repository of which nothing is known."""
        return cls()

    def position(self, sha: str) -> int:
        """The main position of a commit; one not seen before is the newest."""
        key = digest(sha)
        if key not in self.positions:
            self.newest += 1
            self.positions[key] = self.newest
            if len(self.positions) > MEMORY_POSITIONS:
                self.positions.popitem(last=False)
        return self.positions[key]

    def push(self, branch: str, sha: str) -> tuple[int, int]:
        """Note a commit of a branch; returns the branch's hash and how many commits of it were seen."""
        key, commit = digest(branch), digest(sha)
        count, last = self.branches.pop(key, (0, 0))
        if last != commit:
            count += 1
        self.branches[key] = (count, commit)
        if len(self.branches) > MEMORY_BRANCHES:
            self.branches.popitem(last=False)
        return key, count

    def execute(self, commit: int) -> bool:
        """Note that a commit was executed; whether it had been before."""
        known = commit in self.executed
        self.executed[commit] = 1
        if len(self.executed) > MEMORY_EXECUTED:
            self.executed.popitem(last=False)
        return known

    def to_bytes(self) -> bytes:
        """The state, packed."""
        head = _HEAD.pack(
            MODEL_VERSION, self.background, self.newest, len(self.positions), len(self.branches), len(self.executed)
        )
        return b"".join(
            [
                head,
                *(_PAIR.pack(*item) for item in self.positions.items()),
                *(_TRIPLE.pack(key, *value) for key, value in self.branches.items()),
                *(_PAIR.pack(*item) for item in self.executed.items()),
            ]
        )

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """The state `to_bytes` packed."""
        state = cls()
        _check_version(data)
        _, state.background, state.newest, positions, branches, executed = _HEAD.unpack_from(data)
        first = _HEAD.size + positions * _PAIR.size
        second = first + branches * _TRIPLE.size
        state.positions.update(_PAIR.iter_unpack(data[_HEAD.size : first]))
        state.branches.update((key, (count, last)) for key, count, last in _TRIPLE.iter_unpack(data[first:second]))
        state.executed.update(_PAIR.iter_unpack(data[second : second + executed * _PAIR.size]))
        return state
