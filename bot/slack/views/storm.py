"""The card of a storm: many new flakes at once, in one message."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.analysis.case_profile import ListedCase
from bot.analysis.model import RepositoryId, Status
from bot.slack import block_kit, mrkdwn
from bot.slack.block_kit import Block, Message, Metadata
from bot.slack.ids import Action, InRepository
from bot.slack.views import case_list, phrase, table
from bot.slack.views.table import Level, Number, Table

STORM_EVENT = "flakeguard_storm"
"""The metadata type of a storm card."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StormRow:
    """One new flake of a storm; failures and runs are those of its worst variant, `rate` is a share, 0 to 1."""

    title: str
    rate: float
    failures: int
    runs: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StormState:
    """A storm as its card tells it; `rows` are the worst of its `total` tests."""

    id: int
    repository_id: RepositoryId
    repository: str
    total: int
    rows: tuple[StormRow, ...]
    started_at: datetime
    last_at: datetime


def storm(state: StormState, level: Level = Level.DATA) -> Message:
    """Render the card of a storm for a workspace that takes blocks of a level."""
    many = phrase.count(state.total, "test")
    turned = f"{many} turned flaky at once"
    first = f", the first is {mrkdwn.escape(mrkdwn.line(state.rows[0].title), phrase.MAX_TITLE)}" if state.rows else ""
    text = (
        f"Flake storm in {phrase.repository_text(state.repository)}: {turned}{first}. "
        "So many at once mostly have one cause; this card stands for all of them."
    )
    rows = [
        (
            row.title,
            Number(round(row.rate, 4), phrase.percent(row.rate)),
            Number(row.runs, f"{row.failures:,} of {row.runs:,}"),
        )
        for row in state.rows
    ]
    listed = Table(
        caption=f"Tests of the storm, the worst of {state.total:,}", head=("Test", "Fails", "Failed runs"), rows=rows
    )
    value = InRepository(state.id, state.repository_id).encode()
    blocks: list[Block] = [
        block_kit.section(
            f"{phrase.DOTS[Status.FLAKY]} *Flake storm* in {phrase.repository(state.repository)}: {turned}. "
            "So many at once mostly have one cause.",
            block_id=f"fs_{state.id}:title",
        ),
        *table.table(listed, level),
        block_kit.actions(
            block_kit.button(
                "Show the tests", Action.STORM_TESTS, value, says=f"Show the {many} of this storm", style="primary"
            ),
            block_id=f"fs_{state.id}:act",
        ),
        block_kit.context(f"{phrase.when(state.started_at, 'both')} to {phrase.when(state.last_at, 'time')}"),
    ]
    payload = {"storm_id": state.id, "repository_id": int(state.repository_id)}
    return Message(text, tuple(blocks), Metadata(STORM_EVENT, payload))


def tests(total: int, rows: Sequence[ListedCase]) -> Message:
    """Show the tests of a storm to one person, each with its menu."""
    many = phrase.count(total, "test")
    text = f"{many} turned flaky in this storm; those that fail most come first."
    return Message(text, (block_kit.section(f"*{text}*"), *case_list.rows(rows, total=total)))
