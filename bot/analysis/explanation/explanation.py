"""Why a case has its status: the evidence, and sentences for people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import assert_never

from bot.analysis.case_state import VariantScore
from bot.analysis.explanation.counterfactual import Counterfactual, ReleaseAfter, StatusAfter, StatusWithoutDay
from bot.analysis.explanation.evidence import Evidence
from bot.analysis.model import Status
from bot.analysis.quarantine.release import Progress
from bot.analysis.run import StoredRun

MAX_LISTED = 5
"""Items of each kind of evidence that are listed; the rest is counted."""
_SHORT_SHA = 7


@dataclass(frozen=True, slots=True)
class Outlook:
    """What would change the status: clean commits, or a day without its runs.

    `changes` are the statuses that clean commits lead to, each with how many it takes. `release` is the progress of a
    quarantined case, `until_release` how many more clean commits release it.
    """

    changes: tuple[tuple[int, Status], ...]
    without: tuple[StatusWithoutDay, ...]
    release: Progress | None
    until_release: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Why a case has its status, in one sentence and in lines, and what would change it (the counterfactuals).

    Names and messages in the texts come from reports and are untrusted.
    """

    status: Status
    sentence: str
    evidence: Evidence
    counterfactuals: tuple[Counterfactual, ...]
    lines: tuple[str, ...]


def explain(status: Status, score: VariantScore | None, evidence: Evidence, outlook: Outlook) -> Explanation:
    """The explanation of a case; `score` is that of its worst variant, None if it never failed."""
    return Explanation(
        status=status,
        sentence=_sentence(status, score, evidence),
        evidence=evidence,
        counterfactuals=_changes(status, score, outlook),
        lines=_lines(score, evidence),
    )


def _sentence(status: Status, score: VariantScore | None, evidence: Evidence) -> str:
    if score is None:
        return "Healthy: it has never failed." if status is Status.HEALTHY else "Too few runs: it has never failed yet."
    seen = f"it failed in {score.failures:,} of {_count(score.runs, 'run')}"
    why = _on_same_code(evidence) or seen
    match status:
        case Status.FLAKY:
            often = f"{'lately ' if score.began_lately else ''}fails in about {_percent(score.rate)} of its runs"
            text = f"Flaky: {why}, and {often} ({_sure(score.p_flaky)})"
        case Status.BROKEN:
            text = f"Broken: {_broken(evidence)} ({_sure(score.p_broken)})"
        case Status.INFRA:
            text = f"Infrastructure: {_with_the_rest(score, evidence)}"
        case Status.SUSPECT:
            text = f"Watched, evidence insufficient: {why} ({_percent(score.p_flaky)} likely flaky)"
        case Status.INSUFFICIENT:
            text = f"Too few runs: {score.runs:,} so far"
        case Status.HEALTHY:
            text = f"Healthy: {seen}, {_why_healthy(evidence)}"
        case _:
            assert_never(status)
    return f"{text}."


def _on_same_code(evidence: Evidence) -> str:
    if not evidence.mixed:
        return ""
    return f"it passed and failed on the same code on {_count(len(evidence.mixed), 'commit')}"


def _broken(evidence: Evidence) -> str:
    if evidence.first_bad is not None:
        return f"it fails since a change {evidence.first_bad.sentence}"
    if evidence.failing_streak:
        return f"it failed on the last {_count(evidence.failing_streak, 'commit')} of the default branch"
    return "its failures look like a change that broke it, not like chance"


def _with_the_rest(score: VariantScore, evidence: Evidence) -> str:
    if not evidence.discounted:
        return f"its {_count(score.failures, 'failure')} came when much of the run failed"
    incident = evidence.discounted[0].incident.sentence
    failures = f"{evidence.discounted_failures:,} of its {_count(score.failures, 'failure')}"
    return f"{failures} came with the rest of the run: {incident}"


def _why_healthy(evidence: Evidence) -> str:
    if evidence.discounted and not evidence.streak:
        return f"{evidence.discounted_failures:,} of them discounted because much of the run failed"
    if evidence.streak:
        return f"none on the last {_count(evidence.streak, 'commit')} of the default branch"
    return "too long ago or too explained to count"


def _lines(score: VariantScore | None, evidence: Evidence) -> tuple[str, ...]:
    lines = []
    if score is not None:
        low, high = score.interval
        lines.append(f"{_count(score.failures, 'failure')} in {_count(score.runs, 'run')} of {score.variant}.")
        if score.status is Status.FLAKY:
            rate = f"{_percent(score.rate)} of runs ({_percent(low)} to {_percent(high)})"
            lines.append(f"Fails for no reason in about {rate}.")
    mixed = [
        f"{commit.sha[:_SHORT_SHA]} ({_plural('run', len(commit.runs))} {', '.join(map(_name, commit.runs))})"
        for commit in evidence.mixed
    ]
    isolated = [f"{run.head_branch} (run #{run.number})" for run in evidence.isolated]
    kinds = [
        f"{_count(kind.count, 'time')} {kind.message or 'no message'} ({kind.category})" for kind in evidence.kinds
    ]
    lines += [
        f"{heading}: {_enumerate(items)}."
        for heading, items in (
            ("Passed and failed on the same code", mixed),
            (f"The only failure on {_count(len(isolated), 'pull request')}", isolated),
            (f"Fails in {_count(len(kinds), 'way')}", kinds),
        )
        if items
    ]
    lines += [
        f"{_count(discount.failures, 'failure')} discounted: {discount.incident.sentence}."
        for discount in evidence.discounted[:MAX_LISTED]
    ]
    if len(evidence.discounted) > MAX_LISTED:
        lines.append(f"Failures in {_count(len(evidence.discounted) - MAX_LISTED, 'more incident')} discounted.")
    lines += [
        f"Suite {fault.suite} failed as a whole in {_count(fault.runs, 'run')}: look at its fixture first."
        for fault in evidence.faults
    ]
    if evidence.streak:
        lines.append(f"Clean on the last {_count(evidence.streak, 'commit')} of the default branch.")
    return tuple(lines)


def _changes(status: Status, score: VariantScore | None, outlook: Outlook) -> tuple[Counterfactual, ...]:
    changes: list[Counterfactual] = []
    if outlook.release is not None and not outlook.release.is_released:
        changes.append(ReleaseAfter(outlook.until_release))
    if score is not None and status in {Status.FLAKY, Status.BROKEN, Status.SUSPECT}:
        changes += [StatusAfter(commits, after) for commits, after in outlook.changes]
        if not any(after is Status.HEALTHY for _, after in outlook.changes):
            changes.append(StatusAfter(None, Status.HEALTHY))
    changes += [without for without in outlook.without if without.status is not status]
    return tuple(changes)


def _enumerate(items: Sequence[str]) -> str:
    shown = ", ".join(items[:MAX_LISTED])
    return shown if len(items) <= MAX_LISTED else f"{shown} and {len(items) - MAX_LISTED:,} more"


def _name(run: StoredRun) -> str:
    return f"#{run.number}" if run.attempt == 1 else f"#{run.number} attempt {run.attempt}"


def _count(number: int, noun: str) -> str:
    return f"{number:,} {_plural(noun, number)}"


def _plural(noun: str, number: int) -> str:
    return noun if number == 1 else f"{noun}s"


def _percent(share: float) -> str:
    shown = 100 * share
    return f"{shown:.0f} %" if shown >= 1 or shown == 0 else f"{max(shown, 0.1):.1f} %"


def _sure(probability: float) -> str:
    return f"{min(99, 100 * probability):.0f} % sure"
