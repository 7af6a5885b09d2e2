"""Read the artifacts of one attempt of a run: its variants, cases and results, and what could not be read."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import BinaryIO

from bot.analysis.identity import collision, repetition
from bot.analysis.identity import variant as variant_name
from bot.analysis.model import Problem, RunReport, VariantReport
from bot.analysis.quarantine import policy as policies
from bot.analysis.quarantine.policy import Policy
from bot.analysis.reports import archive, reader
from bot.analysis.reports.limits import DEFAULT, Limits
from bot.analysis.reports.reported_case import NotAReportError, Repeats, ReportedCase
from bot.errors import InvalidReportError


@dataclass(frozen=True, slots=True)
class Artifact:
    """A downloaded artifact: its name on GitHub, and its bytes, seekable."""

    name: str
    stream: BinaryIO


@dataclass(slots=True)
class _Variant:
    shards: set[str] = field(default_factory=set)
    shard_count: int = 0
    reports: list[tuple[collision.Source, list[ReportedCase]]] = field(default_factory=list)
    complete: bool = True


@dataclass(slots=True)
class _Room:
    """What a run may still keep in memory."""

    cases: int
    text: int

    def keep(self, cases: list[ReportedCase]) -> list[ReportedCase]:
        """The cases of a file, without the texts of failures where the run has too much of them already."""
        self.cases -= len(cases)
        failures = [case.failure for case in cases if case.failure is not None]
        self.text -= sum(len(failure.message) + len(failure.text) for failure in failures)
        return cases if self.text >= 0 else [_without_text(case) for case in cases]


def read_artifacts(
    artifacts: Iterable[Artifact],
    workflow_path: str,
    limits: Limits = DEFAULT,
    policy: Policy = policies.DEFAULT,
    *,
    repository: str = "",
) -> RunReport:
    """Read every report of the artifacts; the result does not depend on the order they are given in.

    `repository` is its name without the owner, by which its checkout is found in the paths of files.
    An artifact without a report is a problem where its name promised one, or where nothing else was read:
    `coverage-report` beside `test-results` is not.
    """
    variants: dict[str, _Variant] = {}
    problems: list[Problem] = []
    empty: list[str] = []
    files = 0
    room = _Room(limits.cases, limits.run_text)
    for artifact in artifacts:
        variant, shard = variant_name.split(artifact.name, workflow_path, policy)
        part = _Variant()
        found = 0
        try:
            for member in archive.members(artifact.name, artifact.stream, limits):
                fault = member.refused or _read_member(artifact.name, shard, member, part, room, limits)
                if fault is None:
                    found += 1
                elif fault:
                    part.complete = False
                    problems.append(Problem(artifact.name, member.path, fault))
        except InvalidReportError as error:
            part.complete = False
            problems.append(Problem(artifact.name, "", str(error)))
        if found == 0 and part.complete:
            empty.append(artifact.name)
        files += found
        if part.reports or not part.complete:
            whole = variants.setdefault(variant, _Variant())
            whole.reports += part.reports
            whole.complete = whole.complete and part.complete
            whole.shard_count = max(whole.shard_count, variant_name.shard_count(artifact.name))
            if shard:
                whole.shards.add(shard)
    problems += [
        Problem(name, "", "No test report was found in this artifact.")
        for name in empty
        if not files or variant_name.promises_report(name)
    ]
    merged = {variant: collision.merge(part.reports, repository) for variant, part in sorted(variants.items())}
    problems += [Problem(variant, "", note, is_note=True) for variant, one in merged.items() for note in one.notes]
    return RunReport(
        variants=tuple(
            VariantReport(
                variant,
                tuple(sorted(variants[variant].shards)),
                merged_cases.cases,
                variants[variant].complete,
                variants[variant].shard_count,
            )
            for variant, merged_cases in merged.items()
        ),
        problems=tuple(sorted(problems, key=lambda one: (one.is_note, one.artifact, one.path, one.reason))),
        files=files,
    )


def _read_member(
    artifact: str, shard: str, member: archive.Member, part: _Variant, room: _Room, limits: Limits
) -> str | None:
    """Read one report into a variant; None when it is one, empty when it is something else, or what is wrong."""
    cases: list[ReportedCase] = []
    if member.stream is None:
        return "It could not be opened."
    try:
        summary = reader.read(member.stream, cases.extend, limits)
    except NotAReportError:
        return ""
    except InvalidReportError as error:
        return str(error)
    if len(cases) > room.cases:
        return f"It was left out: its run has more than {limits.cases:,} cases."
    cases = room.keep(cases)
    if summary.repeats is Repeats.BARE_TRIES:
        cases = repetition.with_bare_tries(cases)
    source = collision.Source(artifact, shard, member.path, summary.repeats is Repeats.TESTS)
    part.reports.append((source, cases))
    if summary.complete:
        return None
    return f"{'Read in part' if summary.cases else 'Nothing to read'}: {'; '.join(summary.warnings)}."


def _without_text(case: ReportedCase) -> ReportedCase:
    failure = case.failure and replace(case.failure, text="")
    reruns = tuple(one._replace(failure=one.failure and replace(one.failure, text="")) for one in case.reruns)
    return case._replace(failure=failure, reruns=reruns)
