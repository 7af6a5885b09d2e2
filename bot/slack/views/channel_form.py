"""The forms of a channel, pure: its subscriptions and its hours; `bot.slack.form` decodes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bot.analysis.channel_schedule import WORKDAYS, Hours
from bot.analysis.model import RepositoryId
from bot.analysis.subscription import Event, Filters, Subscription
from bot.slack import block_kit, ids
from bot.slack.block_kit import Block, Element, Json, View
from bot.slack.form import Cadence
from bot.slack.ids import Callback, ChannelTarget, Field
from bot.slack.views import phrase, subscription

_MAX_OPTIONS = 100
_MAX_INPUT = 200


def subscribe_form(repositories: Mapping[RepositoryId, str], channel: str, known: Subscription | None = None) -> View:
    """Ask for a subscription of a channel; with `known`, change that one."""
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
        block_kit.input_block(Field.REPOSITORY, "Repository", repository),
        block_kit.input_block(Field.CHANNEL, "Channel", _conversation(known.channel.id if known else channel)),
        block_kit.input_block(Field.EVENTS, "Events", events),
        _optional(Field.BRANCH, "Branch", "main or release/*", filters.branch, "Empty for every branch."),
        _optional(
            Field.MINIMUM,
            "Failure rate from",
            "5%",
            phrase.percent(filters.minimum).replace(" ", "") if filters.minimum else "",
            "Tests that fail more rarely are left to the digest.",
        ),
        _optional(Field.OWNER, "Owner", "@acme/payments", filters.owner, "Only tests of this owner."),
        _optional(Field.PATH, "Path", "tests/api/**", filters.path, "As in CODEOWNERS."),
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
    """Ask for the digest and the quiet hours of a channel."""
    return View(
        type="modal",
        title="Digest, quiet hours",
        submit="Save",
        close="Cancel",
        callback_id=Callback.HOURS,
        private_metadata=ChannelTarget(channel).encode(),
        blocks=(block_kit.section(f"<#{channel}>"), *hours_inputs(hours)),
    )


def hours_inputs(hours: Hours) -> tuple[Block, ...]:
    """The inputs of a channel's hours, filled with what is in force."""
    digest, quiet = hours.digest, hours.quiet
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
    quiet_hours = f"{quiet.begin:%H:%M}-{quiet.end:%H:%M}" if quiet and quiet.begin != quiet.end else ""
    days: dict[str, Json] = {
        "type": "checkboxes",
        "action_id": ids.ELEMENT,
        "options": [_day(number) for number in range(7)],
    }
    if quiet and quiet.days:
        days["initial_options"] = [_day(number) for number in sorted(quiet.days)]
    weekdays = [(str(number), name) for number, name in enumerate(subscription.DAYS)]
    return (
        block_kit.input_block(
            Field.CADENCE, "Digest", _select(ids.ELEMENT, cadences, [one for one, _ in cadences].index(chosen))
        ),
        block_kit.input_block(Field.WEEKDAY, "Day of a weekly digest", _select(ids.ELEMENT, weekdays, weekday)),
        block_kit.input_block(Field.TIME, "At", _line("09:00", f"{digest.at:%H:%M}" if digest else "09:00")),
        block_kit.input_block(
            Field.ZONE,
            "Time zone",
            _line("Europe/Berlin", hours.zone.key),
            hint="An IANA name, or the name of its city.",
        ),
        _optional(
            Field.QUIET, "Quiet hours", "20:00-08:00", quiet_hours, "What can wait is posted when they are over."
        ),
        block_kit.input_block(Field.QUIET_DAYS, "Quiet days", days, optional=True),
    )


def is_channel(channel: str) -> bool:
    """Whether a place is a channel, by what Slack's ids begin with; a direct message has no hours of its own."""
    return channel.startswith(("C", "G"))


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


def _optional(name: Field, label: str, placeholder: str, initial: str, hint: str) -> Block:
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
