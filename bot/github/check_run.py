"""The check run of a commit: its conclusion, title, summary and buttons."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from bot.analysis.commit_state import CaseFailure, CommitState, FailureClass
from bot.analysis.model import Problem

NAME = "FlakeGuard"
# GitHub's limits: https://docs.github.com/rest/checks/runs#create-a-check-run
MAX_SUMMARY = 65_535
MAX_TITLE = 255
MAX_ACTIONS = 3
_LISTED = 100
_SHOWN = 300
_TITLED = 100  # of a title's 255 characters
_DETAILED = 4_000
_CUT = "\n\n(cut: GitHub takes no more)"
# Control characters, and the marks that make text read in another order than it is written.
_UNSEEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")


class Conclusion(StrEnum):
    """GitHub's conclusions that FlakeGuard uses."""

    SUCCESS = "success"
    FAILURE = "failure"
    NEUTRAL = "neutral"


@dataclass(frozen=True, slots=True)
class CheckRunAction:
    """A button of a check run."""

    label: str
    description: str
    identifier: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckRunContent:
    """A check run to create or update; `conclusion` is None while it is in progress."""

    head_sha: str
    conclusion: Conclusion | None
    title: str
    summary: str
    actions: tuple[CheckRunAction, ...]
    text: str = ""

    @property
    def external_id(self) -> str:
        """Our id of it, by which it is found when its number is not known."""
        return f"commit:{self.head_sha}"


QUARANTINE = CheckRunAction("Quarantine", "Propose to quarantine the flaky ones", "quarantine")
RERUN = CheckRunAction("Rerun failed", "Run the failed jobs again", "rerun")


def conclude(classes: Iterable[FailureClass], *, complete: bool) -> Conclusion:
    """The conclusion of a finished commit; an incomplete one is never green."""
    present = set(classes)
    if FailureClass.NEW in present:
        return Conclusion.FAILURE
    if not complete or present - {FailureClass.QUARANTINED}:
        return Conclusion.NEUTRAL
    return Conclusion.SUCCESS


def render(result: CommitState) -> CheckRunContent:
    """The check run of a commit."""
    total = len(result.failures)
    classes = {failure.classification for failure in result.failures}
    actions = [QUARANTINE] if FailureClass.FLAKY in classes else []
    if total and result.finished:
        actions.append(RERUN)
    conclusion = conclude(classes, complete=result.complete)
    return CheckRunContent(
        head_sha=result.head_sha,
        conclusion=conclusion if result.finished else None,
        title=_title(result)[:MAX_TITLE],
        summary=_summary(result),
        actions=tuple(actions[:MAX_ACTIONS]),
        text=_details(result),
    )


def _title(result: CommitState) -> str:
    counts = Counter(failure.classification for failure in result.failures)
    listed = ", ".join(f"{counts[kind]:,} {kind.value.lower()}" for kind in reversed(FailureClass) if counts[kind])
    if not result.finished:
        return f"Waiting for runs of this commit to finish{'; so far ' + listed if listed else ''}"
    total = len(result.failures)
    read = f"{result.cases:,} case{'s' * (result.cases != 1)}"
    title = f"{total:,} failure{'s' * (total != 1)}: {listed}" if total else f"No failure in {read}"
    if result.complete:
        return title
    missing = _missing(result.faults)
    if counts[FailureClass.NEW]:
        return f"{title} (incomplete{': ' + missing if missing else ''})"
    return f"Incomplete: {missing}{'; ' if missing else ''}{title[0].lower()}{title[1:]}"


def _missing(faults: Sequence[Problem]) -> str:
    """What is missing of a commit as a clause: the first thing, where it is, and how many more."""
    if not faults:
        return ""
    reason = " ".join(_UNSEEN.sub(" ", faults[0].reason).split()).rstrip(".")[:_TITLED]
    where = " ".join(_UNSEEN.sub(" ", faults[0].artifact).split())[:_TITLED]
    more = f" and {len(faults) - 1:,} more" if len(faults) > 1 else ""
    if reason[1:2].islower():
        reason = f"{reason[0].lower()}{reason[1:]}"
    return f"{reason} ({where}){more}"


def _ordered(failures: Iterable[CaseFailure]) -> list[CaseFailure]:
    """The failures with those that concern the author first."""
    order = list(FailureClass)
    return sorted(failures, key=lambda failure: (-order.index(failure.classification), failure.title, failure.variant))


def _summary(result: CommitState) -> str:
    cases, runs = (
        f"{count:,} {noun}{'s' * (count != 1)}" for count, noun in ((result.cases, "case"), (result.runs, "run"))
    )
    lines = [f"Read {cases} of {runs} of `{result.head_sha[:7]}`.", ""]
    failures = _ordered(result.failures)
    for failure in failures[:_LISTED]:
        case = f"{_code(failure.title)} ({_text(failure.variant)})"
        lines.append(f"- **{failure.classification.value}** {case}: {_evidence(failure)}.")
        if failure.message:
            lines.append(f"  {_code(failure.message[:_SHOWN])}")
        if failure.run_url:
            lines.append(f"  [the run]({failure.run_url})")
    if len(failures) > _LISTED:
        lines.append(f"- and {len(failures) - _LISTED:,} more.")
    lines += _listed(
        "**Missing or unreadable**, so this commit is not known to be whole:",
        result.faults,
    )
    lines += _listed(
        "**To know** of how the reports were read:", [problem for problem in result.problems if problem.is_note]
    )
    return _fitting(lines, "\n")


def _evidence(failure: CaseFailure) -> str:
    evidence = failure.record
    if failure.mixed_commits:
        evidence += f", passed and failed on the same code on {failure.mixed_commits:,} commits"
    if failure.quarantined_until is not None:
        evidence = f"quarantined until {failure.quarantined_until:%d %B %Y}; {evidence}"
    return evidence


def _listed(heading: str, problems: Sequence[Problem]) -> list[str]:
    if not problems:
        return []
    lines = ["", heading, ""]
    for problem in problems[:_LISTED]:
        where = " ".join(_code(part) for part in (problem.artifact, problem.path) if part)
        lines.append(f"- {where}: {_text(problem.reason)}")
    if len(problems) > _LISTED:
        lines.append(f"- and {len(problems) - _LISTED:,} more.")
    return lines


def _details(result: CommitState) -> str:
    """The whole message of each failure whose summary shows only its beginning."""
    parts = []
    for failure in _ordered(result.failures)[:_LISTED]:
        if len(failure.message) <= _SHOWN and "\n" not in failure.message.strip():
            continue
        fence = "`" * max(3, _longest_fence(failure.message) + 1)
        message = _UNSEEN.sub("", failure.message[:_DETAILED])
        parts.append(f"{_code(failure.title)} ({_text(failure.variant)})\n\n{fence}text\n{message}\n{fence}")
    return _fitting(parts, "\n\n")


def _fitting(pieces: Iterable[str], separator: str) -> str:
    """As many whole pieces as GitHub takes, so that no markup is left open, with a note where some are missing."""
    kept: list[str] = []
    room = MAX_SUMMARY - len(_CUT.encode())
    for piece in pieces:
        room -= len((piece + separator).encode())
        if room < 0:
            return separator.join(kept) + _CUT
        kept.append(piece)
    return separator.join(kept)


def _longest_fence(text: str) -> int:
    return max((len(run) for run in re.findall(r"`+", text)), default=0)


def _code(text: str) -> str:
    """Untrusted text as inline code: one line, in a fence longer than any run of backticks inside."""
    flat = " ".join(_UNSEEN.sub(" ", text).split()) or "(nothing)"
    longest = _longest_fence(flat)
    fence = "`" * (longest + 1)
    return f"{fence} {flat} {fence}" if longest else f"`{flat}`"


def _text(text: str) -> str:
    """Untrusted text as plain text: nothing of it is markup, a link or a mention."""
    flat = " ".join(_UNSEEN.sub(" ", text).split())
    escaped = re.sub(r"([\\`*_{}\[\]<>()#+!|~])", r"\\\1", flat)
    return escaped.replace("@", "@\u200b")
