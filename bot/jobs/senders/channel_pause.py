"""Channels that cannot be spoken to: whoever looks after them is told."""

from __future__ import annotations

from typing import Final

from bot.jobs.context import Context
from bot.jobs.senders import posting
from bot.services import workspace
from bot.slack.errors import ChannelClosedError
from bot.slack.views import channel_pause
from bot.store.conversation.notice import Kind, Notice

_PERSONAL: Final = frozenset({Kind.AUTHOR, Kind.HOME, Kind.PAUSED})
"""What is for one person, whose place is no channel."""


def send(context: Context, notice: Notice) -> bool:
    """Tell whoever looks after a channel that it is paused."""
    channel, _, reason = notice.detail.partition(" ")
    person = posting.channel_of(notice).id
    return posting.tell(context, notice, person, channel_pause.paused(channel, reason))


def on_refusal(context: Context, notice: Notice, error: ChannelClosedError) -> bool:
    """Pause the channel of a notice, where Slack refused it because of the channel; True where it did."""
    if notice.channel is None or notice.kind in _PERSONAL:
        return False
    with context.db.begin() as session:
        workspace.pause(session, notice.channel, error.reason, context.clock())
    return True
