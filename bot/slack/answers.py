"""What one person sees who asked: help, health, one case in full, lists, and errors. Pure, ephemeral."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bot.analysis.lifecycle import Quarantine, State
from bot.analysis.model import CaseProfile, Status, Verdict
from bot.slack import blockkit, messages, phrases
from bot.slack.blockkit import Block, Element, Message
from bot.slack.names import Action

MAX_ROWS = 20
_MAX_RECENT = 30
_MAX_AUDIT = 10
_ROW_TITLE = 160
_SQUARES = {
    Verdict.PASSED: ("\N{LARGE GREEN SQUARE}", "passed"),
    Verdict.FAILED: ("\N{LARGE RED SQUARE}", "failed"),
    Verdict.FLAKY: ("\N{LARGE ORANGE SQUARE}", "did both"),
    Verdict.SKIPPED: ("\N{WHITE LARGE SQUARE}", "skipped"),
}
_ORDER = (Status.BROKEN, Status.FLAKY, Status.INFRA, Status.SUSPECT, Status.INSUFFICIENT, Status.HEALTHY)
_DONE = {State.ACTIVE: "approved"}
_COMMANDS = (
    ("status [owner/repo]", "the health of a repository"),
    ("test <name or part of it>", "everything about one test"),
    ("quarantine <name>", "propose to keep a flaky test from failing builds"),
    ("list [quarantined|proposed|expiring|broken]", "what is going on"),
)


class ListKind(StrEnum):
    """Which cases a list shows; the words of `/flakeguard list`."""

    QUARANTINED = "quarantined"
    PROPOSED = "proposed"
    EXPIRING = "expiring"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class CaseRow:
    """One case in a list, with its quarantine where it has one."""

    profile: CaseProfile
    quarantine: Quarantine | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RepositoryHealth:
    """How a repository does: cases by status, quarantines, runs of the last day, the worst cases first."""

    repository: str
    counts: Mapping[Status, int]
    quarantined: int
    proposed: int
    runs_last_day: int
    failed_runs_last_day: int
    last_run_at: datetime | None
    top: tuple[CaseProfile, ...]


@dataclass(frozen=True, slots=True)
class AuditLine:
    """One entry of the audit trail, such as "approved the quarantine"."""

    at: datetime
    actor_name: str
    action: str
    reason: str = ""


def help_menu(waiting: Sequence[CaseRow] = ()) -> Message:
    """Show what waits for the person, and a button for everything else."""
    many = phrases.count(len(waiting), "proposal waits", "proposals wait")
    text = f"FlakeGuard: {many} for an approver. Ask for status, test, quarantine or list, or use the buttons."
    blocks: list[Block] = [blockkit.header("FlakeGuard"), blockkit.section(f"*{many} for an approver.*")]
    blocks += rows(waiting[:5], label="Review")
    blocks += [
        blockkit.actions(*_menu_buttons()),
        blockkit.section("\n".join(f"{blockkit.code(f'/flakeguard {usage}')} {says}" for usage, says in _COMMANDS)),
    ]
    return Message(text, tuple(blocks))


def status(health: RepositoryHealth) -> Message:
    """Show the health of a repository."""
    counts = {one: health.counts.get(one, 0) for one in _ORDER}
    total = phrases.count(sum(counts.values()), "test")
    words = phrases.listing(f"{number:,} {phrases.WORDS[one]}" for one, number in counts.items() if number)
    runs = f"{phrases.count(health.runs_last_day, 'run')} in the last day, {health.failed_runs_last_day:,} failed"
    name = phrases.repository_text(health.repository)
    text = (
        f"{name}: {total}{f', {words}' if words else ''}; {health.quarantined:,} quarantined, "
        f"{health.proposed:,} proposed; {runs}."
    )
    last = f"last run {phrases.when(health.last_run_at, 'both')}" if health.last_run_at else "no run yet"
    shown = [
        (f"{phrases.DOTS[one]} {phrases.WORDS[one].capitalize()}", f"{number:,}") for one, number in counts.items()
    ]
    blocks: list[Block] = [
        blockkit.section(f"*Health of {phrases.repository(health.repository)}*: {total}"),
        blockkit.fields(*shown, ("Quarantined", f"{health.quarantined:,}"), ("Proposed", f"{health.proposed:,}")),
    ]
    if health.top:
        blocks.append(blockkit.section("*Top flakes*"))
        blocks += rows([CaseRow(profile) for profile in health.top[:5]])
    blocks += [blockkit.actions(*_menu_buttons()), blockkit.context(f"{runs} · {last}")]
    return Message(text, tuple(blocks))


def case_details(
    profile: CaseProfile, quarantine: Quarantine | None, history: Sequence[AuditLine], now: datetime
) -> Message:
    """Show everything known of a case: its card, recent verdicts, variants and audit trail."""
    card = messages.card(profile, quarantine, now)
    recent = profile.recent[-_MAX_RECENT:]
    tally = Counter(recent)
    words = phrases.listing(f"{tally[one]} {word}" for one, (_, word) in _SQUARES.items() if tally[one])
    commits = phrases.count(len(recent), "commit")
    seen = f"The last {commits}, oldest first: {words}" if recent else "It did not run on a commit yet"
    head, foot = card.blocks[:-2], card.blocks[-1]
    blocks: list[Block] = [*head]
    if quarantine is not None and quarantine.state is not State.SUSPENDED:
        blocks += messages.evidence(profile)
    blocks.append(blockkit.section(f"{seen}\n{''.join(_SQUARES[one][0] for one in recent)}".strip()))
    if len(profile.variants) > 1:
        blocks.append(blockkit.section(f"*By variant*\n{_variant_lines(profile)}"))
    blocks.append(blockkit.section(f"*History*\n{_audit_lines(history)}"))
    if moves := [one for one in messages.buttons(profile, quarantine) if one["action_id"] != Action.DETAILS]:
        blocks.append(blockkit.actions(*moves))
    return Message(f"{card.text} {seen}.", (*blocks, foot))


def pick(word: str, profiles: Sequence[CaseProfile], action: Action = Action.DETAILS) -> Message:
    """Ask which of several cases a name means; each row's button does `action`."""
    many = phrases.count(len(profiles), "test fits", "tests fit")
    text = f"{many} “{blockkit.escape(blockkit.line(word), 100)}”. Which one do you mean?"
    found = rows([CaseRow(profile) for profile in profiles], label="This one", action=action)
    return Message(text, (blockkit.section(f"{many} {blockkit.code(word, 100)}. Which one do you mean?"), *found))


def case_list(kind: ListKind, found: Sequence[CaseRow]) -> Message:
    """Show the cases of one kind."""
    what = f"{phrases.count(len(found), 'test')} {'is' if len(found) == 1 else 'are'} {kind}"
    first = f", the first is {phrases.case_text(found[0].profile)}" if found else ""
    return Message(f"{what}{first}.", (blockkit.section(f"*{what}*"), *rows(found), blockkit.actions(*_menu_buttons())))


def error(text: str) -> Message:
    """Say what went wrong and what to do."""
    safe = blockkit.escape(text, 1500)
    return Message(safe, (blockkit.section(f"\N{WARNING SIGN} {safe}"),))


def closest(word: str, suggestion: str | None) -> Message:
    """Answer a word that is no command with the nearest that is."""
    typed = blockkit.escape(blockkit.line(word), 100)
    hint = f"Did you mean “{suggestion}”?" if suggestion else "Try “help”."
    shown = f"Did you mean {blockkit.code(f'/flakeguard {suggestion}')}?" if suggestion else "Try `/flakeguard help`."
    blocks = (
        blockkit.section(f"I do not know {blockkit.code(word, 100)}. {shown}"),
        blockkit.actions(*_menu_buttons()),
    )
    return Message(f"FlakeGuard does not know “{typed}”. {hint}", blocks)


def rows(found: Sequence[CaseRow], *, label: str = "Details", action: Action = Action.DETAILS) -> list[Block]:
    """Return a section with a button for each case, and how many are not shown."""
    blocks = [blockkit.section(_row_text(row), accessory=_row_button(row, label, action)) for row in found[:MAX_ROWS]]
    if len(found) > MAX_ROWS:
        blocks.append(blockkit.context(f"and {len(found) - MAX_ROWS:,} more; narrow the list with a name"))
    return blocks


def _row_text(row: CaseRow) -> str:
    profile, quarantine = row.profile, row.quarantine
    worst = f"fails {phrases.rate(profile.worst)}" if profile.worst else "not scored yet"
    state = f"{phrases.DOTS[profile.status]} {phrases.WORDS[profile.status]}"
    parts = [state, worst, phrases.repository(profile.repository)]
    if quarantine is not None and quarantine.state.is_open:
        by = phrases.person(quarantine.decided_by or quarantine.proposed_by)
        parts.append(f"{_DONE.get(quarantine.state, quarantine.state)} by {by}")
        if quarantine.expires_at is not None:
            parts.append(f"until {phrases.when(quarantine.expires_at)}")
    return f"{blockkit.code(profile.title, _ROW_TITLE)}\n{' · '.join(parts)}"


def _row_button(row: CaseRow, label: str, action: Action) -> Element:
    return blockkit.button(label, action, str(row.profile.case_id), says=f"{label}: {row.profile.title}")


def _menu_buttons() -> tuple[Element, ...]:
    return (
        blockkit.button("Status", Action.MENU_STATUS, says="Show the health of the repository"),
        blockkit.button("Quarantined", Action.MENU_QUARANTINED, says="List the quarantined tests"),
        blockkit.button("Proposed", Action.MENU_PROPOSED, says="List the proposals that wait"),
        blockkit.button("Expiring", Action.MENU_EXPIRING, says="List the quarantines that end soon"),
        blockkit.button("Broken", Action.MENU_BROKEN, says="List the broken tests"),
    )


def _variant_lines(profile: CaseProfile) -> str:
    lines = [
        f"{phrases.DOTS[one.status]} {blockkit.code(one.variant, 80)}: {phrases.WORDS[one.status]}, "
        f"fails {phrases.rate(one)}, likely {phrases.interval(one)}"
        for one in profile.variants[:8]
    ]
    more = len(profile.variants) - len(lines)
    return "\n".join([*lines, *([f"and {more} more"] if more else [])])


def _audit_lines(history: Sequence[AuditLine]) -> str:
    lines = []
    for entry in history[:_MAX_AUDIT]:
        why = f": {blockkit.escape(blockkit.line(phrases.reason(entry.reason)), 120)}" if entry.reason else ""
        who, what = (blockkit.escape(blockkit.line(part), 60) for part in (entry.actor_name, entry.action))
        lines.append(f"• {phrases.when(entry.at, 'both')} {who} {what}{why}")
    if len(history) > _MAX_AUDIT:
        lines.append(f"and {phrases.count(len(history) - _MAX_AUDIT, 'earlier entry', 'earlier entries')}")
    return "\n".join(lines) or "nobody has decided anything yet"
