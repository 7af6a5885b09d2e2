"""The check run: what each failure of a commit is called, what follows from that, and how it reads."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from bot.analysis.model import Problem, Status

NAME = "FlakeGuard"
MAX_SUMMARY = 65_535
MAX_ACTIONS = 3
_LISTED = 100


class Naming(StrEnum):
    """What a failure is called, in the order of precedence."""

    QUARANTINED = "QUARANTINED"
    BROKEN_ON_MAIN = "BROKEN ON MAIN"
    INFRA = "INFRA"
    FLAKY = "FLAKY"
    NEW = "NEW"


class Conclusion(StrEnum):
    """GitHub's conclusions that FlakeGuard uses."""

    SUCCESS = "success"
    FAILURE = "failure"
    NEUTRAL = "neutral"


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckFailure:
    """One failing case of a commit in one variant; `evidence` is a sentence of ours."""

    title: str
    variant: str
    naming: Naming
    evidence: str
    message: str
    run_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CommitResult:
    """Everything known of a commit: over the latest attempt of every workflow and variant."""

    head_sha: str
    failures: tuple[CheckFailure, ...]
    problems: tuple[Problem, ...]
    runs: int
    cases: int
    finished: bool
    complete: bool


@dataclass(frozen=True, slots=True)
class Action:
    """A button of a check run."""

    label: str
    description: str
    identifier: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckRun:
    """A check run as GitHub takes it; `conclusion` is None while it is in progress."""

    head_sha: str
    conclusion: Conclusion | None
    title: str
    summary: str
    actions: tuple[Action, ...]


QUARANTINE = Action("Quarantine", "Propose to quarantine the flaky ones", "quarantine")
RERUN = Action("Rerun failed", "Run the failed jobs again", "rerun")


def name_failure(*, quarantined: bool, status: Status, in_outage: bool) -> Naming:
    """What a failure is called; one of a healthy, suspect or insufficient case is new."""
    if quarantined:
        return Naming.QUARANTINED
    if status is Status.BROKEN:
        return Naming.BROKEN_ON_MAIN
    if status is Status.INFRA or in_outage:
        return Naming.INFRA
    if status is Status.FLAKY:
        return Naming.FLAKY
    return Naming.NEW


def conclude(namings: Iterable[Naming], *, complete: bool) -> Conclusion:
    """What a finished commit's failures amount to; an incomplete one is never green."""
    found = set(namings)
    if Naming.NEW in found:
        return Conclusion.FAILURE
    if not complete or found - {Naming.QUARANTINED}:
        return Conclusion.NEUTRAL
    return Conclusion.SUCCESS


def render(result: CommitResult) -> CheckRun:
    """The check run of a commit."""
    counts = {naming: sum(one.naming is naming for one in result.failures) for naming in Naming}
    told = ", ".join(f"{number} {naming.value.lower()}" for naming, number in counts.items() if number)
    total = len(result.failures)
    if not result.finished:
        return CheckRun(
            head_sha=result.head_sha,
            conclusion=None,
            title="Waiting for runs of this commit to finish",
            summary=_summary(result),
            actions=(),
        )
    conclusion = conclude((one.naming for one in result.failures), complete=result.complete)
    title = f"{total} failure{'s' * (total != 1)}: {told}" if total else f"No failure in {result.cases:,} cases"
    if not result.complete:
        title = f"Incomplete: {title[0].lower()}{title[1:]}"
    elif total and conclusion is Conclusion.SUCCESS:
        title = f"Not you: {title}"
    actions = [QUARANTINE] if counts[Naming.FLAKY] else []
    if total:
        actions.append(RERUN)
    return CheckRun(
        head_sha=result.head_sha,
        conclusion=conclusion,
        title=title,
        summary=_summary(result),
        actions=tuple(actions[:MAX_ACTIONS]),
    )


def _summary(result: CommitResult) -> str:
    lines = [
        f"Read {result.cases:,} cases of {result.runs} run{'s' * (result.runs != 1)} of `{result.head_sha[:7]}`.",
        "",
    ]
    order = list(Naming)
    failures = sorted(result.failures, key=lambda one: (-order.index(one.naming), one.title, one.variant))
    for one in failures[:_LISTED]:
        lines.append(f"- **{one.naming.value}** {_code(one.title)} ({_text(one.variant)}): {one.evidence}")
        if one.message:
            lines.append(f"  {_code(one.message[:300])}")
        if one.run_url:
            lines.append(f"  [the run]({one.run_url})")
    if len(failures) > _LISTED:
        lines.append(f"- and {len(failures) - _LISTED} more.")
    if result.problems:
        lines += ["", "**Could not be read**, so this commit is not known to be whole:", ""]
        lines += [
            f"- {_code(one.artifact)} {_code(one.path) if one.path else ''}: {_text(one.reason)}"
            for one in result.problems[:_LISTED]
        ]
    text = "\n".join(lines)
    note = "\n\n(cut: GitHub takes no more)"
    return (
        text
        if len(text.encode()) <= MAX_SUMMARY
        else text.encode()[: MAX_SUMMARY - len(note)].decode("utf-8", "ignore") + note
    )


def _code(text: str) -> str:
    """Untrusted text as inline code: one line, in a fence longer than any run of backticks inside."""
    flat = " ".join(text.split())
    longest = max((len(run) for run in re.findall(r"`+", flat)), default=0)
    fence = "`" * (longest + 1)
    return f"{fence} {flat} {fence}" if longest else f"`{flat}`"


def _text(text: str) -> str:
    """Untrusted text as plain text: nothing of it is markup, a link or a mention."""
    flat = " ".join(text.split())
    escaped = re.sub(r"([\\`*_{}\[\]<>()#+!|~])", r"\\\1", flat)
    return escaped.replace("@", "@\u200b")
