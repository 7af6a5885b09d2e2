"""Channels that Slack refuses messages to: the person responsible for one is notified."""

from __future__ import annotations

from bot.analysis.notice import AuthorNotice, ChannelPauseNotice, HomeNotice, Notice
from bot.jobs.context import Context
from bot.jobs.senders import posting
from bot.services import workspace
from bot.slack.errors import ChannelClosedError
from bot.slack.views import channel_pause
from bot.store.conversation.message import PostedMessage
from bot.store.conversation.notice import StoredNotice


def send(context: Context, stored: StoredNotice, notice: ChannelPauseNotice) -> PostedMessage | None:
    """Tell the person who looks after a channel that it is paused."""
    with context.db.begin() as session:
        attempt = posting.begin_direct(session, stored)
    message = channel_pause.paused(notice.paused.id, notice.reason)
    return posting.direct(context, attempt, [notice.channel.id], message)


def pause(context: Context, stored: StoredNotice, notice: Notice, error: ChannelClosedError) -> bool:
    """Pause the channel of a notice that Slack refused; False where the notice is for a person, not for a channel."""
    if stored.channel is None or isinstance(notice, AuthorNotice | HomeNotice | ChannelPauseNotice):
        return False
    with context.db.begin() as session:
        workspace.pause(session, stored.channel, error.reason, context.clock())
    return True
