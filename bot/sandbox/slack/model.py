"""The objects of a Slack workspace, and what is logged about it."""

from __future__ import annotations

from dataclasses import dataclass, field

from bot.sandbox import json_object
from bot.sandbox.json_object import JsonObject

TEAM_ID = "T0ACME"
APP_ID = "A0FLAKE"
BOT_ID = "B0FLAKE"
BOT_USER_ID = "U0FLAKE"
SLACKBOT_ID = "USLACKBOT"


@dataclass(frozen=True, slots=True)
class Team:
    """A workspace, or an organisation of several; `enterprise_id` is empty outside Enterprise Grid."""

    id: str
    name: str
    enterprise_id: str = ""
    is_organisation: bool = False


TEAM = Team(TEAM_ID, "Acme")


@dataclass(frozen=True, slots=True)
class User:
    """A member of the workspace."""

    id: str
    name: str
    real_name: str
    email: str = ""
    is_bot: bool = False


@dataclass(frozen=True, slots=True)
class Channel:
    """A channel, or the direct messages of the bot with `user`.

    `has_bot` is False if the bot is not a member, as in the direct messages of two people.
    """

    id: str
    name: str
    user: str | None = None
    is_archived: bool = False
    has_bot: bool = True


@dataclass(frozen=True, slots=True)
class Message:
    """A message; `only_for` is the reader of an ephemeral one, `updates` counts calls of chat.update."""

    channel: str
    ts: str
    user: str
    text: str
    blocks: tuple[JsonObject, ...] = ()
    thread_ts: str | None = None
    broadcast: bool = False
    metadata: JsonObject = field(default_factory=dict)
    only_for: str | None = None
    updates: int = 0
    unfurls: dict[str, list[JsonObject]] = field(default_factory=dict)

    @property
    def is_reply(self) -> bool:
        """Whether it is in the thread of another message."""
        return self.thread_ts is not None and self.thread_ts != self.ts

    def as_json(self) -> JsonObject:
        """Return it as the API shows it."""
        message: JsonObject = {"type": "message", "ts": self.ts, "user": self.user, "text": self.text, "team": TEAM_ID}
        if self.blocks:
            message["blocks"] = list(self.blocks)
        if self.user == BOT_USER_ID:
            message |= {"bot_id": BOT_ID, "app_id": APP_ID}
        if self.thread_ts is not None:
            message["thread_ts"] = self.thread_ts
        if self.metadata:
            message["metadata"] = self.metadata
        return message


@dataclass(frozen=True, slots=True)
class View:
    """A modal or an App Home: its `content` as the bot sent it, and the values and errors of its last submission."""

    id: str
    user: str
    content: JsonObject
    hash: str
    root_id: str
    previous_id: str | None = None
    errors: dict[str, str] = field(default_factory=dict)
    notice: str = ""
    values: dict[str, str | list[str]] = field(default_factory=dict)
    team_id: str = TEAM_ID

    @property
    def blocks(self) -> list[JsonObject]:
        """The blocks of the content."""
        return json_object.children(self.content, "blocks")

    @property
    def title(self) -> str:
        """The text of the title."""
        return json_object.string(json_object.child(self.content, "title"), "text")

    @property
    def callback_id(self) -> str:
        """The callback_id, or an empty string."""
        return json_object.string(self.content, "callback_id")

    def as_json(self, state_values: JsonObject | None = None) -> JsonObject:
        """Return it as the API shows it."""
        assigned: JsonObject = {
            "id": self.id,
            "team_id": self.team_id,
            "state": {"values": state_values or {}},
            "hash": self.hash,
            "root_view_id": self.root_id,
            "previous_view_id": self.previous_id,
            "app_id": APP_ID,
            "app_installed_team_id": self.team_id,
            "bot_id": BOT_ID,
        }
        defaults: JsonObject = {
            "callback_id": "",
            "private_metadata": "",
            "external_id": "",
            "close": None,
            "submit": None,
        }
        return defaults | self.content | assigned


@dataclass(frozen=True, slots=True)
class MethodCall:
    """A call of the Web API, for the log."""

    method: str
    arguments: JsonObject
    status: int
    error: str | None
    at: float


@dataclass(frozen=True, slots=True)
class BotResponse:
    """The bot's response to a request; status 0 and an `error` of Slack's if there was none in time."""

    status: int
    body: str = ""
    error: str | None = None

    @property
    def ok(self) -> bool:
        """Whether Slack accepts it."""
        return self.error is None

    def json(self) -> JsonObject:
        """Return the body if it is a JSON object, else an empty one."""
        return json_object.as_object(json_object.decode(self.body))


@dataclass(frozen=True, slots=True)
class Dispatch:
    """A request to the bot with its response, for the log; `kind` is the payload's type."""

    kind: str
    payload: JsonObject
    response: BotResponse


@dataclass(frozen=True, slots=True)
class SlackSettings:
    """Which of Slack's limits apply, and how strictly; times are in seconds, `burst` is a number of messages."""

    rate_limits: bool = True
    burst: int = 5
    trigger_seconds: float = 3.0
    response_seconds: float = 3.0
    unfurl_domains: tuple[str, ...] = ()
    honors_client_msg_id: bool = True


PEOPLE = (
    User("U0ANA", "ana", "Ana Flores", "ana@acme.example"),
    User("U0BEN", "ben", "Ben Okafor", "ben@acme.example"),
    User("U0CHLOE", "chloe", "Chloe Martin", "chloe@acme.example"),
)
BOTS = (
    User(BOT_USER_ID, "flakeguard", "FlakeGuard", is_bot=True),
    User(SLACKBOT_ID, "slackbot", "Slackbot", is_bot=True),
)
CHANNELS = (Channel("C0CIFLAKES", "ci-flakes"), Channel("C0GENERAL", "general"))
