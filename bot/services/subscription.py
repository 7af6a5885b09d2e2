"""Subscriptions of channels, and their hours."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

from bot.analysis.channel_schedule import DigestTime, Hours, QuietHours
from bot.analysis.model import Actor, Channel, RepositoryId
from bot.analysis.subscription import Filters
from bot.errors import NotFoundError
from bot.store.conversation import channel_pause as channel_pause_store
from bot.store.conversation import subscription as subscription_store
from bot.store.database import Session


def subscribe(
    session: Session, channel: Channel, repository_id: RepositoryId, filters: Filters, actor: Actor, now: datetime
) -> int:
    """Subscribe a channel to a repository; a paused channel is resumed. Returns the number of the subscription."""
    channel_pause_store.delete(session, channel)
    return subscription_store.put(session, channel, repository_id, filters, actor, now)


def unsubscribe(session: Session, channel: Channel, repository_id: RepositoryId) -> None:
    """End the subscription of a channel to a repository.

    Raises:
        NotFoundError: there is none.
    """
    if not subscription_store.delete(session, channel, repository_id):
        message = "This channel is not subscribed to that repository; /flakeguard subscriptions lists what it is."
        raise NotFoundError(message)


def set_digest(
    session: Session, channel: Channel, digest: DigestTime | None, zone: ZoneInfo | None, now: datetime
) -> Hours:
    """Set when a channel gets its digest, None for never; without a zone it keeps its own."""
    hours = subscription_store.get_channel(session, channel).hours
    hours = replace(hours, digest=digest, digest_since=now if digest else None, zone=zone or hours.zone)
    subscription_store.put_hours(session, channel, hours)
    return hours


def set_quiet(session: Session, channel: Channel, quiet: QuietHours | None, zone: ZoneInfo | None) -> Hours:
    """Set the quiet hours of a channel, None for no quiet hours; without a zone it keeps its own."""
    hours = subscription_store.get_channel(session, channel).hours
    hours = replace(hours, quiet=quiet, zone=zone or hours.zone)
    subscription_store.put_hours(session, channel, hours)
    return hours
