"""Is a run whole? Held against what its artifacts promise, against its earlier attempts and against the runs before.

A run that is not whole is never evidence of a pass: the variant that lacks something is marked, and judging gives no
credit for what passed in it. What is missing is said in words that stand alone in the title of a check run.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from bot.analysis.identity import variant as variant_name
from bot.analysis.model import Problem, RunReport, VariantReport
from bot.analysis.quarantine import policy as policies
from bot.analysis.quarantine.policy import Policy

LOOKED_AT: Final = 5
"""How many of the last runs of a workflow and branch a run is held against."""
_FEW: Final = 0.5
"""Fewer cases than this share of what the last runs had are far fewer."""
_LEAST: Final = 5
"""Cases that have to be missing: a handful of tests is deleted in one commit."""
_SHARD_RUNS: Final = 3
_LEG_RUNS: Final = 3


@dataclass(frozen=True, slots=True)
class Part:
    """What is known of one variant of another run or attempt; `cases` is their number."""

    variant: str
    shards: frozenset[str]
    cases: int
    complete: bool = True


@dataclass(frozen=True, slots=True)
class Attempt:
    """An earlier attempt of the same run, with what was missing of it."""

    number: int
    parts: tuple[Part, ...]
    problems: tuple[Problem, ...]


def assess(
    report: RunReport,
    workflow_path: str,
    earlier: Sequence[Attempt],
    before: Sequence[Sequence[Part]],
    policy: Policy = policies.DEFAULT,
) -> RunReport:
    """The report with what is missing in it as problems, and the variants that lack something marked.

    `earlier` are the attempts of the same run before this one, which may have run again only what had failed; `before`
    are the last runs of the same workflow and branch, newest first, as many as `LOOKED_AT`.
    """
    last = before[:LOOKED_AT]
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


def _missing_shards(current: VariantReport, earlier: Sequence[Attempt], before: Sequence[Sequence[Part]]) -> list[str]:
    """The shards that the names of the others promise, or that the last runs had, and that are not there."""
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


def _missing_cases(current: VariantReport, earlier: Sequence[Attempt], before: Sequence[Sequence[Part]]) -> list[str]:
    """Far fewer cases than the second smallest of the last runs had.

    One odd run is no measure, and a suite that stays smaller is taken for what it is in the third run.
    """
    counts = sorted(part.cases for parts in before for part in parts if part.variant == current.variant)
    if not counts:
        return []
    usual = counts[min(1, len(counts) - 1)]
    present = _together(current, earlier)
    if present >= usual * _FEW or usual - present < _LEAST:
        return []
    return [f"{present:,} case{'s' * (present != 1)}, the last runs had {round(statistics.median(counts)):,}."]


def _together(current: VariantReport, earlier: Sequence[Attempt]) -> int:
    """The cases of all attempts of a variant: those of other shards add up, those of the same are the same."""
    most: dict[frozenset[str], int] = {frozenset(current.shards): len(current.cases)}
    for part in _parts(current.variant, earlier):
        most[part.shards] = max(most.get(part.shards, 0), part.cases)
    apart = sum(map(len, most)) == len(frozenset().union(*most))
    return sum(most.values()) if apart else max(most.values())


def _missing_variants(
    report: RunReport, earlier: Sequence[Attempt], before: Sequence[Sequence[Part]]
) -> list[tuple[str, str]]:
    """The variants that each of the last runs had, and that neither this attempt nor one before it has."""
    if len(before) < _LEG_RUNS:
        return []
    usual = set.intersection(*({part.variant for part in parts} for parts in before))
    present = {current.variant for current in report.variants}
    present.update(part.variant for attempt in earlier for part in attempt.parts)
    return [(variant, "No report of it, the last runs had one.") for variant in sorted(usual - present)]


def _still_missing(report: RunReport, workflow_path: str, earlier: Sequence[Attempt], policy: Policy) -> list[Problem]:
    """What was missing in the attempt before and has not been run again in full since."""
    if not earlier:
        return []
    latest = max(earlier, key=lambda attempt: attempt.number)
    whole = {current.variant: frozenset(current.shards) for current in report.variants if current.complete}
    left = []
    for problem in latest.problems:
        if problem.is_note or _is_variant(problem.artifact):
            continue
        variant, shard = variant_name.split(problem.artifact, workflow_path, policy)
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


def _parts(variant: str, earlier: Iterable[Attempt]) -> list[Part]:
    return [part for attempt in earlier for part in attempt.parts if part.variant == variant]


def _named(shards: set[str]) -> str:
    names = sorted(shards, key=lambda shard: (len(shard), shard))
    listed = ", ".join(names[:-1]) + f" and {names[-1]}" if len(names) > 1 else names[0]
    return f"Shard{'s' * (len(names) > 1)} {listed}"


def _is(shards: set[str]) -> str:
    return "are" if len(shards) > 1 else "is"
