"""What every Slack listener shares: who acts, how an answer gets back, and the one translator of errors."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pydantic import BaseModel
from slack_bolt import Ack

from bot import telemetry
from bot.analysis.model import Actor, ActorKind
from bot.errors import FlakeGuardError, UserError
from bot.slack import answers
from bot.slack.blockkit import Message, View
from bot.slack.client import Slack
from bot.store.database import Database

_log = telemetry.logger(__name__)


class _Named(BaseModel):
    id: str = ""
    username: str = ""
    name: str = ""


class _Button(BaseModel):
    action_id: str = ""
    value: str = ""


class _Container(BaseModel):
    message_ts: str = ""
    thread_ts: str = ""


class _State(BaseModel):
    values: dict[str, Any] = {}  # decoded by the form it belongs to


class _View(BaseModel):
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
    actions: list[_Button] = []
    container: _Container = _Container()
    view: _View = _View()

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
    def subject(self) -> int:
        """The id in the value of the button that was pressed.

        Raises:
            UserError: not one of ours.
        """
        value = self.actions[0].value if self.actions else ""
        if not value.isdecimal():
            message = "This button is from an older version. Ask for the test again."
            raise UserError(message)
        return int(value)


@dataclass(frozen=True, slots=True)
class Door:
    """What listeners work with."""

    db: Database
    slack: Slack
    channel: str | None
    missing: tuple[str, ...]

    def answer(self, body: Body, message: Message) -> None:
        """Show something to the one who asked, where they asked; in a direct message where that is nowhere."""
        actor = body.actor
        if body.where:
            self.slack.ephemeral(body.where, actor.id, message)
        else:
            self.slack.post(self.slack.open_dm(actor.id), message, key=f"answer:{telemetry.new_id()}")

    def open(self, body: Body, view: View) -> None:
        """Open a modal."""
        self.slack.open_view(body.trigger_id, view)


Handler = Callable[[Door, Body], None]


def acknowledge(ack: Ack) -> None:
    """Tell Slack that the request has arrived."""
    ack()


def guarded(door: Door, handler: Handler) -> Callable[[Mapping[str, Any]], None]:
    """A handler as Bolt's lazy listener; Bolt swallows its errors, so they are translated here."""

    def run(body: Mapping[str, Any]) -> None:
        request = Body.model_validate(body)
        with telemetry.correlated(telemetry.new_id(), actor=request.actor.subject):
            try:
                handler(door, request)
            except FlakeGuardError as error:
                text = str(error) if isinstance(error, UserError) else "That did not work just now. Try again."
                _log.info("request refused", reason=str(error), handler=handler.__name__)
                _tell(door, request, text)
            except Exception:  # noqa: BLE001  # the last translator: nothing may be lost silently
                incident = telemetry.new_id()
                _log.exception("request failed", incident=incident, handler=handler.__name__)
                _tell(door, request, f"Something went wrong on our side. It was logged as {incident}.")

    run.__name__ = handler.__name__
    return run


def _tell(door: Door, body: Body, text: str) -> None:
    try:
        door.answer(body, answers.error(text))
    except FlakeGuardError as error:
        _log.warning("answer could not be given", reason=str(error))


def now() -> datetime:
    """The clock of the doors."""
    return datetime.now(UTC)
