"""What Slack sends when people type and click: a model for each kind of payload, with Slack's names."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Protocol

from pydantic import BaseModel, ConfigDict, model_validator

from bot.analysis.model import Actor, ActorKind, CaseId
from bot.slack import ids

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


class Request(Protocol):
    """What every payload that a person causes says; a text is empty where Slack does not say it."""

    @property
    def actor(self) -> Actor:
        """Who did it."""

    @property
    def actor_team_id(self) -> str:
        """The team of the person, who may be a guest of a shared channel."""

    @property
    def channel_id(self) -> str:
        """The channel it was done in."""

    @property
    def thread_ts(self) -> str:
        """The thread it was done in."""

    @property
    def response_url(self) -> str:
        """Where the request can be answered without a token."""

    @property
    def trigger_id(self) -> str:
        """What opens a modal, within three seconds; events have none."""

    @property
    def key(self) -> str:
        """What is the same when Slack sends the same request again; empty where it is answered each time."""


def _cleaned(value: object) -> object:
    match value:
        case str():
            return _UNSTORABLE.sub("\ufffd", value)
        case Mapping():
            return {key: _cleaned(item) for key, item in value.items() if item is not None}
        case list():
            return [_cleaned(item) for item in value]
        case _:
            return value


class Payload(BaseModel):
    """A part of what Slack sends: null means the same as absent, and characters that cannot be stored are replaced."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)  # logs are not for what people write

    @model_validator(mode="before")
    @classmethod
    def _clean(cls, value: object) -> object:
        return _cleaned(value)


class User(Payload):
    """The person of an interaction."""

    id: str
    name: str = ""
    username: str = ""
    team_id: str = ""


class ChannelReference(Payload):
    """The channel of an interaction."""

    id: str = ""


class Option(Payload):
    """The chosen option of a menu."""

    value: str = ""


class Element(Payload):
    """The button or menu that was used."""

    action_id: str = ""
    block_id: str = ""
    value: str = ""
    selected_option: Option | None = None


class Container(Payload):
    """What the button or menu stands in."""

    message_ts: str = ""
    thread_ts: str = ""
    is_ephemeral: bool = False


class MessagePayload(Payload):
    """The message of an interaction."""

    text: str = ""
    blocks: list[dict[str, Any]] = []
    attachments: list[dict[str, Any]] = []

    @property
    def everything(self) -> str:
        """All of it as text, for a link that may stand anywhere."""
        return json.dumps([self.text, self.blocks, self.attachments])


class ViewState(Payload):
    """What was filled into a form, by block id and action id; `bot.slack.form` decodes it."""

    values: dict[str, Any] = {}


class ViewPayload(Payload):
    """The modal of an interaction."""

    id: str = ""
    private_metadata: str = ""
    state: ViewState = ViewState()


class SlashCommand(Payload):
    """`/flakeguard …` was typed.

    https://docs.slack.dev/interactivity/implementing-slash-commands
    """

    team_id: str = ""
    channel_id: str = ""
    user_id: str
    user_name: str = ""
    text: str = ""
    response_url: str = ""
    trigger_id: str = ""

    @property
    def actor(self) -> Actor:
        """Who typed it."""
        return Actor(ActorKind.SLACK, self.user_id, self.user_name or self.user_id)

    @property
    def actor_team_id(self) -> str:
        """The team of the person."""
        return self.team_id

    @property
    def thread_ts(self) -> str:
        """No thread: Slack takes no commands there."""
        return ""

    @property
    def key(self) -> str:
        """The trigger, which is good once."""
        return self.trigger_id


class Interaction(Payload):
    """What the payloads of interactivity share."""

    user: User
    channel: ChannelReference = ChannelReference()
    response_url: str = ""
    trigger_id: str = ""

    @property
    def actor(self) -> Actor:
        """Who did it."""
        return Actor(ActorKind.SLACK, self.user.id, self.user.name or self.user.username or self.user.id)

    @property
    def actor_team_id(self) -> str:
        """The team of the person."""
        return self.user.team_id

    @property
    def channel_id(self) -> str:
        """The channel of the message; empty in a view."""
        return self.channel.id

    @property
    def thread_ts(self) -> str:
        """The thread of the message."""
        return ""

    @property
    def key(self) -> str:
        """The trigger, which is good once."""
        return self.trigger_id


class BlockAction(Interaction):
    """A button was pressed, or an option of a menu chosen.

    https://docs.slack.dev/reference/interaction-payloads/block_actions-payload
    """

    container: Container = Container()
    message: MessagePayload = MessagePayload()
    actions: tuple[Element, ...]

    @property
    def thread_ts(self) -> str:
        """The thread of the message."""
        return self.container.thread_ts

    @property
    def value(self) -> str:
        """The value of the button that was pressed, or of the option that was chosen."""
        used = self._element
        return used.selected_option.value if used.selected_option else used.value

    @property
    def block_id(self) -> str:
        """The block that the button or menu stands in."""
        return self._element.block_id

    def is_on_card_of(self, case_id: CaseId) -> bool:
        """Whether it was done on the card of a case: a message for all, with the card's own row of buttons."""
        blocks = {block.get("block_id") for block in self.message.blocks}
        return not self.container.is_ephemeral and ids.card_block(case_id, ids.CARD_ACTIONS) in blocks

    @property
    def _element(self) -> Element:
        return self.actions[0] if self.actions else Element()


class ViewSubmission(Interaction):
    """A form was submitted.

    https://docs.slack.dev/reference/interaction-payloads/view-interactions-payload
    """

    view: ViewPayload


class Shortcut(Interaction):
    """A global shortcut was chosen.

    https://docs.slack.dev/reference/interaction-payloads/shortcuts-interaction-payload
    """


class MessageShortcut(Interaction):
    """A shortcut was chosen on a message.

    https://docs.slack.dev/reference/interaction-payloads/shortcuts-interaction-payload
    """

    message: MessagePayload = MessagePayload()


class BlockSuggestion(Interaction):
    """A menu asks for options while a person types; `value` is what was typed.

    https://docs.slack.dev/reference/interaction-payloads/block_suggestion-payload
    """

    block_id: str = ""
    value: str = ""

    @property
    def key(self) -> str:
        """Nothing: it is answered each time."""
        return ""
