"""News of a repository that are of no single case: imported history, outages, unread reports."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.analysis.incident import Incident, Kind
from bot.analysis.model import Problem, Status
from bot.slack import block_kit, mrkdwn
from bot.slack.block_kit import Block, Message
from bot.slack.ids import Action
from bot.slack.views import phrase

_MAX_PROBLEMS = 5
_MAX_PARTS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportSummary:
    """The history of a repository as it was first imported, in numbers of cases."""

    repository: str
    runs: int
    cases: int
    flaky: int
    broken: int
    first_at: datetime
    last_at: datetime
    problems: int


def imported(summary: ImportSummary) -> Message:
    """Say once what the history of a repository taught."""
    found = phrase.listing([f"{summary.flaky:,} flaky", f"{summary.broken:,} broken"])
    runs, cases = phrase.count(summary.runs, "run"), phrase.count(summary.cases, "test")
    head = f"\N{BOOKS} History of {phrase.repository(summary.repository)} imported: {runs} of {cases}."
    text = f"{mrkdwn.spoken(head)} From {phrase.day(summary.first_at)} to {phrase.day(summary.last_at)}: {found}."
    blocks: list[Block] = [
        block_kit.fields(
            ("Flaky", f"{phrase.DOTS[Status.FLAKY]} {phrase.count(summary.flaky, 'test')}"),
            ("Broken", f"{phrase.DOTS[Status.BROKEN]} {phrase.count(summary.broken, 'test')}"),
            ("From", phrase.when(summary.first_at)),
            ("To", phrase.when(summary.last_at)),
        ),
        block_kit.actions(
            block_kit.button("Show status", Action.MENU_STATUS, says=f"Show the status of {summary.repository}")
        ),
    ]
    if summary.problems:
        unread = f"{phrase.count(summary.problems, 'report')} could not be read."
        text = f"{text} {unread}"
        blocks.append(block_kit.context(f"\N{WARNING SIGN} {unread}"))
    return block_kit.message(head, *blocks, text=text)


def outage(repository: str, run_url: str, run_number: int, failed: int, cases: int) -> Message:
    """Say that so much of one run failed together that it speaks of the run, not of its tests."""
    share = f"{failed:,} of {phrase.count(cases, 'test')} failed together"
    dot = phrase.DOTS[Status.INFRA]
    run = _run(repository, run_url, run_number)
    return block_kit.message(f"{dot} *Infra:* {share} in {run}, so the run does not count against them.")


def partial_outage(repository: str, run_url: str, run_number: int, incidents: Sequence[Incident]) -> Message:
    """Say which suites or runners of a run failed as a whole, so that it speaks of these, not of their tests."""
    named = [_part(incident) for incident in incidents[:_MAX_PARTS]]
    if (more := len(incidents) - len(named)) > 0:
        named.append(f"{more:,} more of its suites and runners")
    subject = f"{phrase.listing(named)} failed together"
    dot = phrase.DOTS[Status.INFRA]
    run = _run(repository, run_url, run_number)
    return block_kit.message(f"{dot} *Infra:* {subject} in {run}, so these failures do not count against them.")


def _part(incident: Incident) -> str:
    what = "on" if incident.kind is Kind.RUNNER else "of suite"
    name = mrkdwn.escape(mrkdwn.line(incident.suite), 140) or "no name"
    return f"{incident.failed:,} of {phrase.count(incident.ran, 'test')} {what} {name}"


def unreadable(repository: str, run_url: str, run_number: int, problems: Sequence[Problem]) -> Message:
    """Say what of a run is missing or could not be read, and why."""
    many = f"{phrase.count(len(problems), 'part')} of it {'is' if len(problems) == 1 else 'are'} missing or unreadable"
    first = f" The first: {mrkdwn.escape(mrkdwn.line(problems[0].reason), 200)}." if problems else ""
    run = _run(repository, run_url, run_number, noun="Run")
    incomplete = f"\N{WARNING SIGN} {run} is incomplete: {many}."
    lines = [
        f"• {mrkdwn.code(f'{problem.artifact}/{problem.path}' if problem.path else problem.artifact, 160)}: "
        f"{mrkdwn.escape(mrkdwn.line(problem.reason), 300)}"
        for problem in problems[:_MAX_PROBLEMS]
    ]
    if len(problems) > _MAX_PROBLEMS:
        lines.append(f"and {len(problems) - _MAX_PROBLEMS} more")
    listed = [block_kit.section("\n".join(lines))] if lines else []
    return block_kit.message(incomplete, *listed, text=f"{mrkdwn.spoken(incomplete)}{first}")


def _run(repository: str, url: str, number: int, noun: str = "run") -> str:
    return f"{mrkdwn.link(url, f'{noun} #{number}')} of {phrase.repository(repository)}"
