"""What Slack refuses to show: content that breaks its limits."""

from __future__ import annotations

from bot.sandbox.slack import blocks as block_kit
from bot.sandbox.slack.model import RefusalError
from bot.sandbox.slack.payload import JsonObject

_LONGEST_TEXT = 40_000


def check_content(text: str, blocks: list[JsonObject]) -> None:
    """Raise RefusalError unless Slack takes this as the content of a message."""
    problems = block_kit.problems(blocks)
    if problems:
        code = "invalid_blocks"
        raise RefusalError(code, details=tuple(problems))
    code = ""
    if not text and not blocks:
        code = "no_text"
    elif len(text) > _LONGEST_TEXT:
        code = "msg_too_long"
    elif block_kit.text_sum(blocks) > block_kit.TEXT_SUM:
        code = "msg_blocks_too_long"
    if code:
        raise RefusalError(code)


def check_view(source: JsonObject) -> None:
    """Raise RefusalError unless Slack takes this as a modal or a home."""
    problems = block_kit.view_problems(source)
    if problems:
        code = "invalid_arguments"
        raise RefusalError(code, details=tuple(problems))
