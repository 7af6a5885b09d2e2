"""Read the artifacts of one attempt of a run: its variants, cases and results, and what could not be read."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import BinaryIO

from bot.analysis.identity import artifact_name, collision, duplicate_case
from bot.analysis.model import Problem, RunReport, VariantReport
from bot.analysis.quarantine.policy import DEFAULT as DEFAULT_POLICY
from bot.analysis.quarantine.policy import Policy
from bot.analysis.reports import archive, reader
from bot.analysis.reports.limits import DEFAULT, Limits
from bot.analysis.reports.reported_case import DuplicateMeaning, NotAReportError, ReportedCase
from bot.errors import InvalidReportError


@dataclass(frozen=True, slots=True)
class DownloadedArtifact:
    """A downloaded artifact: its name on GitHub, and its content, seekable."""

    name: str
    stream: BinaryIO


@dataclass(slots=True)
class _Variant:
    """A variant as read so far, or what one artifact adds to it."""

    shards: set[str] = field(default_factory=set)
    shard_count: int = 0
    reports: list[tuple[collision.Source, list[ReportedCase]]] = field(default_factory=list)
    complete: bool = True

    def add(self, other: _Variant) -> None:
        self.shards |= other.shards
        self.shard_count = max(self.shard_count, other.shard_count)
        self.reports += other.reports
        self.complete = self.complete and other.complete


@dataclass(slots=True)
class _Budget:
    """How many cases, and characters of failure texts, a run may still keep in memory."""

    cases: int
    text: int

    def keep(self, cases: list[ReportedCase]) -> list[ReportedCase]:
        """The cases of a file, without the texts of failures once the run has too many of them."""
        self.cases -= len(cases)
        failures = [case.failure for case in cases if case.failure is not None]
        self.text -= sum(len(failure.message) + len(failure.text) for failure in failures)
        return cases if self.text >= 0 else [_without_text(case) for case in cases]


def read_artifacts(
    artifacts: Iterable[DownloadedArtifact],
    workflow_path: str,
    limits: Limits = DEFAULT,
    policy: Policy = DEFAULT_POLICY,
    *,
    repository: str = "",
) -> RunReport:
    """Read every report of the artifacts; their order does not matter.

    `repository` is its name without the owner, which recognises its checkout in the paths of files. An artifact
    without a report is a problem if its name promised one, or if nothing else was read: `coverage-report` beside
    `test-results` is none.
    """
    variants: dict[str, _Variant] = {}
    problems: list[Problem] = []
    empty: list[str] = []
    files = 0
    budget = _Budget(limits.cases, limits.run_text)
    for artifact in artifacts:
        name, shard = artifact_name.split(artifact.name, workflow_path, policy)
        part = _Variant({shard} if shard else set(), artifact_name.shard_count(artifact.name))
        reports = 0
        try:
            for member in archive.members(artifact.name, artifact.stream, limits):
                fault = member.fault or _read_member(artifact.name, shard, member, part, budget, limits)
                if fault is None:
                    reports += 1
                elif fault:
                    part.complete = False
                    problems.append(Problem(artifact.name, member.path, fault))
        except InvalidReportError as error:
            part.complete = False
            problems.append(Problem(artifact.name, "", str(error)))
        if reports == 0 and part.complete:
            empty.append(artifact.name)
        files += reports
        if part.reports or not part.complete:
            variants.setdefault(name, _Variant()).add(part)
    problems += [
        Problem(name, "", "No test report was found in this artifact.")
        for name in empty
        if not files or artifact_name.promises_report(name)
    ]
    reports_of_variants = []
    for name, variant in sorted(variants.items()):
        merged = collision.merge(variant.reports, repository)
        shards = tuple(sorted(variant.shards))
        reports_of_variants.append(VariantReport(name, shards, merged.cases, variant.complete, variant.shard_count))
        problems += [Problem(name, "", note, is_note=True) for note in merged.notes]
    return RunReport(
        variants=tuple(reports_of_variants),
        problems=tuple(
            sorted(problems, key=lambda problem: (problem.is_note, problem.artifact, problem.path, problem.reason))
        ),
        files=files,
    )


def _read_member(
    artifact: str, shard: str, member: archive.Member, variant: _Variant, budget: _Budget, limits: Limits
) -> str | None:
    """Read one file into a variant; returns None for a report, "" for something else, or the fault."""
    cases: list[ReportedCase] = []
    if member.stream is None:
        return "It could not be opened."
    try:
        summary = reader.read(member.stream, cases.extend, limits)
    except NotAReportError:
        return ""
    except InvalidReportError as error:
        return str(error)
    if len(cases) > budget.cases:
        return f"It was left out: its run has more than {limits.cases:,} cases."
    cases = budget.keep(cases)
    if summary.repeats is DuplicateMeaning.UNMARKED_RETRIES:
        cases = duplicate_case.mark_failed_retries(cases)
    source = collision.Source(artifact, shard, member.path, summary.repeats is DuplicateMeaning.TESTS)
    variant.reports.append((source, cases))
    if summary.complete:
        return None
    return f"{'Read in part' if summary.cases else 'Nothing to read'}: {'; '.join(summary.warnings)}."


def _order(problem: Problem) -> tuple[bool, str, str, str]:
    return problem.is_note, problem.artifact, problem.path, problem.reason


def _without_text(case: ReportedCase) -> ReportedCase:
    failure = case.failure and replace(case.failure, text="")
    reruns = tuple(
        result._replace(failure=result.failure and replace(result.failure, text="")) for result in case.reruns
    )
    return case._replace(failure=failure, reruns=reruns)
