"""The forms of a channel: what it hears of, and its hours; and what was filled into them. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import time
from enum import StrEnum
from typing import Self, assert_never

from pydantic import BaseModel, TypeAdapter, ValidationError

from bot.analysis.channel_schedule import EVERY_DAY, WORKDAYS, DigestTime, Hours
from bot.analysis.model import RepositoryId
from bot.analysis.subscription import Event, Filters, Subscription
from bot.errors import InvalidInputError
from bot.slack import block_kit, ids
from bot.slack.block_kit import Block, Element, Json, View
from bot.slack.ids import Callback
from bot.slack.views import phrase, subscription

_MAX_OPTIONS = 100
_MAX_INPUT = 200


class Cadence(StrEnum):
    """How often a digest comes, as the modal asks it."""

    OFF = "off"
    DAILY = "daily"
    WORKDAYS = "workdays"
    WEEKLY = "weekly"


class Input(StrEnum):
    """The `block_id` of an input of these modals."""

    REPOSITORY = "repository"
    CHANNEL = "where"
    EVENTS = "events"
    BRANCH = "branch"
    MINIMUM = "minimum"
    OWNER = "owner"
    PATH = "path"
    CADENCE = "cadence"
    TIME = "time"
    WEEKDAY = "weekday"
    ZONE = "zone"
    QUIET = "quiet"
    QUIET_DAYS = "quiet_days"
    TELL = "tell"


@dataclass(frozen=True, slots=True)
class Answers:
    """What was filled in, as text; the chosen values of a list for several choices."""

    texts: Mapping[str, str]
    choices: Mapping[str, tuple[str, ...]]

    @classmethod
    def decode(cls, values: Mapping[str, object]) -> Self:
        """Read `view.state.values`.

        Raises:
            InvalidInputError: not a form of ours.
        """
        try:
            given = TypeAdapter(dict[str, dict[str, _Value]]).validate_python(values)
        except ValidationError as error:
            message = "Slack sent a form that cannot be read. Close it and open it again."
            raise InvalidInputError(message) from error
        held = {block: next(iter(elements.values()), _Value()) for block, elements in given.items()}
        return cls(
            texts={block: value.text for block, value in held.items()},
            choices={block: tuple(one.value for one in value.selected_options) for block, value in held.items()},
        )

    def text(self, name: Input) -> str:
        """What was written or chosen in an input; empty where nothing was."""
        return self.texts.get(name, "")

    def chosen(self, name: Input) -> tuple[str, ...]:
        """What was ticked in a list."""
        return self.choices.get(name, ())


class _Option(BaseModel):
    value: str


class _Value(BaseModel):
    value: str | None = None
    selected_option: _Option | None = None
    selected_options: list[_Option] = []
    selected_conversation: str | None = None

    @property
    def text(self) -> str:
        chosen = self.selected_option.value if self.selected_option else self.selected_conversation
        return (chosen or self.value or "").strip()


def subscribe_form(repositories: Mapping[RepositoryId, str], channel: str, known: Subscription | None = None) -> View:
    """Ask what a channel shall hear of; with `known`, change that subscription."""
    filters = known.filters if known else Filters()
    if known is not None:
        repository: Element = _select(ids.ELEMENT, [(str(known.repository_id), repositories[known.repository_id])], 0)
    elif len(repositories) <= _MAX_OPTIONS:
        repository = _select(ids.ELEMENT, [(str(number), name) for number, name in repositories.items()], None)
    else:
        repository = _line("owner/name", "")
    events: dict[str, Json] = {
        "type": "checkboxes",
        "action_id": ids.ELEMENT,
        "options": [_option(event) for event in Event],
    }
    if chosen := [_option(event) for event in Event if event in filters.events]:
        events["initial_options"] = chosen
    blocks = (
        block_kit.input_block(Input.REPOSITORY, "Repository", repository),
        block_kit.input_block(Input.CHANNEL, "Channel", _conversation(known.channel.id if known else channel)),
        block_kit.input_block(Input.EVENTS, "Events", events),
        _optional(Input.BRANCH, "Branch", "main or release/*", filters.branch, "Empty for every branch."),
        _optional(
            Input.MINIMUM,
            "Failure rate from",
            "5%",
            phrase.percent(filters.minimum).replace(" ", "") if filters.minimum else "",
            "Tests that fail more rarely are left to the digest.",
        ),
        _optional(Input.OWNER, "Owner", "@acme/payments", filters.owner, "Only tests of this owner."),
        _optional(Input.PATH, "Path", "tests/api/**", filters.path, "As in CODEOWNERS."),
    )
    return View(
        type="modal",
        title="Subscribe a channel",
        submit="Subscribe" if known is None else "Save",
        close="Cancel",
        callback_id=Callback.SUBSCRIBE,
        blocks=blocks,
    )


def hours_form(channel: str, hours: Hours) -> View:
    """Ask when a channel wants its digest, and when it wants to hear nothing."""
    return View(
        type="modal",
        title="Digest, quiet hours",
        submit="Save",
        close="Cancel",
        callback_id=Callback.HOURS,
        private_metadata=about(channel),
        blocks=(block_kit.section(f"<#{channel}>"), *hours_inputs(hours)),
    )


def hours_inputs(hours: Hours) -> tuple[Block, ...]:
    """The inputs of a channel's hours, filled with what is in force."""
    digest, held = hours.digest, hours.quiet
    weekday = next(iter(digest.days)) if digest and digest.is_weekly else 0
    chosen = Cadence.OFF
    if digest is not None:
        chosen = Cadence.WEEKLY if digest.is_weekly else Cadence.DAILY
        if digest.days == WORKDAYS:
            chosen = Cadence.WORKDAYS
    cadences = [
        (Cadence.OFF, "Never"),
        (Cadence.DAILY, "Every day"),
        (Cadence.WORKDAYS, "Monday to Friday"),
        (Cadence.WEEKLY, "Once a week"),
    ]
    quiet_hours = f"{held.begin:%H:%M}-{held.end:%H:%M}" if held and held.begin != held.end else ""
    days: dict[str, Json] = {
        "type": "checkboxes",
        "action_id": ids.ELEMENT,
        "options": [_day(number) for number in range(7)],
    }
    if held and held.days:
        days["initial_options"] = [_day(number) for number in sorted(held.days)]
    weekdays = [(str(number), name) for number, name in enumerate(subscription.DAYS)]
    return (
        block_kit.input_block(
            Input.CADENCE, "Digest", _select(ids.ELEMENT, cadences, [one for one, _ in cadences].index(chosen))
        ),
        block_kit.input_block(Input.WEEKDAY, "Day of a weekly digest", _select(ids.ELEMENT, weekdays, weekday)),
        block_kit.input_block(Input.TIME, "At", _line("09:00", f"{digest.at:%H:%M}" if digest else "09:00")),
        block_kit.input_block(
            Input.ZONE,
            "Time zone",
            _line("Europe/Berlin", hours.zone.key),
            hint="An IANA name, or the name of its city.",
        ),
        _optional(Input.QUIET, "Quiet hours", "20:00-08:00", quiet_hours, "What can wait is said when they are over."),
        block_kit.input_block(Input.QUIET_DAYS, "Quiet days", days, optional=True),
    )


def is_channel(channel: str) -> bool:
    """Whether a place is a channel, by what Slack's ids begin with; a direct message has no hours of its own."""
    return channel.startswith(("C", "G"))


def about(channel: str) -> str:
    """Return the metadata of a form about a channel; empty where it is about none."""
    return json.dumps({"channel": channel}, separators=(",", ":"))


def channel_of(private_metadata: str) -> str:
    """Return the channel a form of hours is about.

    Raises:
        InvalidInputError: not a form of ours.
    """
    try:
        held = json.loads(private_metadata)
        return str(held["channel"])
    except (ValueError, KeyError, TypeError):
        message = "This form is from an older version. Close it and open it again."
        raise InvalidInputError(message) from None


def digest_time(chosen: Cadence, weekday: int, at: time) -> DigestTime | None:
    """Return the digest a form asks for; `weekday` is read for a weekly one."""
    match chosen:
        case Cadence.OFF:
            return None
        case Cadence.DAILY:
            return DigestTime(at, EVERY_DAY)
        case Cadence.WORKDAYS:
            return DigestTime(at, WORKDAYS)
        case Cadence.WEEKLY:
            return DigestTime(at, frozenset({weekday}))
        case _:
            assert_never(chosen)


def _option(event: Event) -> Element:
    return {"text": block_kit.plain(subscription.EVENTS[event], block_kit.MAX_OPTION), "value": event.value}


def _day(number: int) -> Element:
    return {"text": block_kit.plain(subscription.DAYS[number]), "value": str(number)}


def _select(action_id: str, options: Sequence[tuple[str, str]], initial: int | None) -> Element:
    rendered: list[Element] = [
        {"text": block_kit.plain(name, block_kit.MAX_OPTION), "value": value} for value, name in options
    ]
    element: dict[str, Json] = {"type": "static_select", "action_id": action_id, "options": list(rendered)}
    if initial is not None:
        element["initial_option"] = rendered[initial]
    return element


def _conversation(channel: str) -> Element:
    element: dict[str, Json] = {
        "type": "conversations_select",
        "action_id": ids.ELEMENT,
        "filter": {"include": ["public", "private"], "exclude_bot_users": True},
    }
    if is_channel(channel):
        element["initial_conversation"] = channel
    return element


def _optional(name: Input, label: str, placeholder: str, initial: str, hint: str) -> Block:
    return block_kit.input_block(name, label, _line(placeholder, initial), optional=True, hint=hint)


def _line(placeholder: str, initial: str) -> Element:
    element: dict[str, Json] = {
        "type": "plain_text_input",
        "action_id": ids.ELEMENT,
        "max_length": _MAX_INPUT,
        "placeholder": block_kit.plain(placeholder),
    }
    if initial:
        element["initial_value"] = block_kit.clip(block_kit.line(initial), _MAX_INPUT)
    return element
