"""What every Slack listener is handed: what Slack sent, and the door through which its workspace acts."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, PrivateAttr, model_validator

from bot import telemetry
from bot.analysis.model import Actor, ActorKind, CaseId, Channel, RepositoryId
from bot.errors import FlakeGuardError, UserError
from bot.github.client import GitHub
from bot.queries import access
from bot.queries.connection import Setup
from bot.queries.search import CaseSearch
from bot.services.page_link import PageLinks
from bot.services.workspace import recognise
from bot.slack.block_kit import Message, View
from bot.slack.client import Slack
from bot.slack.errors import ExpiredTriggerError
from bot.slack.registry import Registry
from bot.slack.views import response
from bot.store.database import Database, Session
from bot.store.workspaces import workspace as workspace_store
from bot.store.workspaces.workspace import Workspace

_log = telemetry.logger(__name__)
_LAST_CASE = 2**31 - 1
_LONGEST_ID = 18  # digits; more do not fit into a number of the database
TOO_LATE = "Slack did not wait for the form. Ask for it again."
OUTDATED = "This button or form is from an older version. Ask for the test again."


_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def _cleaned(sent: object) -> object:
    match sent:
        case str():
            return _UNSTORABLE.sub("\ufffd", sent)
        case Mapping():
            return {key: _cleaned(value) for key, value in sent.items() if value is not None}
        case list():
            return [_cleaned(one) for one in sent]
        case _:
            return sent


class Part(BaseModel):
    """A part of what Slack sends, where null means the same as absent, without characters that cannot be stored."""

    model_config = ConfigDict(hide_input_in_errors=True)  # logs are not for what people write

    @model_validator(mode="before")
    @classmethod
    def _clean(cls, sent: object) -> object:
        return _cleaned(sent)


class _Named(Part):
    id: str = ""
    username: str = ""
    name: str = ""
    team_id: str = ""


class _Option(Part):
    value: str = ""


class _Element(Part):
    action_id: str = ""
    block_id: str = ""
    value: str = ""
    selected_option: _Option | None = None


class _Container(Part):
    message_ts: str = ""
    thread_ts: str = ""
    is_ephemeral: bool = False


class _Message(Part):
    text: str = ""
    blocks: list[dict[str, Any]] = []
    attachments: list[dict[str, Any]] = []

    @property
    def everything(self) -> str:
        """All of it as text, for a link that may stand anywhere."""
        return json.dumps([self.text, self.blocks, self.attachments])

    @property
    def block_ids(self) -> frozenset[str]:
        return frozenset(str(block.get("block_id", "")) for block in self.blocks)


class _Link(Part):
    url: str = ""


class _State(Part):
    values: dict[str, Any] = {}  # decoded by the form it belongs to


class _View(Part):
    id: str = ""
    callback_id: str = ""
    private_metadata: str = ""
    state: _State = _State()


class Body(Part):
    """Slack's request, of whatever kind, as far as FlakeGuard reads it."""

    user: _Named = _Named()
    user_id: str = ""
    user_name: str = ""
    channel: _Named = _Named()
    channel_id: str = ""
    text: str = ""
    trigger_id: str = ""
    actions: list[_Element] = []
    container: _Container = _Container()
    view: _View = _View()
    message: _Message = _Message()
    links: list[_Link] = []
    block_id: str = ""
    value: str = ""
    response_url: str = ""
    team_id: str = ""
    tab: str = ""
    unfurl_id: str = ""
    source: str = ""
    is_event: bool = False
    _github_login: str = PrivateAttr("")

    @property
    def actor(self) -> Actor:
        """Who did it."""
        user = self.user.id or self.user_id
        name = self.user.name or self.user.username or self.user_name or user
        return Actor(ActorKind.SLACK, user, name, self._github_login)

    def recognise(self, github_login: str) -> None:
        """Know which GitHub account the person is linked with, so that they are the same person there."""
        self._github_login = github_login

    @property
    def team(self) -> str:
        """The workspace of the person; of an organisation's several, the one they are in."""
        return self.user.team_id or self.team_id

    @property
    def where(self) -> str:
        """The channel it was done in; empty outside channels."""
        return self.channel.id or self.channel_id

    @property
    def choice(self) -> str:
        """The value of the button that was pressed, or of the option that was chosen."""
        if not self.actions:
            return ""
        used = self.actions[0]
        return used.selected_option.value if used.selected_option else used.value

    @property
    def block(self) -> str:
        """The block that the button or menu stands in."""
        return self.actions[0].block_id if self.actions else ""

    def is_card_of(self, case_id: CaseId) -> bool:
        """Whether it was done on the card of a case: a message for all, with the card's own row of buttons."""
        return not self.container.is_ephemeral and f"fc_{case_id}:act" in self.message.block_ids

    @property
    def card_case(self) -> CaseId | None:
        """The case on whose card a button was pressed; None elsewhere."""
        number = self.block.removeprefix("fc_").removesuffix(":act")
        known = is_id(number) and int(number) <= _LAST_CASE and self.block == f"fc_{number}:act"
        return CaseId(int(number)) if known else None

    @property
    def subject(self) -> int:
        """The id in the value of the button or option; the value may say a word before it, as in `mute:17`.

        Raises:
            UserError: not one of ours.
        """
        return as_id(self.choice.rpartition(":")[2])

    @property
    def number(self) -> int:
        """The id before the subject in the value of a button, as in `17:4711`.

        Raises:
            UserError: not one of ours.
        """
        return as_id(self.choice.partition(":")[0])


def is_id(text: str) -> bool:
    """Whether a text can be an id of ours."""
    return text.isdecimal() and len(text) <= _LONGEST_ID


def as_id(text: str) -> int:
    """Return the id that a text from Slack holds.

    Raises:
        UserError: it holds none.
    """
    if not is_id(text):
        raise UserError(OUTDATED)
    return int(text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """What listeners work with: one request of one workspace.

    `approver_groups` are Slack's ids of those who decide where nobody can link a GitHub account.
    """

    db: Database
    workspace: Workspace
    slack: Slack
    github: GitHub | None
    default_channel: str | None
    setup: Setup
    search: CaseSearch
    pages: PageLinks | None
    approver_groups: tuple[str, ...]
    public_url: str

    def visible(self, session: Session) -> Sequence[RepositoryId]:
        """The repositories the workspace may see; whatever lists or searches starts from these."""
        return access.visible(session, self.workspace)

    def channel(self, channel: str) -> Channel | None:
        """Where a card is opened that has none yet: the channel for all, else the one of the request."""
        chosen = self.default_channel or channel
        return Channel(self.workspace.id, chosen) if chosen else None

    def answer(self, body: Body, message: Message) -> None:
        """Show something to the one who asked, where they asked; in a direct message where that is nowhere.

        People also ask where the bot is not, in a private channel or in each other's direct messages: there only
        the address that came with the request reaches them.
        """
        user = body.actor.id
        thread = body.container.thread_ts or None
        try:
            if body.where:
                self.slack.ephemeral(body.where, user, message, thread_ts=thread)
                return
        except FlakeGuardError as error:
            _log.info("answered another way", reason=str(error))
        try:
            if body.response_url:
                self.slack.respond(body.response_url, message, thread_ts=thread)
                return
        except FlakeGuardError as error:
            _log.info("answered in a direct message", reason=str(error))
        self.slack.post(self.slack.open_dm(user), message, key=f"answer:{telemetry.new_id()}")

    def open(self, body: Body, view: View) -> None:
        """Open a modal; after an event, which lets none be opened, answer with the button that does."""
        if body.is_event:
            self.answer(body, response.carry_on(body.text))
            return
        try:
            self.slack.open_view(body.trigger_id, view)
        except ExpiredTriggerError as error:
            raise UserError(TOO_LATE) from error


@dataclass(frozen=True, slots=True, kw_only=True)
class Entrance:
    """What the process has, from which a request gets its door."""

    db: Database
    slacks: Registry
    github: GitHub | None
    default_channel: str | None
    setup: Setup
    approver_groups: tuple[str, ...]
    public_url: str
    pages: PageLinks | None
    search: CaseSearch = field(default_factory=CaseSearch)

    def admit(self, workspace: Workspace) -> Door:
        """The door of a request of this workspace."""
        channel = self.default_channel if workspace.by_token else None
        return Door(
            db=self.db,
            workspace=workspace,
            slack=self.slacks.of(workspace.id),
            github=self.github,
            default_channel=channel,
            setup=self.setup,
            approver_groups=self.approver_groups,
            public_url=self.public_url,
            search=self.search,
            pages=self.pages,
        )

    def answer_without_token(self, body: Body, message: Message) -> None:
        """Answer at the address that came with a request, which is all there is where a token was taken back."""
        if body.response_url:
            self.slacks.anonymous.respond(body.response_url, message)

    def identify(self) -> Workspace | None:
        """Ask Slack whom SLACK_BOT_TOKEN speaks for, and record it; None while Slack does not say."""
        with self.db.begin() as session:
            held = workspace_store.find_by_token(session)
        if held is None:
            return None
        try:
            identity = self.slacks.of(held.id).probe()
        except FlakeGuardError as error:
            _log.warning("Slack did not say who the bot is", reason=str(error))
            return None
        with self.db.begin() as session:
            return recognise(session, identity, now())


Handler = Callable[[Door, Body], None]


def now() -> datetime:
    """The clock of the doors."""
    return datetime.now(UTC)
