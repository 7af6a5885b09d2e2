"""The direct message to the author of a commit: not you, or no longer only known failures."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from bot.analysis.commit_state import CommitState
from bot.analysis.model import RepositoryId
from bot.slack import block_kit, mrkdwn
from bot.slack.block_kit import Block, Element, Message
from bot.slack.ids import Action, InRepository
from bot.slack.views import phrase

_MAX_FAILURES = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorMessage:
    """What the message to the author of a commit shows.

    `is_claimed`: the author said that their change broke it. `rerun_at` is when its failed jobs were last run again
    from here.
    """

    notice_id: int
    repository_id: RepositoryId
    repository: str
    run_url: str
    state: CommitState
    is_claimed: bool = False
    rerun_at: datetime | None = None


def not_you(message: AuthorMessage) -> Message:
    """Render the message about a commit, as it stands."""
    sha = message.state.head_sha[:7]
    commit = f"{mrkdwn.link(message.run_url, mrkdwn.code(sha, 20))} in {phrase.repository(message.repository)}"
    if not message.state.is_excused:
        head = f"\N{LARGE RED CIRCLE} *Not only flakes any more:* something else failed on {commit}; see its check run."
        return block_kit.message(head, *_rows(message))
    if not message.state.failures:
        return block_kit.message(f"\N{WHITE HEAVY CHECK MARK} *Green now:* nothing fails on {commit} any more.")
    many = phrase.count(len(message.state.failures), "failure is known", "failures are known")
    blocks = _rows(message)
    if message.is_claimed:
        blocks.append(
            block_kit.context("You said that it is you, which counts against the belief that they are flaky.")
        )
    if message.rerun_at is not None:
        blocks.append(block_kit.context(f"The failed jobs were run again {phrase.when(message.rerun_at, 'both')}."))
    blocks.append(block_kit.actions(*_buttons(message)))
    head = f"\N{WHITE HEAVY CHECK MARK} *Not you:* the {many} on {commit}; {_counts(message)}."
    return block_kit.message(head, *blocks)


def silenced(notice_id: int, repository_id: RepositoryId) -> Message:
    """Confirm that the person gets no more such messages, and offer to undo it."""
    undo = block_kit.button(
        "Tell me again",
        Action.AUTHOR_RESUME,
        InRepository(notice_id, repository_id).encode(),
        says="Send me messages about my commits again",
    )
    return block_kit.message("You get no more messages about known failures of your commits.", block_kit.actions(undo))


def resumed() -> Message:
    """Say that messages come again."""
    return block_kit.message(
        "You get a message again when every failure of a commit of yours is known to be flaky or infra."
    )


def _counts(message: AuthorMessage) -> str:
    counts = Counter(failure.classification.value for failure in message.state.failures)
    return phrase.listing(f"{count:,} {name.lower()}" for name, count in sorted(counts.items()))


def _rows(message: AuthorMessage) -> list[Block]:
    lines = [
        f"• *{one.classification}* {mrkdwn.code(one.title, 160)} in {mrkdwn.code(one.variant, 80)}: {one.record}"
        for one in message.state.failures[:_MAX_FAILURES]
    ]
    if len(message.state.failures) > _MAX_FAILURES:
        lines.append(f"and {len(message.state.failures) - _MAX_FAILURES:,} more in the check run")
    return [block_kit.section("\n".join(lines))] if lines else []


def _buttons(message: AuthorMessage) -> tuple[Element, ...]:
    value = InRepository(message.notice_id, message.repository_id).encode()
    buttons = []
    if message.rerun_at is None:
        buttons.append(
            block_kit.button(
                "Rerun failed",
                Action.AUTHOR_RERUN,
                value,
                says="Run the failed jobs of this commit again",
                style="primary",
            )
        )
    if not message.is_claimed:
        ask = block_kit.confirm(
            "Is it your change?",
            "Then these failures count against the belief that the tests are flaky.",
            yes="It is me",
        )
        buttons.append(
            block_kit.button(
                "It is me", Action.AUTHOR_MINE, value, says="Say that your change broke these tests", ask=ask
            )
        )
    buttons.append(
        block_kit.button(
            "No such messages", Action.AUTHOR_SILENCE, value, says="Send me no more messages like this one"
        )
    )
    return tuple(buttons)
