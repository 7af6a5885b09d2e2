"""What the author of a commit is told in person: not you, or not you any more. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bot.analysis.model import RepositoryId
from bot.slack import block_kit
from bot.slack.block_kit import Block, Element, Message
from bot.slack.ids import Action
from bot.slack.views import phrase

_MAX_FAILURES = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownFailure:
    """One failure of the commit; `naming` is what it is called, as in the check run."""

    title: str
    variant: str
    naming: str
    evidence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorState:
    """A commit as its author is told of it.

    `all_known`: every failure is flaky, infra or quarantined. `mine`: the author said that it is them.
    `rerun_at` is when the failed jobs were last run again from here; `refused` why they were not.
    """

    notice_id: int
    repository_id: RepositoryId
    repository: str
    sha: str
    run_url: str
    failures: tuple[KnownFailure, ...]
    all_known: bool
    mine: bool = False
    rerun_at: datetime | None = None
    refused: str = ""


def not_you(state: AuthorState) -> Message:
    """Render the message about a commit, as it stands."""
    where = f"{block_kit.escape(block_kit.line(state.sha[:7]), 14)} in {phrase.repository_text(state.repository)}"
    shown = (
        f"{block_kit.link(state.run_url, block_kit.code(state.sha[:7], 20))} in {phrase.repository(state.repository)}"
    )
    if not state.all_known:
        text = (
            f"Not only flakes any more: something failed on {where} that is not known to be flaky; see its check run."
        )
        head = f"\N{LARGE RED CIRCLE} *Not only flakes any more:* something else failed on {shown}; see its check run."
        return Message(text, (block_kit.section(head), *_rows(state)))
    if not state.failures:
        text = f"Green now: nothing fails on {where} any more."
        head = f"\N{WHITE HEAVY CHECK MARK} *Green now:* nothing fails on {shown} any more."
        return Message(text, (block_kit.section(head),))
    many = phrase.count(len(state.failures), "failure is known", "failures are known")
    text = f"Not you: the {many} on {where}; {_counts(state)}."
    head = f"\N{WHITE HEAVY CHECK MARK} *Not you:* the {many} on {shown}; {_counts(state)}."
    blocks: list[Block] = [block_kit.section(head), *_rows(state)]
    if state.mine:
        blocks.append(
            block_kit.context("You said that it is you, which counts against the belief that they are flaky.")
        )
    if state.rerun_at is not None:
        blocks.append(block_kit.context(f"The failed jobs were run again {phrase.when(state.rerun_at, 'both')}."))
    elif state.refused:
        blocks.append(block_kit.context(f"Not run again: {block_kit.escape(block_kit.line(state.refused), 300)}"))
    blocks.append(block_kit.actions(*_buttons(state)))
    return Message(text, tuple(blocks))


def silenced(notice_id: int, repository_id: RepositoryId) -> Message:
    """Say that nothing more is said, and offer to take it back."""
    undo = block_kit.button(
        "Tell me again",
        Action.AUTHOR_RESUME,
        f"{notice_id}:{repository_id}",
        says="Send me messages about my commits again",
    )
    text = "You get no more messages about known failures of your commits."
    return Message(text, (block_kit.section(text), block_kit.actions(undo)))


def resumed() -> Message:
    """Say that messages come again."""
    text = "You get a message again when every failure of a commit of yours is known to be flaky or infra."
    return Message(text, (block_kit.section(text),))


def _counts(state: AuthorState) -> str:
    namings = [block_kit.escape(block_kit.line(one.naming), 40) for one in state.failures]
    return phrase.listing(f"{namings.count(naming):,} {naming.lower()}" for naming in sorted(set(namings)))


def _rows(state: AuthorState) -> list[Block]:
    lines = [
        f"• *{block_kit.escape(one.naming, 40)}* {block_kit.code(one.title, 160)} "
        f"in {block_kit.code(one.variant, 80)}: "
        f"{block_kit.escape(block_kit.line(one.evidence), 200)}"
        for one in state.failures[:_MAX_FAILURES]
    ]
    if len(state.failures) > _MAX_FAILURES:
        lines.append(f"and {len(state.failures) - _MAX_FAILURES:,} more in the check run")
    return [block_kit.section("\n".join(lines))] if lines else []


def _buttons(state: AuthorState) -> tuple[Element, ...]:
    value = f"{state.notice_id}:{state.repository_id}"
    found = []
    if state.rerun_at is None:
        found.append(
            block_kit.button(
                "Rerun failed",
                Action.AUTHOR_RERUN,
                value,
                says="Run the failed jobs of this commit again",
                style="primary",
            )
        )
    if not state.mine:
        ask = block_kit.confirm(
            "Is it your change?",
            "Then these failures count against the belief that the tests are flaky.",
            yes="It is me",
        )
        found.append(
            block_kit.button(
                "It is me", Action.AUTHOR_MINE, value, says="Say that your change broke these tests", ask=ask
            )
        )
    found.append(
        block_kit.button(
            "No such messages", Action.AUTHOR_SILENCE, value, says="Send me no more messages like this one"
        )
    )
    return tuple(found)
