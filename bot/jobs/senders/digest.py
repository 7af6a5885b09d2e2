"""Digests: gathered when they are said, and not said when there is nothing to tell."""

from __future__ import annotations

from datetime import date

from bot.jobs.context import Context
from bot.jobs.senders import posting
from bot.queries import digest as digest_query
from bot.slack.views import digest as digest_views
from bot.slack.views import subscription
from bot.store.conversation import subscription as subscription_store
from bot.store.conversation.notice import Notice


def send(context: Context, notice: Notice) -> bool:
    """Say the digest of a channel."""
    channel = posting.channel_of(notice)
    with context.db.begin() as session:
        hours = subscription_store.get_channel(session, channel).hours
        told = digest_query.of_channel(
            session,
            channel,
            date.fromisoformat(notice.detail) if notice.detail else None,
            context.default_channel_of(session),
            subscription.cadence(hours),
            context.clock(),
        )
    if told is None or told.is_empty:
        return False
    return posting.keep_richest(context, notice, lambda level: digest_views.digest(told, level))
