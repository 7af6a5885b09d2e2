"""Who hears of what: subscriptions, the hours of channels, and channels that cannot be spoken to any more."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from bot.analysis import channel_schedule
from bot.analysis.channel_schedule import DigestTime, Hours, QuietHours
from bot.analysis.model import Actor, Channel, RepositoryId
from bot.analysis.subscription import Event, Filters, Subject
from bot.errors import NotFoundError
from bot.store.conversation import channel_pause as channel_pause_store
from bot.store.conversation import subscription as subscription_store
from bot.store.database import Session


@dataclass(frozen=True, slots=True)
class Audience:
    """Who hears of a repository: the filters of each place, and the hours of its channel."""

    filters: Mapping[Channel, Filters]
    hours: Mapping[Channel, Hours]

    def channels(self, event: Event, subject: Subject | None = None) -> list[Channel]:
        """Where an event is told."""
        return sorted(channel for channel, one in self.filters.items() if one.admit(event, subject))

    def admits(self, channel: Channel, event: Event, subject: Subject | None = None) -> bool:
        """Whether an event opens something new in a place."""
        one = self.filters.get(channel)
        return one is not None and one.admit(event, subject)

    def follows(self, channel: Channel, event: Event | None) -> bool:
        """Whether an event is told in the thread of what a place has already; one nobody subscribed hears all."""
        one = self.filters.get(channel)
        return one is None or event is None or event in one.events

    def loud_from(self, channel: Channel, now: datetime) -> datetime:
        """When something that can wait is told in a place: outside its quiet hours."""
        hours = self.hours.get(channel)
        return now if hours is None else channel_schedule.loud_from(hours.quiet, hours.zone, now)

    def has_digest(self, channel: Channel) -> bool:
        """Whether a place is told the rest once a day or week."""
        hours = self.hours.get(channel)
        return hours is not None and hours.digest is not None and self.admits(channel, Event.DIGEST)


def audience(
    session: Session, repository_id: RepositoryId, default: Channel | None, *, also: Collection[Channel] = ()
) -> Audience:
    """Who hears of a repository: its subscribers; where nobody ever subscribed, the default place.

    Channels that cannot be spoken to hear nothing. `also` are places whose hours matter, such as those of its cards.
    """
    filters = {one.channel: one.filters for one in subscription_store.list_repository(session, repository_id)}
    if not filters and default is not None:
        filters = {default: Filters()}
    paused = channel_pause_store.list_of(session, sorted(filters))
    filters = {channel: one for channel, one in filters.items() if channel not in paused}
    channels = subscription_store.list_channels(session, sorted({*filters, *also}))
    return Audience(filters=filters, hours={channel: channel_id.hours for channel, channel_id in channels.items()})


def subscribe(
    session: Session, channel: Channel, repository_id: RepositoryId, filters: Filters, actor: Actor, now: datetime
) -> int:
    """Let a channel hear of a repository; a channel that was paused is spoken to again."""
    channel_pause_store.delete(session, channel)
    return subscription_store.put(session, channel, repository_id, filters, actor, now)


def unsubscribe(session: Session, channel: Channel, repository_id: RepositoryId) -> None:
    """Let a channel hear no more of a repository.

    Raises:
        NotFoundError: it did not.
    """
    if not subscription_store.delete(session, channel, repository_id):
        message = "This channel is not subscribed to that repository; /flakeguard subscriptions lists what it is."
        raise NotFoundError(message)


def set_digest(
    session: Session, channel: Channel, digest: DigestTime | None, zone: ZoneInfo | None, now: datetime
) -> Hours:
    """Say when a channel wants its digest, or that it wants none; without a zone it keeps its own."""
    hours = subscription_store.get_channel(session, channel).hours
    hours = replace(hours, digest=digest, digest_since=now if digest else None, zone=zone or hours.zone)
    subscription_store.put_hours(session, channel, hours)
    return hours


def set_quiet(session: Session, channel: Channel, quiet: QuietHours | None, zone: ZoneInfo | None) -> Hours:
    """Say when a channel wants to hear nothing, or that it always may; without a zone it keeps its own."""
    hours = subscription_store.get_channel(session, channel).hours
    hours = replace(hours, quiet=quiet, zone=zone or hours.zone)
    subscription_store.put_hours(session, channel, hours)
    return hours


def pause(session: Session, channel: Channel, reason: str, now: datetime) -> bool:
    """Tell a channel nothing more, since Slack says it cannot be spoken to; False where it was paused already."""
    return channel_pause_store.put(session, channel, reason, now)


def resume(session: Session, channel: Channel) -> bool:
    """Speak to a channel again; False where it was not paused."""
    return channel_pause_store.delete(session, channel)
