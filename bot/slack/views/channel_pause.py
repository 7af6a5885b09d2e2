"""The message to the person who subscribed a channel that can no longer be posted to."""

from __future__ import annotations

import re

from bot.slack import block_kit, mrkdwn
from bot.slack.block_kit import Message

_CHANNEL = re.compile(r"[CDG][A-Z0-9]{2,20}")


def paused(channel_id: str, reason: str) -> Message:
    """Say that nothing more is posted in a channel, why, and how to change it."""
    why = mrkdwn.escape(mrkdwn.line(reason), 300)
    rest = "Its subscriptions wait. Invite FlakeGuard again, or type /flakeguard subscribe in another channel."
    channel = f"<#{channel_id}>" if _CHANNEL.fullmatch(channel_id) else "a channel"
    return Message(
        f"FlakeGuard posts nothing more in {channel}: {why}. {rest}",
        (block_kit.section(f"\N{DOUBLE VERTICAL BAR} FlakeGuard posts nothing more in {channel}: {why}. {rest}"),),
    )
