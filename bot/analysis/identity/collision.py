"""Decide which cases of a variant are retries of one test, and which are different tests of the same name (ADR 7).

The same test again, in one file or in a later one, is a retry. Different tests are: two names that only masking made
equal; one name twice in a file whose writer marks retries otherwise; one name under two suites or hosts of one file;
one name in the reports of two folders, such as the modules of a build, or of two platforms. They are distinguished by
what differs, and every such collision is noted: two tests under one identity would look like a flake on every commit.

Tests that nothing else distinguishes are numbered, and the number includes how many there are: a run of some of them (a
shard, the failed ones again) gives none of them the number of another. What an author may have chosen (a date, a port)
puts them in order, so that a shuffled run numbers them alike; only names that differ in nothing chosen keep the order
of the report.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from itertools import repeat
from typing import Final, NamedTuple, assert_never

from bot.analysis.identity import case_identity, duplicate_case, outage_group
from bot.analysis.model import CaseRun, Identity, Result
from bot.analysis.reports.reported_case import ReportedCase

# Folders that hold the retries or parts of one suite: attempt-1, test_attempts, rerun, shard-2-of-4.
_PART: Final = re.compile(
    r"(?:^|(?<=/)|[-_. ])(?:tests?[-_])?(?:attempt|try|tries|retry|retries|re-?run|run|first|second|third|last|final"
    r"|initial|original|flaky|failed|failures?|round|shard|part|chunk|split|group|node|worker|job|index)s?"
    r"(?:[-_. ]?\d+)?(?:[-_. ]?of[-_. ]?\d+)?(?=$|/|[-_. ])"
)
# The platform in the name of a report: junit-py312.xml, Shop.Tests.net8.0.xml, windows.xml.
_PLATFORM: Final = re.compile(
    r"(?<![a-z0-9])(?:(?:py|pypy|python|node|jdk|jre|java|php|go|ruby|jruby|rust|net|netcoreapp|gcc|clang|django|rails"
    r"|postgres|pg|mysql)(?:[-_]?\d+(?:\.\d+)+|\d+)|linux|windows|win32|win64|macos|ubuntu|debian|alpine|android|ios|x64"
    r"|x86(?:_64)?|arm64|aarch64|amd64|chrome|chromium|firefox|webkit|safari)(?![a-z0-9])"
)
_NUMBER: Final = re.compile(r"(?<![^/])\d+(?![^/])")
_DIGITS: Final = re.compile(r"(\d+)")
_CASE_BITS: Final = 32  # bits for the number of a case in its report
_CASE_MASK: Final = (1 << _CASE_BITS) - 1
_ENDING: Final = re.compile(r"\.\w+(?:\.gz)?$")


class Source(NamedTuple):
    """A report: its artifact and shard, its path in it, and whether a name that repeats is another test."""

    artifact: str
    shard: str
    path: str
    repeats_are_tests: bool = False


class _Kind(Enum):
    """How tests of the same name differ."""

    FOLDER = "folder"
    SUITE = "suite"
    ORDER = "order"
    REPEATED = "repeated"


@dataclass(frozen=True, slots=True)
class Merged:
    """The cases of a variant in the order in which they first ran, and notes about collisions among them."""

    cases: tuple[CaseRun, ...]
    notes: tuple[str, ...]


_Member = tuple[Source, ReportedCase]
_Name = tuple[tuple[str, str, str], int]
_Natural = tuple[tuple[tuple[int, str], ...], str]


def merge(reports: Iterable[tuple[Source, Sequence[ReportedCase]]], repository: str = "") -> Merged:
    """One entry per test, its results in the order of file and element; `repository` as in `case_identity.identify`."""
    ordered = sorted(reports, key=lambda report: (_natural(report[0].artifact), _natural(report[0].path)))
    runs: dict[bytes, CaseRun] = {}
    first_positions: dict[
        bytes, int
    ] = {}  # positions as numbers: half a million tuples would slow the garbage collector
    repeated: dict[bytes, list[_Member]] = {}
    for report, (source, cases) in enumerate(ordered):
        for number, reported in enumerate(cases):
            case = _with_name(reported, number)
            identity = case_identity.identify(case, repository)
            key = identity.key
            if key not in runs:
                runs[key] = CaseRun(identity, case.results, outage_group.runner(source.shard, case.host))
                first_positions[key] = report << _CASE_BITS | number
                continue
            if key not in repeated:
                position = first_positions[key]
                origin, known = ordered[position >> _CASE_BITS]
                repeated[key] = [(origin, _with_name(known[position & _CASE_MASK], position & _CASE_MASK))]
            repeated[key].append((source, case))
    merged: list[CaseRun] = []
    collisions: dict[_Kind, list[str]] = {}
    for key, run in runs.items():
        if key not in repeated:
            merged.append(run)
            continue
        kinds, tests = _separate(run.identity, repeated[key])
        merged += [CaseRun(test, _results(members), _runner(*members[0])) for test, members in tests]
        for kind in kinds:
            collisions.setdefault(kind, []).append(run.identity.title)
    return Merged(tuple(merged), tuple(_note(kind, collisions[kind]) for kind in _Kind if kind in collisions))


def _with_name(case: ReportedCase, number: int) -> ReportedCase:
    return case if case.name else case._replace(name=f"(case {number + 1} without a name)")


def _separate(identity: Identity, members: list[_Member]) -> tuple[set[_Kind], list[tuple[Identity, list[_Member]]]]:
    """The tests behind cases of one identity, each with its cases; and how they differ, empty for one test."""
    kinds: set[_Kind] = set()
    if len({_location(source.path) for source, _ in members}) > 1:
        kinds.add(_Kind.FOLDER)
    suites: dict[tuple[str, str], set[tuple[tuple[str, ...], str]]] = {}
    for source, case in members:
        suites.setdefault((source.artifact, source.path), set()).add((case.suites, case.host))
    if any(len(in_file) > 1 for in_file in suites.values()):
        kinds.add(_Kind.SUITE)
    scopes: dict[str, list[_Member]] = {}
    for source, case in members:
        differing = [_location(source.path)] if _Kind.FOLDER in kinds else []
        if _Kind.SUITE in kinds:
            differing += [*map(case_identity.mask, case.suites), case.host]
        scopes.setdefault(" > ".join(part for part in differing if part), []).append((source, case))
    tests: list[tuple[Identity, list[_Member]]] = []
    for scope, group in scopes.items():
        test = case_identity.with_scope(identity, scope) if scope else identity
        numbered = _number_by_order(group)
        if len(numbered) > 1:
            kinds.add(_Kind.ORDER if len({_reported_name(case) for _, case in group}) > 1 else _Kind.REPEATED)
        tests += [
            (
                case_identity.with_scope(test, f"#{position} of {len(numbered)}") if len(numbered) > 1 else test,
                numbered[number],
            )
            for position, number in enumerate(sorted(numbered), start=1)
        ]
    return kinds, tests


def _number_by_order(members: list[_Member]) -> dict[int, list[_Member]]:
    """Number cases that nothing else distinguishes: the first in a file is the first in its retry.

    Another shard has other tests, so its numbers continue those of the shard before.
    """
    files: dict[tuple[str, str], list[_Member]] = {}
    for source, case in members:
        files.setdefault((source.artifact, source.path), []).append((source, case))
    numbers: dict[_Name, int] = {}
    numbered: dict[int, list[_Member]] = {}
    of_shard: dict[str, list[int]] = {}
    next_number = 0
    for of_file in files.values():
        reported = list(_names(of_file))
        names = sorted(
            dict.fromkeys(reported), key=lambda name: (*map(case_identity.stable_sort_key, name[0]), name[1])
        )
        taken = {numbers[name] for name in names if name in numbers}
        shard_numbers = of_shard.setdefault(of_file[0][0].shard, [])
        free = iter([number for number in shard_numbers if number not in taken])
        for name in names:
            if name not in numbers:
                numbers[name] = next(free, next_number)
                if numbers[name] == next_number:
                    shard_numbers.append(next_number)
                    next_number += 1
        for name, member in zip(reported, of_file, strict=True):
            numbered.setdefault(numbers[name], []).append(member)
    return numbered


def _names(of_file: Sequence[_Member]) -> Iterator[_Name]:
    """The names of the cases of one file as written, each with how many of that name came before."""
    cases = [case for _, case in of_file]
    positions = duplicate_case.occurrences(cases) if of_file[0][0].repeats_are_tests else repeat(0)
    return zip(map(_reported_name, cases), positions, strict=False)


def _reported_name(case: ReportedCase) -> tuple[str, str, str]:
    return case.file, case.class_name, case.name


def _results(members: list[_Member]) -> tuple[Result, ...]:
    results = [result for _, case in members for result in case.results]
    return tuple(result._replace(retry=retry) for retry, result in enumerate(results))


def _runner(source: Source, case: ReportedCase) -> str:
    return outage_group.runner(source.shard, case.host)


def _note(kind: _Kind, titles: list[str]) -> str:
    several = len(titles) > 1
    names = f"{len(titles):,} names belong" if several else "1 name belongs"
    example = f"such as {titles[0]}" if several else titles[0]
    match kind:
        case _Kind.ORDER:
            what = f"several tests once what changes from run to run is masked ({example})"
            by = "order"
        case _Kind.REPEATED:
            what = f"several tests of one report ({example}), which holds no retries"
            by = "order"
        case _Kind.SUITE:
            what = f"tests in several suites of one report ({example})"
            by = "suite"
        case _Kind.FOLDER:
            what = f"tests in the reports of several folders or platforms ({example})"
            by = "folder or platform"
        case _:
            assert_never(kind)
    return f"{names} to {what}; these tests are distinguished by their {by}."


@lru_cache(1024)
def _natural(path: str) -> _Natural:
    """A name in natural order: `run-2` before `run-10`, and `junit.xml` before its `junit-retry.xml`."""
    parts = _DIGITS.split(_ENDING.sub("", path))
    return tuple((int(part), "") if number % 2 else (0, part) for number, part in enumerate(parts)), path


@lru_cache(1024)
def _location(path: str) -> str:
    """The folder of a report without retries and shards, and the platform in its name."""
    folder, _, name = path.replace("\\", "/").rpartition("/")
    parts = [part for part in _NUMBER.sub("", _PART.sub("", case_identity.mask(folder))).split("/") if part]
    return "/".join([*parts, *_PLATFORM.findall(name.lower())])
