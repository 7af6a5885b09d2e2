"""From the artifacts of one attempt of a run to what its tests did: legs, cases, tries, and what was unreadable."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import BinaryIO

from bot.analysis import archive, identity, junit, variants
from bot.analysis.junit import ReportedCase
from bot.analysis.limits import DEFAULT, Limits
from bot.analysis.model import CaseRun, Leg, Problem, RunReport, TryResult
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
    """Read every report of the artifacts; the result does not depend on the order they are given in."""
    legs: dict[str, _Leg] = {}
    problems: list[Problem] = []
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
            problems.append(Problem(artifact.name, "", "No test report was found in this artifact."))
        files += found
        if leg.cases or not leg.complete:
            whole = legs.setdefault(variant, _Leg())
            whole.cases += leg.cases
            whole.complete = whole.complete and leg.complete
            if shard:
                whole.shards.add(shard)
    return RunReport(
        legs=tuple(
            Leg(variant, tuple(sorted(leg.shards)), _merge(leg, problems), leg.complete)
            for variant, leg in sorted(legs.items())
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


def _merge(leg: _Leg, problems: list[Problem]) -> tuple[CaseRun, ...]:
    """One entry per case: repeated identities are further tries, in the order of file and element."""
    grouped: dict[bytes, list[ReportedCase]] = {}
    identities = {}
    for (artifact, path, number), written in sorted(leg.cases, key=lambda one: one[0]):
        case = written if written.name else replace(written, name=f"(case {number + 1} without a name)")
        found = identity.identify(case)
        known = grouped.get(found.key)
        if known and _raw(known[0]) != _raw(case):
            problems_text = (
                f"Two tests differ only in what changes between runs; kept apart as written: {case.name[:200]}"
            )
            problems.append(Problem(artifact, path, problems_text))
            found = identity.identify_as_written(case)
        grouped.setdefault(found.key, []).append(case)
        identities[found.key] = found
    return tuple(CaseRun(identities[key], _number(case for case in cases)) for key, cases in sorted(grouped.items()))


def _raw(case: ReportedCase) -> tuple[str, str, str]:
    return (case.file, case.class_name, case.name)


def _number(cases: Iterable[ReportedCase]) -> tuple[TryResult, ...]:
    tries = [one for case in cases for one in case.tries]
    return tuple(replace(one, number=number) for number, one in enumerate(tries, start=1))
