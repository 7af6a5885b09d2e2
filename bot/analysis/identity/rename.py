"""Match cases that are missing with cases that are new: a test that was moved or renamed keeps its history (ADR 7).

There are two ways, each by a unique best match on both sides: the same name in another file or class, and a similar
name at the same position among the tests of one file.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bot.analysis.model import CaseId

MIN_SIMILARITY: Final = 0.7
"""The smallest difflib ratio of two similar names, without the prefix `test`."""
_MARGIN: Final = 0.05  # by which the best match beats the second
_MAX_COMPARED: Final = 40
"""Cases of one name that are compared with each other; of more than these only those of one class and file name."""
_COMPARED_LENGTH: Final = 200


@dataclass(frozen=True, slots=True)
class NamedCase:
    """A case with the parts of its name."""

    id: CaseId
    file: str
    class_name: str
    name: str
    scope: str
    title: str

    @property
    def container(self) -> tuple[str, str, str]:
        """Its file, class and scope."""
        return self.file, self.class_name, self.scope


@dataclass(frozen=True, slots=True)
class Rename:
    """A case that continues under the name of another."""

    old: NamedCase
    new: NamedCase


@dataclass(frozen=True, slots=True)
class RunOrder:
    """One run: by variant its cases in the order in which they ran, and whether it was read completely."""

    orders: Mapping[str, NDArray[np.int32]]
    complete: bool


def match(
    missing: Sequence[NamedCase],
    added: Sequence[NamedCase],
    before: Sequence[Sequence[int]],
    now: Sequence[Sequence[int]],
) -> tuple[Rename, ...]:
    """The renames between two complete, consecutive runs, in order of the old case.

    `before` and `now` are the cases of both runs in the order in which they ran, one sequence per variant, aligned. No
    run may ever have had both a missing and a new case of a rename; the caller checks that.
    """
    moved = _moved(missing, added)
    matched = {case.id for rename in moved for case in (rename.old, rename.new)}
    old = {case.id: case for case in missing if case.id not in matched}
    new = {case.id: case for case in added if case.id not in matched}
    candidates: dict[CaseId, set[CaseId]] = {}
    for order_before, order_now in zip(before, now, strict=True):
        for old_id, new_id in _at_same_position(old, new, order_before, order_now):
            candidates.setdefault(old_id, set()).add(new_id)
    counts = Counter(new_id for new_ids in candidates.values() for new_id in new_ids)
    edited = [
        Rename(old[old_id], new[new_id])
        for old_id, new_ids in candidates.items()
        if len(new_ids) == 1
        for new_id in new_ids
        if counts[new_id] == 1
    ]
    return tuple(sorted([*moved, *edited], key=lambda rename: rename.old.id))


def find_renames(runs: Sequence[RunOrder], cases: Sequence[NamedCase]) -> Iterator[Rename]:
    """The renames over a whole history, oldest first; `cases` holds every case at its number.

    As the whole history is known, a case is a renamed one only if it never ran before, and the old one never after.
    """
    first, last = np.full(len(cases), len(runs)), np.full(len(cases), -1)
    for position, run in enumerate(runs):
        for order in run.orders.values():
            first[order] = np.minimum(first[order], position)
            last[order] = position
    complete = [position for position, run in enumerate(runs) if run.complete]
    for before, now in pairwise(complete):
        variants = sorted(runs[before].orders.keys() & runs[now].orders.keys())
        old, new = ([runs[position].orders[variant] for variant in variants] for position in (before, now))
        missing = [cases[case] for case in _distinct(old) if last[case] < now]
        added = [cases[case] for case in _distinct(new) if first[case] > before]
        if missing and added:
            for rename in match(missing, added, [ids.tolist() for ids in old], [ids.tolist() for ids in new]):
                if last[rename.old.id] < first[rename.new.id]:
                    yield rename


def _distinct(orders: Sequence[NDArray[np.int32]]) -> list[int]:
    return np.unique(np.concatenate(orders)).tolist() if orders else []


def _moved(missing: Sequence[NamedCase], added: Sequence[NamedCase]) -> list[Rename]:
    """The same name in another file, class or scope: pairs that are each other's best match."""
    containers = _Containers(missing, added)
    by_name: dict[str, list[NamedCase]] = {}
    for case in added:
        by_name.setdefault(case.name, []).append(case)
    groups: dict[str, list[NamedCase]] = {}
    for case in missing:
        if case.name in by_name:
            groups.setdefault(case.name, []).append(case)
    renames: list[Rename] = []
    for name, old in groups.items():
        new = by_name[name]
        if len(old) <= _MAX_COMPARED and len(new) <= _MAX_COMPARED:
            renames += _best_pairs(old, new, containers)
            continue
        similar: dict[tuple[str, str], tuple[list[NamedCase], list[NamedCase]]] = {}
        for side, cases in enumerate((old, new)):
            for case in cases:
                similar.setdefault((_class_basename(case), _file_name(case)), ([], []))[side].append(case)
        for some_old, some_new in similar.values():
            if len(some_old) <= _MAX_COMPARED and len(some_new) <= _MAX_COMPARED:
                renames += _best_pairs(some_old, some_new, containers)
    return renames


def _best_pairs(old: Sequence[NamedCase], new: Sequence[NamedCase], containers: _Containers) -> list[Rename]:
    scores = [[containers.score(case, other) for other in new] for case in old]
    renames = []
    for row, case in enumerate(old):
        column = _best(scores[row])
        if column is not None and _best([line[column] for line in scores]) == row:
            renames.append(Rename(case, new[column]))
    return renames


class _Containers:
    """The names of the cases that are missing from a container, and of those that are new in it."""

    def __init__(self, missing: Iterable[NamedCase], added: Iterable[NamedCase]) -> None:
        self._old = self._names(missing)
        self._new = self._names(added)

    def score(self, old: NamedCase, new: NamedCase) -> float:
        """How likely a case moved from one container to another, by the names that moved with it and by similarity."""
        old_names, new_names = self._old[old.container], self._new[new.container]
        together = len(old_names & new_names) / max(len(old_names), len(new_names))
        same_class = _class_basename(old) == _class_basename(new)
        same_file = bool(old.file) and _file_name(old) == _file_name(new)
        return 2 * together + same_class + same_file + _path_ratio(_path(old), _path(new)) + (old.scope == new.scope)

    @staticmethod
    def _names(cases: Iterable[NamedCase]) -> dict[tuple[str, str, str], set[str]]:
        names: dict[tuple[str, str, str], set[str]] = {}
        for case in cases:
            names.setdefault(case.container, set()).add(case.name)
        return names


def _best(scores: Sequence[float]) -> int | None:
    """The index of the largest score, if it is the largest by a margin."""
    ranked = sorted(range(len(scores)), key=lambda position: -scores[position])
    if len(ranked) > 1 and scores[ranked[0]] - scores[ranked[1]] < _MARGIN:
        return None
    return ranked[0] if ranked else None


def _at_same_position(
    old: Mapping[CaseId, NamedCase], new: Mapping[CaseId, NamedCase], before: Sequence[int], now: Sequence[int]
) -> list[tuple[CaseId, CaseId]]:
    """Cases of one container between the same neighbours, as many before as now, with similar names."""
    gaps_now = _gaps(new, now, set(before))
    pairs = []
    for gap, old_ids in _gaps(old, before, set(now)).items():
        new_ids = gaps_now.get(gap, [])
        if len(old_ids) == len(new_ids):
            pairs += [
                (old_id, new_id)
                for old_id, new_id in zip(old_ids, new_ids, strict=True)
                if old[old_id].container == new[new_id].container and _is_similar(old[old_id].name, new[new_id].name)
            ]
    return pairs


def _gaps(
    cases: Mapping[CaseId, NamedCase], order: Sequence[int], kept: set[int]
) -> dict[tuple[int | None, int | None, tuple[str, str, str]], list[CaseId]]:
    """The cases between two that both runs have, by these two and by their container."""
    gaps: dict[tuple[int | None, int | None, tuple[str, str, str]], list[CaseId]] = {}
    waiting: list[CaseId] = []
    last: int | None = None
    for number in [*order, None]:
        if number is not None and number not in kept:
            if (case_id := CaseId(number)) in cases:
                waiting.append(case_id)
            continue
        for case_id in waiting:
            gaps.setdefault((last, number, cases[case_id].container), []).append(case_id)
        waiting, last = [], number
    return gaps


def _is_similar(old: str, new: str) -> bool:
    first, second = (_without_prefix(name)[:_COMPARED_LENGTH] for name in (old, new))
    matcher = SequenceMatcher(None, first, second, autojunk=False)
    return matcher.quick_ratio() >= MIN_SIMILARITY and matcher.ratio() >= MIN_SIMILARITY


def _without_prefix(name: str) -> str:
    lowered = name.lower()
    for prefix in ("test_", "test ", "test", "should ", "it "):
        if lowered.startswith(prefix):
            return lowered[len(prefix) :]
    return lowered


def _class_basename(case: NamedCase) -> str:
    """The class without its package or module."""
    return case.class_name.rpartition(".")[2]


def _file_name(case: NamedCase) -> str:
    return case.file.rpartition("/")[2]


def _path(case: NamedCase) -> Sequence[str]:
    return (case.file or case.class_name.replace(".", "/")).split("/")


def _path_ratio(old: Sequence[str], new: Sequence[str]) -> float:
    """The share of the parts of two paths that are equal from either end, 0 to 1."""
    shorter = min(len(old), len(new))
    front = next((at for at in range(shorter) if old[at] != new[at]), shorter)
    back = next((at for at in range(shorter - front) if old[-1 - at] != new[-1 - at]), shorter - front)
    return (front + back) / max(len(old), len(new))
