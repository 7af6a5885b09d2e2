"""Digests: composed when they are sent, and not sent when there is nothing in them."""

from __future__ import annotations

from bot.analysis.notice import DigestNotice
from bot.jobs.context import Context
from bot.jobs.senders import posting
from bot.queries import digest as digest_query
from bot.slack.views import digest as digest_view
from bot.slack.views import subscription
from bot.store.conversation import subscription as subscription_store
from bot.store.conversation.message import PostedMessage
from bot.store.conversation.notice import StoredNotice


def send(context: Context, stored: StoredNotice, notice: DigestNotice) -> PostedMessage | None:
    """Post the digest of a channel."""
    now = context.clock()
    with context.db.begin() as session:
        hours = subscription_store.get_channel(session, notice.channel).hours
        composed = digest_query.of_channel(
            session,
            notice.channel,
            notice.day,
            context.default_channel_of(session),
            subscription.cadence(hours),
            now,
        )
        if composed is None or composed.is_empty:
            return None
        attempt = posting.begin_richest(session, stored, now)
    return posting.post_richest(context, attempt, lambda level: digest_view.digest(composed, level))
