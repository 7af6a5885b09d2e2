"""What every Slack listener shares: who acts, what they may see, how an answer gets back, how errors are told."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, assert_never

from pydantic import BaseModel
from slack_bolt import Ack, BoltContext, BoltRequest

from bot import telemetry
from bot.analysis.model import Actor, ActorKind, CaseId, Place, QuarantineId, RepositoryId
from bot.errors import FlakeGuardError, NotAllowedError, UserError
from bot.github.client import GitHub
from bot.services import access
from bot.services.search import CaseSearch
from bot.slack import answers
from bot.slack.blockkit import Message, View
from bot.slack.client import Slack
from bot.slack.registry import Registry
from bot.store import deliveries, workspaces
from bot.store.database import Database, Session
from bot.store.workspaces import Workspace

_log = telemetry.logger(__name__)
_LONGEST_ID = 18  # digits; more do not fit into a number of the database
OUTDATED = "This button or form is from an older version. Ask for the test again."


class _Named(BaseModel):
    id: str = ""
    username: str = ""
    name: str = ""


class _Option(BaseModel):
    value: str = ""


class _Element(BaseModel):
    action_id: str = ""
    block_id: str = ""
    value: str = ""
    selected_option: _Option | None = None


class _Container(BaseModel):
    message_ts: str = ""
    thread_ts: str = ""
    is_ephemeral: bool = False


class _Message(BaseModel):
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


class _State(BaseModel):
    values: dict[str, Any] = {}  # decoded by the form it belongs to


class _View(BaseModel):
    id: str = ""
    callback_id: str = ""
    private_metadata: str = ""
    state: _State = _State()


class Body(BaseModel):
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
    block_id: str = ""
    value: str = ""

    @property
    def actor(self) -> Actor:
        """Who did it."""
        user = self.user.id or self.user_id
        return Actor(ActorKind.SLACK, user, self.user.name or self.user.username or self.user_name or user)

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
    def subject(self) -> int:
        """The id in the value of the button or option; the value may say a word before it, as in `mute:17`.

        Raises:
            UserError: not one of ours.
        """
        number = self.choice.rpartition(":")[2]
        if not number.isdecimal() or len(number) > _LONGEST_ID:
            raise UserError(OUTDATED)
        return int(number)


@dataclass(frozen=True, slots=True)
class Door:
    """What listeners work with: one request of one workspace."""

    db: Database
    workspace: Workspace
    slack: Slack
    github: GitHub | None
    default_channel: str | None
    missing: tuple[str, ...]
    search: CaseSearch

    def visible(self, session: Session) -> Sequence[RepositoryId]:
        """The repositories the workspace may see; whatever lists or searches starts from these."""
        return access.visible(session, self.workspace)

    def place(self, channel: str) -> Place | None:
        """Where a card is opened that has none yet: the channel for all, else the one of the request."""
        chosen = self.default_channel or channel
        return Place(self.workspace.id, chosen) if chosen else None

    def answer(self, body: Body, message: Message) -> None:
        """Show something to the one who asked, where they asked; in a direct message where that is nowhere."""
        actor = body.actor
        if body.where:
            thread = body.container.thread_ts or None
            self.slack.ephemeral(body.where, actor.id, message, thread_ts=thread)
        else:
            self.slack.post(self.slack.open_dm(actor.id), message, key=f"answer:{telemetry.new_id()}")

    def open(self, body: Body, view: View) -> None:
        """Open a modal."""
        self.slack.open_view(body.trigger_id, view)


@dataclass(frozen=True, slots=True)
class Entrance:
    """What the process has, from which a request gets its door."""

    db: Database
    slacks: Registry
    github: GitHub | None
    default_channel: str | None
    missing: tuple[str, ...]
    search: CaseSearch = field(default_factory=CaseSearch)

    def admit(self, workspace: Workspace) -> Door:
        """The door of a request of this workspace."""
        channel = self.default_channel if workspace.by_token else None
        return Door(self.db, workspace, self.slacks.of(workspace.id), self.github, channel, self.missing, self.search)

    def identify(self) -> Workspace | None:
        """Ask Slack whom SLACK_BOT_TOKEN speaks for, and record it; None while Slack does not say."""
        with self.db.begin() as session:
            held = workspaces.find_by_token(session)
        if held is None:
            return None
        try:
            identity = self.slacks.of(held.id).probe()
        except FlakeGuardError as error:
            _log.warning("Slack did not say who the bot is", reason=str(error))
            return None
        with self.db.begin() as session:
            return workspaces.identify(
                session,
                enterprise_id=identity.enterprise_id,
                team_id="" if identity.is_organisation else identity.team_id,
                name=identity.team,
                bot_user_id=identity.bot_user_id,
                now=now(),
            )


Handler = Callable[[Door, Body], None]


class About(StrEnum):
    """What the id that comes along with a request names; it is looked up and guarded before its handler runs."""

    NOTHING = "nothing"
    CASE = "case_id"
    QUARANTINE = "quarantine_id"
    REPOSITORY = "repository_id"


@dataclass(frozen=True, slots=True)
class Listener:
    """A handler, and what its requests are about."""

    about: About
    handler: Handler


def acknowledge(ack: Ack) -> None:
    """Tell Slack that the request has arrived."""
    ack()


def guarded(entrance: Entrance, listener: Listener) -> Callable[[Mapping[str, Any], BoltContext, BoltRequest], None]:
    """A handler as Bolt's lazy listener, run once per request and only on what its workspace may see.

    Bolt swallows its errors, so they are translated here.
    """
    name = listener.handler.__name__

    def run(body: Mapping[str, Any], context: BoltContext, request: BoltRequest) -> None:
        asked = Body.model_validate(body)
        workspace: Workspace = context["workspace"]
        with telemetry.correlated(telemetry.new_id(), actor=asked.actor.subject, workspace=workspace.id):
            try:
                door = entrance.admit(workspace)
            except FlakeGuardError as error:
                _log.warning("request of a workspace that cannot be answered", reason=str(error), handler=name)
                return
            try:
                if is_new(door, asked.trigger_id, request):
                    require_member(workspace, context)
                    guard(door, asked, listener.about)
                    listener.handler(door, asked)
            except FlakeGuardError as error:
                text = str(error) if isinstance(error, UserError) else "That did not work just now. Try again."
                _log.info("request refused", reason=str(error), handler=name)
                _tell(door, asked, text)
            except Exception:  # noqa: BLE001  # the last translator: nothing may be lost silently
                incident = telemetry.new_id()
                _log.exception("request failed", incident=incident, handler=name)
                _tell(door, asked, f"Something went wrong on our side. It was logged as {incident}.")

    run.__name__ = name
    return run


def require_member(workspace: Workspace, context: BoltContext) -> None:
    """Raise NotAllowedError for somebody of another company, as a channel shared with it brings along."""
    if not workspace.has_member(context.actor_enterprise_id or "", context.actor_team_id or ""):
        message = "Only members of the workspace that installed FlakeGuard can use it."
        raise NotAllowedError(message)


def guard(door: Door, body: Body, about: About) -> None:
    """Raise unless everything a request names may be seen by its workspace.

    A click names it in its value, a form in its private_metadata: there every id of ours counts, whatever the
    form is about.
    """
    named = _named(body)
    if body.actions and about is not About.NOTHING:
        named[about] = body.subject
    if about is not About.NOTHING and about not in named:
        raise UserError(OUTDATED)
    with door.db.begin() as session:
        for kind, number in named.items():
            match kind:
                case About.CASE:
                    access.require_case(session, door.workspace, CaseId(number))
                case About.QUARANTINE:
                    access.require_quarantine(session, door.workspace, QuarantineId(number))
                case About.REPOSITORY:
                    access.require_visible(session, door.workspace, RepositoryId(number))
                case About.NOTHING:
                    pass
                case _:
                    assert_never(kind)


def _named(body: Body) -> dict[About, int]:
    try:
        metadata = json.loads(body.view.private_metadata or "{}")
    except ValueError:
        raise UserError(OUTDATED) from None
    if not isinstance(metadata, dict):
        raise UserError(OUTDATED)
    found = {}
    for about in (About.CASE, About.QUARANTINE, About.REPOSITORY):
        value = metadata.get(about.value)
        if value is None:
            continue
        if not isinstance(value, int) or isinstance(value, bool):
            raise UserError(OUTDATED)
        found[about] = value
    return found


def is_new(door: Door, key: str, request: BoltRequest) -> bool:
    """Whether this is not a request that Slack sends again although it was taken in, believing it was lost."""
    with door.db.begin() as session:
        first = deliveries.insert_slack_event(session, f"{door.workspace.id}:{key}", now())
    return first or request.headers.get("x-slack-retry-num", ["0"])[0] == "0"


def _tell(door: Door, body: Body, text: str) -> None:
    try:
        door.answer(body, answers.error(text))
    except FlakeGuardError as error:
        _log.warning("answer could not be given", reason=str(error))


def now() -> datetime:
    """The clock of the doors."""
    return datetime.now(UTC)
