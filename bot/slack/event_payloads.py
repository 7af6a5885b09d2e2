"""What Slack's Events API sends: a model for each event, with Slack's names."""

from __future__ import annotations

from bot.analysis.model import Actor, ActorKind
from bot.slack.payloads import Payload


class _Event(Payload):
    user: str = ""
    channel: str = ""
    thread_ts: str = ""


class EventCallback(Payload):
    """What the events that a person causes share.

    https://docs.slack.dev/apis/events-api/#callback-field
    """

    event_id: str = ""
    event: _Event

    @property
    def actor(self) -> Actor:
        """Who caused it; empty ids where another app did."""
        return Actor(ActorKind.SLACK, self.event.user, self.event.user)

    @property
    def actor_team_id(self) -> str:
        """Missing: the team of the authorization counts."""
        return ""

    @property
    def channel_id(self) -> str:
        """The channel of the event."""
        return self.event.channel

    @property
    def thread_ts(self) -> str:
        """The thread of the event."""
        return self.event.thread_ts

    @property
    def response_url(self) -> str:
        """An event has none."""
        return ""

    @property
    def trigger_id(self) -> str:
        """An event has none, so it opens no modal."""
        return ""

    @property
    def key(self) -> str:
        """The id of the event."""
        return self.event_id


class _Mention(_Event):
    text: str = ""


class AppMention(EventCallback):
    """Somebody spoke to the bot in a channel.

    https://docs.slack.dev/reference/events/app_mention
    """

    event: _Mention


class _HomeOpened(_Event):
    tab: str = "home"


class AppHomeOpened(EventCallback):
    """Somebody opened the App Home, or the messages beside it.

    https://docs.slack.dev/reference/events/app_home_opened
    """

    event: _HomeOpened


class _Link(Payload):
    url: str = ""


class _LinksShared(_Event):
    message_ts: str = ""
    links: tuple[_Link, ...] = ()
    unfurl_id: str = ""
    source: str = ""


class LinkShared(EventCallback):
    """Somebody posted links to our pages, or writes them into a draft.

    https://docs.slack.dev/reference/events/link_shared
    """

    event: _LinksShared


class _Tokens(Payload):
    bot: tuple[str, ...] = ()


class _Lifecycle(Payload):
    type: str = ""
    channel: str = ""
    user: str = ""
    tokens: _Tokens = _Tokens()


class LifecycleEvent(Payload):
    """Something happened to the app, or to a channel it is in; `event_time` is in seconds.

    https://docs.slack.dev/reference/events/app_uninstalled, `tokens_revoked` (with `tokens`), `channel_archive` and
    its like (with `channel`), `member_joined_channel` (with `channel` and `user`).
    """

    event_id: str = ""
    event_time: int = 0
    event: _Lifecycle = _Lifecycle()
