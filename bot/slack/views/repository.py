"""How a repository does, pure: counts, the worst cases, the policy in force, and whether everything is connected."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.analysis.model import CaseProfile, RepositoryId, Status
from bot.slack import block_kit
from bot.slack.block_kit import Block, Message
from bot.slack.ids import Action
from bot.slack.views import case_list, phrase
from bot.slack.views.case_list import CaseRow

_ORDER = (Status.BROKEN, Status.FLAKY, Status.INFRA, Status.SUSPECT, Status.INSUFFICIENT, Status.HEALTHY)
_MAX_TOP = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class RepositoryHealth:
    """How a repository does: cases by status, quarantines, runs of the last day, the worst cases first.

    `turned` is how many cases turned to each status in the last seven days, `turned_before` in the seven before.
    """

    repository: str
    repository_id: RepositoryId
    counts: Mapping[Status, int]
    quarantined: int
    proposed: int
    runs_last_day: int
    failed_runs_last_day: int
    last_run_at: datetime | None
    turned: Mapping[Status, int]
    turned_before: Mapping[Status, int]
    top: tuple[CaseProfile, ...]


@dataclass(frozen=True, slots=True)
class Connection:
    """Whether one of the services FlakeGuard needs answers; `detail` says since when, or how to mend it."""

    name: str
    ok: bool
    detail: str


def connection(one: Connection) -> str:
    """Return one connection as a line of mrkdwn."""
    mark = "\N{WHITE HEAVY CHECK MARK} connected" if one.ok else "\N{WARNING SIGN} not connected"
    return f"{block_kit.escape(one.name, 40)}: {mark}, {block_kit.escape(block_kit.line(one.detail), 300)}"


def connections(found: Sequence[Connection]) -> Message:
    """Say whether everything is connected, and how to mend what is not."""
    missing = [one.name for one in found if not one.ok]
    names = phrase.listing(block_kit.escape(block_kit.line(name), 40) for name in missing)
    text = f"Not connected: {names}." if missing else f"All {phrase.count(len(found), 'part')} are connected."
    lines = "\n".join(f"• {connection(one)}" for one in found) or "Nothing is configured yet."
    return Message(text, (block_kit.section(f"*{text}*\n{lines}"),))


_TURNS = ((Status.FLAKY, "turned flaky"), (Status.BROKEN, "broke"), (Status.HEALTHY, "got healthy"))


def _trend(health: RepositoryHealth) -> str:
    """Return what turned in the last seven days, beside the seven before."""
    told = [
        f"{health.turned.get(one, 0):,} {words} (before: {health.turned_before.get(one, 0):,})" for one, words in _TURNS
    ]
    return f"In the last 7 days {phrase.listing(told)}."


def status(health: RepositoryHealth, *, shared_by: str | None = None) -> Message:
    """Show the health of a repository; one that is shared names who did it and offers nothing to press."""
    counts = {one: health.counts.get(one, 0) for one in _ORDER}
    total = phrase.count(sum(counts.values()), "test")
    words = phrase.listing(f"{number:,} {phrase.WORDS[one]}" for one, number in counts.items() if number)
    runs = f"{phrase.count(health.runs_last_day, 'run')} in the last day, {health.failed_runs_last_day:,} failed"
    name = phrase.repository_text(health.repository)
    text = (
        f"{name}: {total}{f', {words}' if words else ''}; {health.quarantined:,} quarantined, "
        f"{health.proposed:,} proposed; {runs}. {_trend(health)}"
    )
    last = f"last run {phrase.when(health.last_run_at, 'both')}" if health.last_run_at else "no run yet"
    shown = [(f"{phrase.DOTS[one]} {phrase.WORDS[one].capitalize()}", f"{number:,}") for one, number in counts.items()]
    blocks: list[Block] = [
        block_kit.section(f"*Health of {phrase.repository(health.repository)}*: {total}"),
        block_kit.fields(*shown, ("Quarantined", f"{health.quarantined:,}"), ("Proposed", f"{health.proposed:,}")),
    ]
    blocks.append(block_kit.section(f"*Trend*\n{_trend(health)}"))
    if health.top:
        blocks.append(block_kit.section("*Top flakes*"))
        blocks += case_list.rows(
            [CaseRow(one, stands_for=one.cluster.size if one.cluster else 1) for one in health.top[:_MAX_TOP]]
        )
    if shared_by is None:
        share = block_kit.button(
            "Share in channel", Action.SHARE, str(health.repository_id), says=f"Show this to everybody: {name}"
        )
        blocks.append(block_kit.actions(share, *case_list.menu_buttons()))
        shown_by = ""
    else:
        shown_by = f" · shared by {shared_by}"
    blocks.append(block_kit.context(f"{runs} · {last}{shown_by}"))
    return Message(text, tuple(blocks))
