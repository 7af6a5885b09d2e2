"""From the artifacts of one attempt of a run to what its tests did: legs, cases, tries, and what was unreadable."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import BinaryIO

from bot.analysis import archive, identity, junit, variants
from bot.analysis.junit import ReportedCase
from bot.analysis.limits import DEFAULT, Limits
from bot.analysis.model import CaseRun, Identity, Leg, Problem, RunReport, TryResult
from bot.errors import InvalidReportError


@dataclass(frozen=True, slots=True)
class Artifact:
    """A downloaded artifact: its name on GitHub, and its bytes, seekable."""

    name: str
    stream: BinaryIO


@dataclass(slots=True)
class _Leg:
    shards: set[str] = field(default_factory=set)
    cases: list[tuple[tuple[str, str, int], ReportedCase]] = field(default_factory=list)
    complete: bool = True


def read_artifacts(artifacts: Iterable[Artifact], workflow_path: str, limits: Limits = DEFAULT) -> RunReport:
    """Read every report of the artifacts; the result does not depend on the order they are given in.

    An artifact without a report is a problem where its name promised one, or where nothing else was read:
    `coverage-report` beside `test-results` is not.
    """
    legs: dict[str, _Leg] = {}
    problems: list[Problem] = []
    empty: list[str] = []
    files = 0
    for artifact in artifacts:
        variant, shard = variants.split(artifact.name, workflow_path)
        leg = _Leg()
        found = 0
        try:
            for member in archive.members(artifact.name, artifact.stream, limits):
                fault = member.refused or _read_member(artifact.name, member, leg, limits)
                if fault is None:
                    found += 1
                elif fault:
                    leg.complete = False
                    problems.append(Problem(artifact.name, member.path, fault))
        except InvalidReportError as error:
            leg.complete = False
            problems.append(Problem(artifact.name, "", str(error)))
        if found == 0 and leg.complete:
            empty.append(artifact.name)
        files += found
        if leg.cases or not leg.complete:
            whole = legs.setdefault(variant, _Leg())
            whole.cases += leg.cases
            whole.complete = whole.complete and leg.complete
            if shard:
                whole.shards.add(shard)
    problems += [
        Problem(name, "", "No test report was found in this artifact.")
        for name in empty
        if not files or variants.promises_report(name)
    ]
    return RunReport(
        legs=tuple(
            Leg(variant, tuple(sorted(leg.shards)), _merge(leg), leg.complete) for variant, leg in sorted(legs.items())
        ),
        problems=tuple(sorted(problems, key=lambda one: (one.artifact, one.path, one.reason))),
        files=files,
    )


def _read_member(artifact: str, member: archive.Member, leg: _Leg, limits: Limits) -> str | None:
    """Read one report into a leg; None when it is one, empty when it is something else, or what is wrong."""
    cases: list[ReportedCase] = []
    if member.stream is None:
        return "It could not be opened."
    try:
        summary = junit.read(member.stream, cases.append, limits)
    except junit.NotAReportError:
        return ""
    except InvalidReportError as error:
        return str(error)
    leg.cases += [((artifact, member.path, number), case) for number, case in enumerate(cases)]
    if not summary.complete and summary.cases:
        return f"Read in part: {'; '.join(summary.warnings)}."
    if not summary.complete:
        return f"Nothing to read: {'; '.join(summary.warnings)}."
    return None


def _merge(leg: _Leg) -> tuple[CaseRun, ...]:
    """One entry per case: the same test again is one more try of it, in the order of file and element.

    Two tests that only masking made alike, or that one file has under two suites or two hosts (Playwright's
    browsers), are not the same test again: the later one gets a number, and both keep their own history.
    """
    alike: dict[bytes, dict[tuple[tuple[str, str, str], int], int]] = {}
    ranks: dict[tuple[str, ...], dict[tuple[str, str], int]] = {}
    identities: dict[bytes, Identity] = {}
    tries: dict[bytes, list[TryResult]] = {}
    for (artifact, path, number), written in sorted(leg.cases, key=lambda one: one[0]):
        case = written if written.name else replace(written, name=f"(case {number + 1} without a name)")
        found = identity.identify(case)
        as_written = (case.file, case.class_name, case.name)
        places = ranks.setdefault((artifact, path, *as_written), {})
        rank = places.setdefault((found.suite, case.host), len(places))
        tests = alike.setdefault(found.key, {})
        position = tests.setdefault((as_written, rank), len(tests))
        if position:
            found = identity.numbered(found, position + 1)
        identities[found.key] = found
        tries.setdefault(found.key, []).extend(case.tries)
    return tuple(CaseRun(identities[key], _number(done)) for key, done in sorted(tries.items()))


def _number(tries: Iterable[TryResult]) -> tuple[TryResult, ...]:
    return tuple(replace(one, number=number) for number, one in enumerate(tries, start=1))
