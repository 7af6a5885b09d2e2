"""The channels that are notified of a repository's events, and when."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from bot.analysis import channel_schedule
from bot.analysis.channel_schedule import Hours
from bot.analysis.model import Channel, RepositoryId
from bot.analysis.subscription import Event, Filters, NoticeSubject
from bot.store.conversation import channel_pause as channel_pause_store
from bot.store.conversation import subscription as subscription_store
from bot.store.database import Session


@dataclass(frozen=True, slots=True)
class Audience:
    """The channels subscribed to a repository, with their filters, and the hours of channels."""

    filters: Mapping[Channel, Filters]
    hours: Mapping[Channel, Hours]

    def channels(self, event: Event) -> list[Channel]:
        """The channels whose filters an event matches that is of no single case."""
        return [channel for channel in sorted(self.filters) if self.admits(channel, event)]

    def admits(self, channel: Channel, event: Event, subject: NoticeSubject | None = None) -> bool:
        """Whether an event opens a card in a channel."""
        filters = self.filters.get(channel)
        return filters is not None and filters.admit(event, subject)

    def follows(self, channel: Channel, event: Event | None) -> bool:
        """Whether an event is posted in the thread of a card in a channel; one that is not subscribed gets them all."""
        filters = self.filters.get(channel)
        return filters is None or event is None or event in filters.events

    def loud_from(self, channels: Iterable[Channel], now: datetime) -> dict[Channel, datetime]:
        """The earliest time for something that can wait, in each channel: outside its quiet hours."""
        return {
            channel: channel_schedule.loud_from(self.hours[channel].quiet, self.hours[channel].zone, now)
            for channel in channels
            if channel in self.hours
        }

    def has_digest(self, channel: Channel) -> bool:
        """Whether a channel gets a digest of the repository."""
        hours = self.hours.get(channel)
        return hours is not None and hours.digest is not None and self.admits(channel, Event.DIGEST)


def of_channels(session: Session, channels: Collection[Channel]) -> Audience:
    """The hours of channels, without the paused ones."""
    paused = channel_pause_store.list_of(session, sorted(channels))
    known = subscription_store.list_channels(session, sorted(channels))
    posted = [channel for channel in channels if channel not in paused]
    return Audience({}, {channel: known[channel].hours if channel in known else Hours() for channel in posted})


def of_repository(
    session: Session, repository_id: RepositoryId, default: Channel | None, *, also: Collection[Channel] = ()
) -> Audience:
    """The subscribed channels of a repository without the paused ones; the default one where nobody ever subscribed.

    `also` are channels whose hours matter, such as those of cards.
    """
    subscriptions = subscription_store.list_repository(session, repository_id)
    filters = {subscription.channel: subscription.filters for subscription in subscriptions}
    if not filters and default is not None:
        filters = {default: Filters()}
    paused = channel_pause_store.list_of(session, sorted(filters))
    filters = {channel: of_channel for channel, of_channel in filters.items() if channel not in paused}
    known = subscription_store.list_channels(session, sorted({*filters, *also}))
    return Audience(filters, {channel: of_channel.hours for channel, of_channel in known.items()})
