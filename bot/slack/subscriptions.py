"""Subscriptions and the hours of a channel: lists, sentences and modals. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import time
from enum import StrEnum
from typing import Self, assert_never

from pydantic import BaseModel, TypeAdapter, ValidationError

from bot.analysis.model import RepositoryId
from bot.analysis.schedule import EVERY_DAY, WORKDAYS, DigestTime, Hours
from bot.analysis.subscriptions import Event, Filters, Subscription
from bot.errors import InvalidInputError
from bot.slack import blockkit, names, phrases
from bot.slack.blockkit import Block, Element, Json, Message, View
from bot.slack.names import Action, Callback

_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_SAYS = {
    Event.FLAKY: "tests that turn flaky",
    Event.BROKEN: "tests that break on the default branch",
    Event.FIXED: "tests that are healthy again",
    Event.QUARANTINE: "proposals and decisions",
    Event.INCIDENT: "outages, and reports that cannot be read",
    Event.DIGEST: "the digest",
}
_MAX_ROWS = 12
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


@dataclass(frozen=True, slots=True)
class SubscriptionRow:
    """One subscription with the name of its repository."""

    subscription: Subscription
    repository: str


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


def describe(filters: Filters) -> str:
    """Return what a subscription lets through, in words, for mrkdwn."""
    events = [_SAYS[event] for event in Event if event in filters.events]
    parts = [phrases.listing(events)]
    if filters.branch:
        parts.append(f"on {blockkit.code(filters.branch, 100)}")
    if filters.minimum:
        parts.append(f"failing at least {phrases.percent(filters.minimum)}")
    if filters.owner:
        parts.append(f"owned by {blockkit.escape(blockkit.line(filters.owner), 100)}")
    if filters.path:
        parts.append(f"under {blockkit.code(filters.path, 100)}")
    return ", ".join(parts)


def cadence(hours: Hours) -> str:
    """Return when a digest comes, in words."""
    digest = hours.digest
    if digest is None:
        return "no digest"
    if digest.is_weekly:
        days = f"every {_DAYS[next(iter(digest.days))]}"
    elif digest.days == EVERY_DAY:
        days = "every day"
    elif digest.days == WORKDAYS:
        days = "Monday to Friday"
    else:
        days = phrases.listing(_DAYS[day] for day in sorted(digest.days))
    return f"{days} at {digest.at:%H:%M}, {hours.zone.key}"


def quiet(hours: Hours) -> str:
    """Return when nothing is said, in words."""
    held = hours.quiet
    if held is None:
        return "no quiet hours"
    parts = [f"{held.begin:%H:%M} to {held.end:%H:%M}"] if held.begin != held.end else []
    parts += [f"on {_DAYS[day]}" for day in sorted(held.days)]
    return f"quiet {phrases.listing(parts)}, {hours.zone.key}"


def subscribed(repository: str, filters: Filters, hours: Hours) -> Message:
    """Say what a channel hears from now on."""
    shown = f"{phrases.repository(repository)}: {describe(filters)}."
    text = f"This channel hears of {phrases.repository_text(repository)} from now on; {cadence(hours)}."
    blocks = [
        blockkit.section(f"\N{BELL} This channel hears of {shown}"),
        blockkit.context(f"Digest: {cadence(hours)} · {quiet(hours)}"),
        blockkit.actions(_hours_button("Digest and quiet hours…"), _list_button()),
    ]
    return Message(text, tuple(blocks))


def unsubscribed(repository: str) -> Message:
    """Say that a channel hears no more of a repository."""
    text = f"This channel hears no more of {phrases.repository_text(repository)}."
    return Message(text, (blockkit.section(f"This channel hears no more of {phrases.repository(repository)}."),))


def hours_set(hours: Hours) -> Message:
    """Say the hours of a channel as they are now."""
    text = f"Digest of this channel: {cadence(hours)}; {quiet(hours)}."
    blocks = (
        blockkit.section(f"*Digest:* {cadence(hours)}\n*Quiet hours:* {quiet(hours)}"),
        blockkit.actions(_hours_button("Change…"), _now_button()),
    )
    return Message(text, blocks)


def nothing_to_tell() -> Message:
    """Say that a digest would be empty."""
    text = "There is nothing to tell: nothing is new, nothing waits and nothing was lost. An empty digest is not sent."
    return Message(text, (blockkit.section(text),))


def listing(rows: Sequence[SubscriptionRow], hours: Hours, paused: str | None) -> Message:
    """List what a channel hears of, each with its buttons."""
    text = f"This channel hears of {phrases.count(len(rows), 'repository', 'repositories')}; {cadence(hours)}."
    blocks: list[Block] = [blockkit.section(f"*{text}*")]
    if paused:
        blocks.append(blockkit.section(f"\N{WARNING SIGN} Paused: {blockkit.escape(blockkit.line(paused), 300)}"))
    for row in rows[:_MAX_ROWS]:
        blocks.append(blockkit.section(f"{phrases.repository(row.repository)}\n{describe(row.subscription.filters)}"))
        blocks.append(blockkit.actions(*_row_buttons(row)))
    if len(rows) > _MAX_ROWS:
        blocks.append(blockkit.context(f"and {len(rows) - _MAX_ROWS:,} more"))
    new = blockkit.button("Subscribe…", Action.SUBSCRIBE_OPEN, says="Subscribe this channel to a repository")
    blocks.append(blockkit.actions(new, _hours_button("Digest and quiet hours…"), _now_button()))
    blocks.append(blockkit.context(f"Digest: {cadence(hours)} · {quiet(hours)}"))
    return Message(text, tuple(blocks))


def subscribe_form(repositories: Mapping[RepositoryId, str], channel: str, known: Subscription | None = None) -> View:
    """Ask what a channel shall hear of; with `known`, change that subscription."""
    filters = known.filters if known else Filters()
    if known is not None:
        repository: Element = _select(names.ELEMENT, [(str(known.repository_id), repositories[known.repository_id])], 0)
    elif len(repositories) <= _MAX_OPTIONS:
        repository = _select(names.ELEMENT, [(str(number), name) for number, name in repositories.items()], None)
    else:
        repository = _line("owner/name", "")
    events: dict[str, Json] = {
        "type": "checkboxes",
        "action_id": names.ELEMENT,
        "options": [_option(event) for event in Event],
    }
    if chosen := [_option(event) for event in Event if event in filters.events]:
        events["initial_options"] = chosen
    blocks = (
        blockkit.input_block(Input.REPOSITORY, "Repository", repository),
        blockkit.input_block(Input.CHANNEL, "Channel", _conversation(known.place.channel if known else channel)),
        blockkit.input_block(Input.EVENTS, "Events", events),
        _optional(Input.BRANCH, "Branch", "main or release/*", filters.branch, "Empty for every branch."),
        _optional(
            Input.MINIMUM,
            "Failure rate from",
            "5%",
            phrases.percent(filters.minimum).replace(" ", "") if filters.minimum else "",
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
        "action_id": names.ELEMENT,
        "options": [_day(number) for number in range(7)],
    }
    if held and held.days:
        days["initial_options"] = [_day(number) for number in sorted(held.days)]
    weekdays = [(str(number), name) for number, name in enumerate(_DAYS)]
    blocks = (
        blockkit.section(f"<#{channel}>"),
        blockkit.input_block(
            Input.CADENCE, "Digest", _select(names.ELEMENT, cadences, [one for one, _ in cadences].index(chosen))
        ),
        blockkit.input_block(Input.WEEKDAY, "Day of a weekly digest", _select(names.ELEMENT, weekdays, weekday)),
        blockkit.input_block(Input.TIME, "At", _line("09:00", f"{digest.at:%H:%M}" if digest else "09:00")),
        blockkit.input_block(
            Input.ZONE,
            "Time zone",
            _line("Europe/Berlin", hours.zone.key),
            hint="An IANA name, or the name of its city.",
        ),
        _optional(Input.QUIET, "Quiet hours", "20:00-08:00", quiet_hours, "What can wait is said when they are over."),
        blockkit.input_block(Input.QUIET_DAYS, "Quiet days", days, optional=True),
    )
    return View(
        type="modal",
        title="Digest, quiet hours",
        submit="Save",
        close="Cancel",
        callback_id=Callback.HOURS,
        private_metadata=json.dumps({"channel": channel}, separators=(",", ":")),
        blocks=blocks,
    )


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


def _row_buttons(row: SubscriptionRow) -> tuple[Element, ...]:
    value = f"{row.subscription.id}:{row.subscription.repository_id}"
    ask = blockkit.confirm("Unsubscribe this channel?", f"It hears no more of {row.repository}.", yes="Unsubscribe")
    return (
        blockkit.button(
            "Change…", Action.SUBSCRIPTION_EDIT, value, says=f"Change the subscription to {row.repository}"
        ),
        blockkit.button("Unsubscribe", Action.UNSUBSCRIBE, value, says=f"Unsubscribe from {row.repository}", ask=ask),
    )


def _hours_button(label: str) -> Element:
    return blockkit.button(label, Action.DIGEST_SETTINGS, says="Change the digest and the quiet hours of this channel")


def _list_button() -> Element:
    return blockkit.button("Subscriptions", Action.MENU_SUBSCRIPTIONS, says="List what this channel hears of")


def _now_button() -> Element:
    return blockkit.button("Digest now", Action.DIGEST_NOW, says="Post the digest of this channel now")


def _option(event: Event) -> Element:
    return {"text": blockkit.plain(_SAYS[event], blockkit.MAX_OPTION), "value": event.value}


def _day(number: int) -> Element:
    return {"text": blockkit.plain(_DAYS[number]), "value": str(number)}


def _select(action_id: str, options: Sequence[tuple[str, str]], initial: int | None) -> Element:
    rendered: list[Element] = [
        {"text": blockkit.plain(name, blockkit.MAX_OPTION), "value": value} for value, name in options
    ]
    element: dict[str, Json] = {"type": "static_select", "action_id": action_id, "options": list(rendered)}
    if initial is not None:
        element["initial_option"] = rendered[initial]
    return element


def _conversation(channel: str) -> Element:
    element: dict[str, Json] = {
        "type": "conversations_select",
        "action_id": names.ELEMENT,
        "filter": {"include": ["public", "private"], "exclude_bot_users": True},
    }
    if channel.startswith(("C", "G")):
        element["initial_conversation"] = channel
    return element


def _optional(name: Input, label: str, placeholder: str, initial: str, hint: str) -> Block:
    return blockkit.input_block(name, label, _line(placeholder, initial), optional=True, hint=hint)


def _line(placeholder: str, initial: str) -> Element:
    element: dict[str, Json] = {
        "type": "plain_text_input",
        "action_id": names.ELEMENT,
        "max_length": _MAX_INPUT,
        "placeholder": blockkit.plain(placeholder),
    }
    if initial:
        element["initial_value"] = blockkit.clip(blockkit.line(initial), _MAX_INPUT)
    return element
