"""Channels that cannot be spoken to: whoever looks after them is told."""

from __future__ import annotations

from typing import Final

from bot.errors import PermanentUpstreamError
from bot.jobs.context import Context
from bot.services import workspaces
from bot.slack import pauses
from bot.store.notices import Kind, Notice

CLOSED: Final = {
    "channel_not_found": "Slack says that it does not exist, or that FlakeGuard is not in it",
    "is_archived": "it was archived",
    "is_inactive": "it is not active",
    "not_in_channel": "FlakeGuard is not in it",
}
"""Slack's words for a channel that will not take messages until somebody does something about it."""


def send(context: Context, notice: Notice) -> bool:
    """Tell whoever looks after a channel that it is paused."""
    if notice.place is None:
        return False
    channel, _, reason = notice.detail.partition(" ")
    slack = context.slack_of(notice.place.workspace_id)
    slack.post(slack.open_dm(notice.place.channel), pauses.paused(channel, reason), key=notice.key)
    return True


def on_refusal(context: Context, notice: Notice, error: PermanentUpstreamError) -> None:
    """Pause the channel of a notice, where Slack refused it because of the channel."""
    reason = CLOSED.get(error.code)
    if reason is None or notice.place is None or notice.kind is Kind.PAUSED:
        return
    with context.db.begin() as session:
        workspaces.pause(session, notice.place, reason, context.clock())
