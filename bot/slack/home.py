"""The App Home, pure: what waits for a person, what is quarantined, how the repositories do, what is connected."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.analysis.model import Status
from bot.slack import answers, blockkit, phrases
from bot.slack.answers import CaseRow, RepositoryHealth
from bot.slack.blockkit import Block, View

_MAX_REPOSITORIES = 10


@dataclass(frozen=True, slots=True)
class Connection:
    """Whether one of the services FlakeGuard needs answers; `detail` says since when, or how to mend it."""

    name: str
    ok: bool
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HomeState:
    """Everything the App Home of one person shows."""

    waiting: Sequence[CaseRow]
    quarantined: Sequence[CaseRow]
    repositories: Sequence[RepositoryHealth]
    connections: Sequence[Connection]


def home(state: HomeState, now: datetime) -> View:
    """Render the App Home."""
    waiting = phrases.count(len(state.waiting), "proposal waits", "proposals wait")
    blocks: list[Block] = [
        blockkit.header("FlakeGuard"),
        blockkit.section(f"*{waiting} for an approver*"),
        *answers.rows(state.waiting, label="Review"),
        blockkit.divider(),
        blockkit.section(f"*{phrases.count(len(state.quarantined), 'quarantine')} in force*"),
        *answers.rows(state.quarantined),
        blockkit.divider(),
        blockkit.section("*Health*\n" + ("\n".join(_health(state.repositories)) or "No repository is connected yet.")),
        blockkit.divider(),
        blockkit.context(*[_connection(one) for one in state.connections[:9]], f"as of {phrases.when(now, 'both')}"),
    ]
    return View(type="home", blocks=tuple(blocks))


def _health(repositories: Sequence[RepositoryHealth]) -> list[str]:
    lines = [
        f"• {phrases.repository(one.repository)}: {phrases.count(sum(one.counts.values()), 'test')}, "
        f"{one.counts.get(Status.FLAKY, 0):,} flaky, {one.counts.get(Status.BROKEN, 0):,} broken, "
        f"{phrases.count(one.runs_last_day, 'run')} in the last day"
        for one in repositories[:_MAX_REPOSITORIES]
    ]
    more = len(repositories) - len(lines)
    return [*lines, *([f"and {more:,} more"] if more else [])]


def _connection(one: Connection) -> str:
    mark = "\N{WHITE HEAVY CHECK MARK} connected" if one.ok else "\N{WARNING SIGN} not connected"
    return f"{blockkit.escape(one.name, 40)}: {mark}, {blockkit.escape(blockkit.line(one.detail), 300)}"
