"""What the author of a commit is told in person: not you, or not you any more. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bot.analysis.model import RepositoryId
from bot.slack import blockkit, phrases
from bot.slack.blockkit import Block, Element, Message
from bot.slack.names import Action

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
    where = f"{blockkit.escape(blockkit.line(state.sha[:7]), 14)} in {phrases.repository_text(state.repository)}"
    shown = (
        f"{blockkit.link(state.run_url, blockkit.code(state.sha[:7], 20))} in {phrases.repository(state.repository)}"
    )
    if not state.all_known:
        text = (
            f"Not only flakes any more: something failed on {where} that is not known to be flaky; see its check run."
        )
        head = f"\N{LARGE RED CIRCLE} *Not only flakes any more:* something else failed on {shown}; see its check run."
        return Message(text, (blockkit.section(head), *_rows(state)))
    if not state.failures:
        text = f"Green now: nothing fails on {where} any more."
        head = f"\N{WHITE HEAVY CHECK MARK} *Green now:* nothing fails on {shown} any more."
        return Message(text, (blockkit.section(head),))
    many = phrases.count(len(state.failures), "failure is known", "failures are known")
    text = f"Not you: the {many} on {where}; {_counts(state)}."
    head = f"\N{WHITE HEAVY CHECK MARK} *Not you:* the {many} on {shown}; {_counts(state)}."
    blocks: list[Block] = [blockkit.section(head), *_rows(state)]
    if state.mine:
        blocks.append(blockkit.context("You said that it is you, which counts against the belief that they are flaky."))
    if state.rerun_at is not None:
        blocks.append(blockkit.context(f"The failed jobs were run again {phrases.when(state.rerun_at, 'both')}."))
    elif state.refused:
        blocks.append(blockkit.context(f"Not run again: {blockkit.escape(blockkit.line(state.refused), 300)}"))
    blocks.append(blockkit.actions(*_buttons(state)))
    return Message(text, tuple(blocks))


def silenced(notice_id: int, repository_id: RepositoryId) -> Message:
    """Say that nothing more is said, and offer to take it back."""
    undo = blockkit.button(
        "Tell me again",
        Action.AUTHOR_RESUME,
        f"{notice_id}:{repository_id}",
        says="Send me messages about my commits again",
    )
    text = "You get no more messages about known failures of your commits."
    return Message(text, (blockkit.section(text), blockkit.actions(undo)))


def resumed() -> Message:
    """Say that messages come again."""
    text = "You get a message again when every failure of a commit of yours is known to be flaky or infra."
    return Message(text, (blockkit.section(text),))


def _counts(state: AuthorState) -> str:
    namings = [blockkit.escape(blockkit.line(one.naming), 40) for one in state.failures]
    return phrases.listing(f"{namings.count(naming):,} {naming.lower()}" for naming in sorted(set(namings)))


def _rows(state: AuthorState) -> list[Block]:
    lines = [
        f"• *{blockkit.escape(one.naming, 40)}* {blockkit.code(one.title, 160)} in {blockkit.code(one.variant, 80)}: "
        f"{blockkit.escape(blockkit.line(one.evidence), 200)}"
        for one in state.failures[:_MAX_FAILURES]
    ]
    if len(state.failures) > _MAX_FAILURES:
        lines.append(f"and {len(state.failures) - _MAX_FAILURES:,} more in the check run")
    return [blockkit.section("\n".join(lines))] if lines else []


def _buttons(state: AuthorState) -> tuple[Element, ...]:
    value = f"{state.notice_id}:{state.repository_id}"
    found = []
    if state.rerun_at is None:
        found.append(
            blockkit.button(
                "Rerun failed",
                Action.AUTHOR_RERUN,
                value,
                says="Run the failed jobs of this commit again",
                style="primary",
            )
        )
    if not state.mine:
        ask = blockkit.confirm(
            "Is it your change?",
            "Then these failures count against the belief that the tests are flaky.",
            yes="It is me",
        )
        found.append(
            blockkit.button(
                "It is me", Action.AUTHOR_MINE, value, says="Say that your change broke these tests", ask=ask
            )
        )
    found.append(
        blockkit.button("No such messages", Action.AUTHOR_SILENCE, value, says="Send me no more messages like this one")
    )
    return tuple(found)
