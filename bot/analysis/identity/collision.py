"""Which cases of a variant are one test that ran again, and which are tests that merely look alike.

The same test again, in one file or in a later one, is one more try of it. Alike and yet not the same are: two names
that only masking made equal; one name twice in a file whose writer repeats none; one name under two suites or hosts of
one file; one name in the reports of two folders, such as the modules of a build, or of two platforms. They are told
apart by what differs and every such collision is said, for two tests under one identity would look like a flake on
every commit.

What nothing else tells apart is numbered, and a number says of how many: a run of some of them (a shard, the
failed ones again) gives none of them the place of another. What an author may have chosen (a date, a port) puts them
in order, so that a shuffled run numbers them alike; only names that differ in what nobody chose go by their place.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from itertools import repeat
from typing import Final, NamedTuple, assert_never

from bot.analysis.identity import case_identity, repetition
from bot.analysis.identity.runner import runner_name
from bot.analysis.model import CaseRun, Identity, Result
from bot.analysis.reports.reported_case import ReportedCase

# Folders in which the tries or parts of one suite are kept: attempt-1, test_attempts, rerun, shard-2-of-4.
_PART: Final = re.compile(
    r"(?:^|(?<=/)|[-_. ])(?:tests?[-_])?(?:attempt|try|tries|retry|retries|re-?run|run|first|second|third|last|final"
    r"|initial|original|flaky|failed|failures?|round|shard|part|chunk|split|group|node|worker|job|index)s?"
    r"(?:[-_. ]?\d+)?(?:[-_. ]?of[-_. ]?\d+)?(?=$|/|[-_. ])"
)
# What the name of a report says of where its tests ran: junit-py312.xml, Shop.Tests.net8.0.xml, windows.xml.
_PLATFORM: Final = re.compile(
    r"(?<![a-z0-9])(?:(?:py|pypy|python|node|jdk|jre|java|php|go|ruby|jruby|rust|net|netcoreapp|gcc|clang|django|rails"
    r"|postgres|pg|mysql)(?:[-_]?\d+(?:\.\d+)+|\d+)|linux|windows|win32|win64|macos|ubuntu|debian|alpine|android|ios|x64"
    r"|x86(?:_64)?|arm64|aarch64|amd64|chrome|chromium|firefox|webkit|safari)(?![a-z0-9])"
)
_NUMBER: Final = re.compile(r"(?<![^/])\d+(?![^/])")
_DIGITS: Final = re.compile(r"(\d+)")
_REPORT: Final = 32  # bits for the number of a case in its report
_NUMBER_IN: Final = (1 << _REPORT) - 1
_ENDING: Final = re.compile(r"\.\w+(?:\.gz)?$")


class Source(NamedTuple):
    """A report: its artifact, the shard that is of, the file in it, and whether names in it again are other tests."""

    artifact: str
    shard: str
    path: str
    repeats_are_tests: bool = False


class _Kind(Enum):
    """How alike tests differ, and are told apart."""

    FOLDER = "folder"
    SUITE = "suite"
    ORDER = "order"
    REPEATED = "repeated"


@dataclass(frozen=True, slots=True)
class Merged:
    """The cases of a variant in the order in which they first ran, and what has to be said of collisions among them."""

    cases: tuple[CaseRun, ...]
    notes: tuple[str, ...]


_Member = tuple[Source, ReportedCase]
_Name = tuple[tuple[str, str, str], int]
_Natural = tuple[tuple[tuple[int, str], ...], str]


def merge(reports: Iterable[tuple[Source, Sequence[ReportedCase]]], repository: str = "") -> Merged:
    """One entry per test of a repository, with its tries in the order of file and element."""
    read = sorted(reports, key=lambda one: (_natural(one[0].artifact), _natural(one[0].path)))
    runs: dict[bytes, CaseRun] = {}
    first: dict[bytes, int] = {}  # places as numbers: half a million tuples keep the collector of garbage busy
    again: dict[bytes, list[_Member]] = {}
    for report, (source, cases) in enumerate(read):
        for number, written in enumerate(cases):
            case = written if written.name else _named(written, number)
            found = case_identity.identify(case, repository)
            key = found.key
            if key not in runs:
                runs[key] = CaseRun(found, case.results, runner_name(source.shard, case.host))
                first[key] = report << _REPORT | number
                continue
            if key not in again:
                position = first[key]
                origin, known = read[position >> _REPORT]
                again[key] = [(origin, _named(known[position & _NUMBER_IN], position & _NUMBER_IN))]
            again[key].append((source, case))
    merged: list[CaseRun] = []
    said: dict[_Kind, list[str]] = {}
    for key, run in runs.items():
        if key not in again:
            merged.append(run)
            continue
        kinds, tests = _tell_apart(run.identity, again[key])
        merged += [CaseRun(test, _results(members), _runner(*members[0])) for test, members in tests]
        for kind in kinds:
            said.setdefault(kind, []).append(run.identity.title)
    return Merged(tuple(merged), tuple(_say(kind, said[kind]) for kind in _Kind if kind in said))


def _named(case: ReportedCase, number: int) -> ReportedCase:
    return case if case.name else case._replace(name=f"(case {number + 1} without a name)")


def _tell_apart(found: Identity, members: list[_Member]) -> tuple[set[_Kind], list[tuple[Identity, list[_Member]]]]:
    """The tests behind cases that are alike, each with its tries; and how they differ, empty where they are one."""
    kinds: set[_Kind] = set()
    positions = {_channel(source.path) for source, _ in members}
    if len(positions) > 1:
        kinds.add(_Kind.FOLDER)
    suites: dict[tuple[str, str], set[tuple[tuple[str, ...], str]]] = {}
    for source, case in members:
        suites.setdefault((source.artifact, source.path), set()).add((case.suites, case.host))
    if any(len(in_file) > 1 for in_file in suites.values()):
        kinds.add(_Kind.SUITE)
    scopes: dict[str, list[_Member]] = {}
    for source, case in members:
        differing = [_channel(source.path)] if _Kind.FOLDER in kinds else []
        if _Kind.SUITE in kinds:
            differing += [*map(case_identity.mask, case.suites), case.host]
        scopes.setdefault(" > ".join(part for part in differing if part), []).append((source, case))
    tests: list[tuple[Identity, list[_Member]]] = []
    for scope, group in scopes.items():
        test = case_identity.scoped(found, scope) if scope else found
        numbered = _by_order(group)
        if len(numbered) > 1:
            kinds.add(_Kind.ORDER if len({_written(case) for _, case in group}) > 1 else _Kind.REPEATED)
        tests += [
            (
                case_identity.scoped(test, f"#{position} of {len(numbered)}") if len(numbered) > 1 else test,
                numbered[number],
            )
            for position, number in enumerate(sorted(numbered), start=1)
        ]
    return kinds, tests


def _by_order(members: list[_Member]) -> dict[int, list[_Member]]:
    """Cases that nothing else tells apart, by number: the first in a file is the first in its next try.

    Another shard has other tests, so its numbers go on where those of the shard before end.
    """
    files: dict[tuple[str, str], list[_Member]] = {}
    for source, case in members:
        files.setdefault((source.artifact, source.path), []).append((source, case))
    numbers: dict[_Name, int] = {}
    found: dict[int, list[_Member]] = {}
    of_shard: dict[str, list[int]] = {}
    fresh = 0
    for inside in files.values():
        written = list(_names(inside))
        names = sorted(dict.fromkeys(written), key=lambda name: (*map(case_identity.steady, name[0]), name[1]))
        taken = {numbers[name] for name in names if name in numbers}
        given = of_shard.setdefault(inside[0][0].shard, [])
        free = iter([number for number in given if number not in taken])
        for name in names:
            if name not in numbers:
                numbers[name] = next(free, fresh)
                if numbers[name] == fresh:
                    given.append(fresh)
                    fresh += 1
        for name, member in zip(written, inside, strict=True):
            found.setdefault(numbers[name], []).append(member)
    return found


def _names(inside: Sequence[_Member]) -> Iterator[_Name]:
    """What tells the cases of one file apart: their names as written, and which of several of one name it is."""
    cases = [case for _, case in inside]
    positions = repetition.occurrences(cases) if inside[0][0].repeats_are_tests else repeat(0)
    return zip(map(_written, cases), positions, strict=False)


def _written(case: ReportedCase) -> tuple[str, str, str]:
    return case.file, case.class_name, case.name


def _results(members: list[_Member]) -> tuple[Result, ...]:
    results = [result for _, case in members for result in case.results]
    return tuple(result._replace(retry=retry) for retry, result in enumerate(results))


def _runner(source: Source, case: ReportedCase) -> str:
    return runner_name(source.shard, case.host)


def _say(kind: _Kind, titles: list[str]) -> str:
    several = len(titles) > 1
    names = f"{len(titles):,} names stand" if several else "1 name stands"
    example = f"such as {titles[0]}" if several else titles[0]
    match kind:
        case _Kind.ORDER:
            return (
                f"{names} for several tests once what changes from run to run is masked ({example}); "
                "these tests are told apart by their order."
            )
        case _Kind.REPEATED:
            return (
                f"{names} for several tests of one report ({example}), which holds no tries; "
                "these tests are told apart by their order."
            )
        case _Kind.SUITE:
            return f"{names} in several suites of one report ({example}); these tests are told apart by their suite."
        case _Kind.FOLDER:
            return (
                f"{names} in the reports of several folders or platforms ({example}); "
                "these tests are told apart by their folder or platform."
            )
        case _:
            assert_never(kind)


@lru_cache(1024)
def _natural(path: str) -> _Natural:
    """A name as people order it: `run-2` before `run-10`, and `junit.xml` before its `junit-retry.xml`."""
    parts = _DIGITS.split(_ENDING.sub("", path))
    return tuple((int(part), "") if number % 2 else (0, part) for number, part in enumerate(parts)), path


@lru_cache(1024)
def _channel(path: str) -> str:
    """The folder of a report without what tells tries and shards apart, and the platform that its name tells."""
    folder, _, name = path.replace("\\", "/").rpartition("/")
    parts = [part for part in _NUMBER.sub("", _PART.sub("", case_identity.mask(folder))).split("/") if part]
    return "/".join([*parts, *_PLATFORM.findall(name.lower())])
