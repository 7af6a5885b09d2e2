"""Find what a run lacks, by the names of its artifacts, its earlier attempts and the runs before it (ADR 7).

A variant that lacks something is marked incomplete, and its passes are no evidence. Each reason can stand alone in
the title of a check run.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from bot.analysis.identity import artifact_name
from bot.analysis.model import Problem, RunReport, VariantReport
from bot.analysis.quarantine.policy import DEFAULT as DEFAULT_POLICY
from bot.analysis.quarantine.policy import Policy

# ADR 7: a run is compared with this many of the last runs of its workflow and branch.
COMPARED_RUNS: Final = 5
# Fewer cases than this share of what the last runs had are far fewer; a handful of tests is deleted in one commit.
_FEW_SHARE: Final = 0.5
_FEWEST_MISSING: Final = 5
_SHARD_RUNS: Final = 3
_VARIANT_RUNS: Final = 3


@dataclass(frozen=True, slots=True)
class ReportPart:
    """One variant of another run or attempt; `cases` is their number."""

    variant: str
    shards: frozenset[str]
    cases: int
    complete: bool = True


@dataclass(frozen=True, slots=True)
class RunAttempt:
    """An earlier attempt of the same run, with what it lacked."""

    number: int
    parts: tuple[ReportPart, ...]
    problems: tuple[Problem, ...]


def assess(
    report: RunReport,
    workflow_path: str,
    earlier: Sequence[RunAttempt],
    before: Sequence[Sequence[ReportPart]],
    policy: Policy = DEFAULT_POLICY,
) -> RunReport:
    """Add what is missing to the problems of a report, and mark the variants that lack something incomplete.

    `earlier` are the earlier attempts of the run: this one may have run only the jobs that had failed. `before` are the
    last runs of the same workflow and branch, newest first, up to `COMPARED_RUNS`.
    """
    last = before[:COMPARED_RUNS]
    problems: list[Problem] = []
    lacking: set[str] = set()
    for current in report.variants:
        reasons = [*_missing_shards(current, earlier, last), *_missing_cases(current, earlier, last)]
        problems += [Problem(current.variant, "", reason) for reason in reasons]
        if reasons:
            lacking.add(current.variant)
    problems += [Problem(variant, "", reason) for variant, reason in _missing_variants(report, earlier, last)]
    problems += _still_missing(report, workflow_path, earlier, policy)
    if not problems:
        return report
    return replace(
        report,
        variants=tuple(
            replace(current, complete=current.complete and current.variant not in lacking)
            for current in report.variants
        ),
        problems=(*report.problems, *problems),
    )


def _missing_shards(
    current: VariantReport, earlier: Sequence[RunAttempt], before: Sequence[Sequence[ReportPart]]
) -> list[str]:
    """The shards that the names of the others promise, or that the last runs had."""
    present = set(current.shards).union(*(part.shards for part in _parts(current.variant, earlier)))
    if current.shard_count:
        first = 0 if "0" in present else 1
        expected = {str(number) for number in range(first, current.shard_count + first)}
        missing = expected - {shard.lstrip("0") or "0" for shard in present}
        return [f"{_named(missing)} of {current.shard_count} {_is(missing)} missing."] if missing else []
    counts: dict[str, int] = {}
    known = [part for parts in before[:_SHARD_RUNS] for part in parts if part.variant == current.variant]
    for part in known:
        for shard in part.shards:
            counts[shard] = counts.get(shard, 0) + 1
    usual = {shard for shard, count in counts.items() if count >= min(2, len(known))}
    missing = usual - present
    return [f"{_named(missing)} {_is(missing)} missing; the last runs had {len(usual)}."] if missing else []


def _missing_cases(
    current: VariantReport, earlier: Sequence[RunAttempt], before: Sequence[Sequence[ReportPart]]
) -> list[str]:
    """Far fewer cases than the second smallest of the last runs had.

    The second smallest: one odd run does not count, and a suite that stays smaller is accepted in its third run.
    """
    counts = sorted(part.cases for parts in before for part in parts if part.variant == current.variant)
    if not counts:
        return []
    usual = counts[min(1, len(counts) - 1)]
    present = _count_cases(current, earlier)
    if present >= usual * _FEW_SHARE or usual - present < _FEWEST_MISSING:
        return []
    return [f"{present:,} case{'s' * (present != 1)}, the last runs had {round(statistics.median(counts)):,}."]


def _count_cases(current: VariantReport, earlier: Sequence[RunAttempt]) -> int:
    """The cases of a variant over all attempts; those of different shards add up."""
    most: dict[frozenset[str], int] = {frozenset(current.shards): len(current.cases)}
    for part in _parts(current.variant, earlier):
        most[part.shards] = max(most.get(part.shards, 0), part.cases)
    are_disjoint = sum(map(len, most)) == len(frozenset().union(*most))
    return sum(most.values()) if are_disjoint else max(most.values())


def _missing_variants(
    report: RunReport, earlier: Sequence[RunAttempt], before: Sequence[Sequence[ReportPart]]
) -> list[tuple[str, str]]:
    """The variants that each of the last runs had, and no attempt of this one."""
    if len(before) < _VARIANT_RUNS:
        return []
    usual = set.intersection(*({part.variant for part in parts} for parts in before))
    present = {current.variant for current in report.variants}
    present.update(part.variant for attempt in earlier for part in attempt.parts)
    return [(variant, "No report of it, the last runs had one.") for variant in sorted(usual - present)]


def _still_missing(
    report: RunReport, workflow_path: str, earlier: Sequence[RunAttempt], policy: Policy
) -> list[Problem]:
    """What the attempt before lacked and this one has not run in full."""
    if not earlier:
        return []
    latest = max(earlier, key=lambda attempt: attempt.number)
    whole = {current.variant: frozenset(current.shards) for current in report.variants if current.complete}
    left = []
    for problem in latest.problems:
        if problem.is_note or _is_variant(problem.artifact):
            continue
        variant, shard = artifact_name.split(problem.artifact, workflow_path, policy)
        if variant in whole and (shard in whole[variant] if shard else True):
            continue
        reason = (
            problem.reason if problem.reason.startswith("Attempt ") else f"Attempt {latest.number}: {problem.reason}"
        )
        left.append(replace(problem, reason=reason))
    return left


def _is_variant(name: str) -> bool:
    """Whether a problem is about a variant, which is checked again here; no artifact's name has a slash."""
    return "/" in name


def _parts(variant: str, earlier: Iterable[RunAttempt]) -> list[ReportPart]:
    return [part for attempt in earlier for part in attempt.parts if part.variant == variant]


def _named(shards: set[str]) -> str:
    names = sorted(shards, key=lambda shard: (len(shard), shard))
    listed = ", ".join(names[:-1]) + f" and {names[-1]}" if len(names) > 1 else names[0]
    return f"Shard{'s' * (len(names) > 1)} {listed}"


def _is(shards: set[str]) -> str:
    return "are" if len(shards) > 1 else "is"
