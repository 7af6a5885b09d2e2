"""Which cases that vanished are which cases that appeared: a test that was moved or renamed keeps its history.

Two ways, each by a unique best match on both sides: the same name in another file or class, and a near name at the same
place among the tests of one file. Whoever calls makes sure that the two runs compared are whole, that they follow one
another, and that no run ever had both.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Final

from bot.analysis.model import CaseId

NEAR: Final = 0.7
"""How much of two names has to agree, as difflib's ratio over what is left of them without `test`."""
_MARGIN: Final = 0.05
_MOST: Final = 40
"""Cases of one name that are compared with each other; of more than these only those of one class and file name."""
_COMPARED: Final = 200


@dataclass(frozen=True, slots=True)
class Named:
    """A case by the parts of its name."""

    id: CaseId
    file: str
    class_name: str
    name: str
    scope: str
    title: str

    @property
    def home(self) -> tuple[str, str, str]:
        """Where it stands: the file, the class and what else tells it from others."""
        return self.file, self.class_name, self.scope


@dataclass(frozen=True, slots=True)
class Rename:
    """A case that goes on under the name of another."""

    old: Named
    new: Named


def match(
    vanished: Sequence[Named], appeared: Sequence[Named], before: Sequence[Sequence[int]], now: Sequence[Sequence[int]]
) -> tuple[Rename, ...]:
    """The renames between two runs, in order of the old case.

    `before` and `now` are the cases of both runs in the order in which they ran, variant by variant, aligned.
    """
    moved = _moved(vanished, appeared)
    gone = {one.old.id for one in moved}
    come = {one.new.id for one in moved}
    old = {one.id: one for one in vanished if one.id not in gone}
    new = {one.id: one for one in appeared if one.id not in come}
    found: dict[CaseId, set[CaseId]] = {}
    for first, second in zip(before, now, strict=True):
        for one, other in _at_one_place(old, new, first, second):
            found.setdefault(one, set()).add(other)
    taken: dict[CaseId, int] = {}
    for others in found.values():
        for other in others:
            taken[other] = taken.get(other, 0) + 1
    edited = [
        Rename(old[one], new[other])
        for one, others in found.items()
        if len(others) == 1
        for other in others
        if taken[other] == 1
    ]
    return tuple(sorted([*moved, *edited], key=lambda one: one.old.id))


def _moved(vanished: Sequence[Named], appeared: Sequence[Named]) -> list[Rename]:
    """The same name in another place: the best of those it may be, and it the best of those that may be this."""
    shared = _Homes(vanished, appeared)
    by_name: dict[str, list[Named]] = {}
    for one in appeared:
        by_name.setdefault(one.name, []).append(one)
    groups: dict[str, list[Named]] = {}
    for one in vanished:
        if one.name in by_name:
            groups.setdefault(one.name, []).append(one)
    found: list[Rename] = []
    for name, old in groups.items():
        new = by_name[name]
        if len(old) <= _MOST and len(new) <= _MOST:
            found += _best_pairs(old, new, shared)
            continue
        alike: dict[tuple[str, str], tuple[list[Named], list[Named]]] = {}
        for side, cases in enumerate((old, new)):
            for one in cases:
                alike.setdefault((_inner(one), _base(one)), ([], []))[side].append(one)
        for some, others in alike.values():
            if len(some) <= _MOST and len(others) <= _MOST:
                found += _best_pairs(some, others, shared)
    return found


def _best_pairs(old: Sequence[Named], new: Sequence[Named], shared: _Homes) -> list[Rename]:
    scores = [[shared.score(one, other) for other in new] for one in old]
    found = []
    for row, one in enumerate(old):
        column = _best(scores[row])
        if column is not None and _best([line[column] for line in scores]) == row:
            found.append(Rename(one, new[column]))
    return found


class _Homes:
    """How many names each home that lost some shares with each home that won some."""

    def __init__(self, vanished: Iterable[Named], appeared: Iterable[Named]) -> None:
        self._old = self._names(vanished)
        self._new = self._names(appeared)

    def score(self, one: Named, other: Named) -> float:
        """How likely a case moved from one home to another: by what moved with it, and by how alike the homes are."""
        lost, won = self._old[one.home], self._new[other.home]
        together = len(lost & won) / max(len(lost), len(won))
        same_class = _inner(one) == _inner(other)
        same_file = bool(one.file) and _base(one) == _base(other)
        return (
            2 * together + same_class + same_file + _path_ratio(_path(one), _path(other)) + (one.scope == other.scope)
        )

    @staticmethod
    def _names(cases: Iterable[Named]) -> dict[tuple[str, str, str], set[str]]:
        names: dict[tuple[str, str, str], set[str]] = {}
        for one in cases:
            names.setdefault(one.home, set()).add(one.name)
        return names


def _best(scores: Sequence[float]) -> int | None:
    """The place of the largest, where it is the largest by a margin."""
    ranked = sorted(range(len(scores)), key=lambda position: -scores[position])
    if len(ranked) > 1 and scores[ranked[0]] - scores[ranked[1]] < _MARGIN:
        return None
    return ranked[0] if ranked else None


def _at_one_place(
    old: Mapping[CaseId, Named], new: Mapping[CaseId, Named], before: Sequence[int], now: Sequence[int]
) -> list[tuple[CaseId, CaseId]]:
    """Cases of one home between the same neighbours, as many before as now, whose names are near."""
    first, second = _gaps(old, before, set(now)), _gaps(new, now, set(before))
    found = []
    for gap, lost in first.items():
        won = second.get(gap, [])
        if len(lost) != len(won):
            continue
        found += [
            (one, other)
            for one, other in zip(lost, won, strict=True)
            if old[one].home == new[other].home and _is_near(old[one].name, new[other].name)
        ]
    return found


def _gaps(
    cases: Mapping[CaseId, Named], order: Sequence[int], kept: set[int]
) -> dict[tuple[int | None, int | None, tuple[str, str, str]], list[CaseId]]:
    """The cases that stand between two that both runs have, by these two and by their home."""
    gaps: dict[tuple[int | None, int | None, tuple[str, str, str]], list[CaseId]] = {}
    waiting: list[CaseId] = []
    last: int | None = None
    for number in [*order, None]:
        if number is not None and number not in kept:
            if (case_id := CaseId(number)) in cases:
                waiting.append(case_id)
            continue
        for case_id in waiting:
            gaps.setdefault((last, number, cases[case_id].home), []).append(case_id)
        waiting, last = [], number
    return gaps


def _is_near(one: str, other: str) -> bool:
    first, second = (_telling(name)[:_COMPARED] for name in (one, other))
    matcher = SequenceMatcher(None, first, second, autojunk=False)
    return matcher.quick_ratio() >= NEAR and matcher.ratio() >= NEAR


def _telling(name: str) -> str:
    """A name without what every name begins with."""
    lowered = name.lower()
    for prefix in ("test_", "test ", "test", "should ", "it "):
        if lowered.startswith(prefix):
            return lowered[len(prefix) :]
    return lowered


def _inner(one: Named) -> str:
    """The class without the package or module that holds it."""
    return one.class_name.rpartition(".")[2]


def _base(one: Named) -> str:
    return one.file.rpartition("/")[2]


def _path(one: Named) -> Sequence[str]:
    return (one.file or one.class_name.replace(".", "/")).split("/")


def _path_ratio(one: Sequence[str], other: Sequence[str]) -> float:
    """The share of the parts of two paths that agree from either end, 0 to 1."""
    shorter = min(len(one), len(other))
    front = next((at for at in range(shorter) if one[at] != other[at]), shorter)
    back = next((at for at in range(shorter - front) if one[-1 - at] != other[-1 - at]), shorter - front)
    return (front + back) / max(len(one), len(other))
