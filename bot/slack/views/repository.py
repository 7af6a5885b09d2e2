"""How a repository does, pure: counts, the worst cases, the policy in force, and whether everything is connected."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import assert_never

from bot.analysis.case_profile import ListedCase
from bot.analysis.connection import AccountConnection, Component, Connection, Queue, ServiceConnection
from bot.analysis.model import Status
from bot.analysis.repository_summary import RepositorySummary
from bot.slack import block_kit, mrkdwn
from bot.slack.block_kit import Block, Message
from bot.slack.ids import Action
from bot.slack.views import case_list, phrase

_ORDER = (Status.BROKEN, Status.FLAKY, Status.INFRA, Status.SUSPECT, Status.INSUFFICIENT, Status.HEALTHY)
_MAX_TOP = 5


_ACTIVITIES = {Component.SLACK: "message", Component.GITHUB_APP: "run read", Component.GITHUB_WEBHOOK: "delivery"}


def connection(one: Connection, now: datetime) -> str:
    """Return one connection as a line of mrkdwn."""
    mark = "\N{WHITE HEAVY CHECK MARK} connected" if one.ok else "\N{WARNING SIGN} not connected"
    return f"{_name(one)}: {mark}, {_detail(one, now)}"


def connections(parts: Sequence[Connection], now: datetime) -> Message:
    """Say whether everything is connected, and how to fix what is not."""
    missing = phrase.listing(_name(one) for one in parts if not one.ok)
    text = f"Not connected: {missing}." if missing else f"All {phrase.count(len(parts), 'part')} are connected."
    lines = "\n".join(f"• {connection(one, now)}" for one in parts) or "Nothing is configured yet."
    return Message(text, (block_kit.section(f"*{text}*\n{lines}"),))


def _name(one: Connection) -> str:
    match one:
        case AccountConnection():
            return Component.ACCOUNT
        case ServiceConnection():
            return one.part
        case Queue():
            return Component.WORKER
        case _:
            assert_never(one)


def _detail(one: Connection, now: datetime) -> str:
    match one:
        case AccountConnection(login):
            return f"as {mrkdwn.escape(f'@{login}', 60)}" if login else "type /flakeguard connect"
        case Queue(due, oldest_age):
            waits = f"{phrase.count(due, 'job waits', 'jobs wait')}, the oldest for {phrase.span(oldest_age)}"
            return waits if due else "no job waits"
        case ServiceConnection() if one.missing:
            return f"set {', '.join(one.missing)}"
        case ServiceConnection():
            what = _ACTIVITIES[one.part]
            seen = f"last {what} {phrase.span(now - one.last_at)} ago" if one.last_at else f"no {what} yet"
            paused = f", {phrase.count(one.paused_channels, 'channel')} paused" if one.paused_channels else ""
            return f"{seen}{paused}"
        case _:
            assert_never(one)


_TURNS = ((Status.FLAKY, "turned flaky"), (Status.BROKEN, "broke"), (Status.HEALTHY, "got healthy"))


def _trend(summary: RepositorySummary) -> str:
    """Return what turned in the last seven days, beside the seven before."""
    turns = [
        f"{summary.changes_this_week.get(one, 0):,} {words} (before: {summary.changes_last_week.get(one, 0):,})"
        for one, words in _TURNS
    ]
    return f"In the last 7 days {phrase.listing(turns)}."


def status(summary: RepositorySummary, top: Sequence[ListedCase], *, shared_by: str | None = None) -> Message:
    """Show the health of a repository with its worst cases; one that is shared names who did it and has no buttons."""
    counts = {one: summary.counts.get(one, 0) for one in _ORDER}
    total = phrase.count(summary.cases, "test")
    words = phrase.listing(f"{number:,} {phrase.WORDS[one]}" for one, number in counts.items() if number)
    runs = f"{phrase.count(summary.runs_last_day, 'run')} in the last day, {summary.failed_runs_last_day:,} failed"
    name = phrase.repository_text(summary.repository)
    text = (
        f"{name}: {total}{f', {words}' if words else ''}; {summary.quarantined:,} quarantined, "
        f"{summary.proposed:,} proposed; {runs}. {_trend(summary)}"
    )
    last = f"last run {phrase.when(summary.last_run_at, 'both')}" if summary.last_run_at else "no run yet"
    shown = [(f"{phrase.DOTS[one]} {phrase.WORDS[one].capitalize()}", f"{number:,}") for one, number in counts.items()]
    blocks: list[Block] = [
        block_kit.section(f"*Health of {phrase.repository(summary.repository)}*: {total}"),
        block_kit.fields(*shown, ("Quarantined", f"{summary.quarantined:,}"), ("Proposed", f"{summary.proposed:,}")),
    ]
    blocks.append(block_kit.section(f"*Trend*\n{_trend(summary)}"))
    if top:
        blocks.append(block_kit.section("*Top flakes*"))
        blocks += case_list.rows(top[:_MAX_TOP])
    if shared_by is None:
        share = block_kit.button(
            "Share in channel", Action.SHARE, str(summary.repository_id), says=f"Show this to everybody: {name}"
        )
        blocks.append(block_kit.actions(share, *case_list.menu_buttons()))
        shown_by = ""
    else:
        shown_by = f" · shared by {shared_by}"
    blocks.append(block_kit.context(f"{runs} · {last}{shown_by}"))
    return Message(text, tuple(blocks))
