"""What a workspace is made of."""

from __future__ import annotations

from dataclasses import dataclass, field

from bot.sandbox.slack import payload
from bot.sandbox.slack.payload import JsonObject

TEAM_ID = "T0ACME"
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
    """A channel, or a direct message when `user` names the person at the other end.

    `has_bot` is False for one that the bot was not invited to, such as the direct messages of two people.
    """

    id: str
    name: str
    user: str | None = None
    is_archived: bool = False
    has_bot: bool = True


@dataclass(frozen=True, slots=True)
class Message:
    """One message as it stands now."""

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
        """Whether it stands in the thread of another message."""
        return self.thread_ts is not None and self.thread_ts != self.ts

    def as_json(self) -> JsonObject:
        """Return it as Slack shows it to an app."""
        shown: JsonObject = {"type": "message", "ts": self.ts, "user": self.user, "text": self.text, "team": TEAM_ID}
        if self.blocks:
            shown["blocks"] = list(self.blocks)
        if self.user == BOT_USER_ID:
            shown |= {"bot_id": "B0FLAKE", "app_id": "A0FLAKE"}
        if self.thread_ts is not None:
            shown["thread_ts"] = self.thread_ts
        if self.metadata:
            shown["metadata"] = self.metadata
        return shown


@dataclass(frozen=True, slots=True)
class View:
    """A modal in somebody's stack, or somebody's App Home."""

    id: str
    user: str
    source: JsonObject
    hash: str
    root_id: str
    previous_id: str | None = None
    errors: dict[str, str] = field(default_factory=dict)
    notice: str = ""
    values: dict[str, str | list[str]] = field(default_factory=dict)
    team_id: str = TEAM_ID

    @property
    def blocks(self) -> list[JsonObject]:
        """Its blocks."""
        return payload.children(self.source, "blocks")

    @property
    def title(self) -> str:
        """The text of its title."""
        return payload.string(payload.child(self.source, "title"), "text")

    @property
    def callback_id(self) -> str:
        """Its callback_id."""
        return payload.string(self.source, "callback_id")

    def as_json(self, state: JsonObject | None = None) -> JsonObject:
        """Return it as Slack shows it to an app."""
        fixed: JsonObject = {
            "id": self.id,
            "team_id": self.team_id,
            "state": {"values": state or {}},
            "hash": self.hash,
            "root_view_id": self.root_id,
            "previous_view_id": self.previous_id,
            "app_id": "A0FLAKE",
            "app_installed_team_id": self.team_id,
            "bot_id": "B0FLAKE",
        }
        usual: JsonObject = {
            "callback_id": "",
            "private_metadata": "",
            "external_id": "",
            "close": None,
            "submit": None,
        }
        return usual | self.source | fixed


@dataclass(frozen=True, slots=True)
class Call:
    """One call of the Web API, for the log."""

    method: str
    arguments: JsonObject
    status: int
    error: str | None
    at: float


@dataclass(frozen=True, slots=True)
class Answer:
    """What the bot answered to something a person did; status 0 means that no answer came."""

    status: int
    body: str = ""
    error: str | None = None

    @property
    def ok(self) -> bool:
        """Whether Slack would be content with it."""
        return self.error is None

    def json(self) -> JsonObject:
        """Return the body as a JSON object, empty when it is none."""
        return payload.as_object(payload.decoded(self.body))


@dataclass(frozen=True, slots=True)
class Sent:
    """One request of Slack to the bot, for the log."""

    kind: str
    payload: JsonObject
    answer: Answer


@dataclass(frozen=True, slots=True)
class Settings:
    """What of Slack's temper is played, and how sharply."""

    rate_limits: bool = True
    burst: int = 5
    trigger_seconds: float = 3.0
    answer_seconds: float = 3.0
    unfurl_domains: tuple[str, ...] = ()
    knows_client_ids: bool = True


class RefusalError(Exception):
    """A refusal of the Web API: the code in `error`, with what comes along."""

    def __init__(
        self, code: str, *, details: tuple[str, ...] = (), status: int = 200, retry_after: int | None = None
    ) -> None:
        super().__init__(code)
        self.code = code
        self.details = details
        self.status = status
        self.retry_after = retry_after


PEOPLE = (
    User("U0ANA", "ana", "Ana Flores", "ana@acme.example"),
    User("U0BEN", "ben", "Ben Okafor", "ben@acme.example"),
    User("U0CHLOE", "chloe", "Chloe Martin", "chloe@acme.example"),
)
MACHINES = (
    User(BOT_USER_ID, "flakeguard", "FlakeGuard", is_bot=True),
    User(SLACKBOT_ID, "slackbot", "Slackbot", is_bot=True),
)
CHANNELS = (Channel("C0CIFLAKES", "ci-flakes"), Channel("C0GENERAL", "general"))
