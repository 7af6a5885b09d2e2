"""Digests: gathered when they are said, and not said when there is nothing to tell."""

from __future__ import annotations

from datetime import date

from bot.jobs import postings
from bot.jobs.context import Context
from bot.services import digest
from bot.slack import digest as digest_views
from bot.slack import subscriptions as subscription_views
from bot.store import subscriptions
from bot.store.notices import Notice


def send(context: Context, notice: Notice) -> bool:
    """Say the digest of a channel."""
    place = postings.place_of(notice)
    with context.db.begin() as session:
        hours = subscriptions.get_channel(session, place).hours
        told = digest.compose(
            session,
            place,
            date.fromisoformat(notice.detail) if notice.detail else None,
            context.default_place(session),
            subscription_views.cadence(hours),
            context.clock(),
        )
    if told is None or told.is_empty:
        return False
    return postings.keep_richest(context, notice, lambda level: digest_views.digest(told, level))
