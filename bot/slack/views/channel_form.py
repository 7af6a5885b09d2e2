"""The forms of a channel, pure: its subscriptions and its hours; `bot.slack.form` decodes them."""

from __future__ import annotations

from collections.abc import Mapping

from bot.analysis.channel_schedule import WORKDAYS, Hours
from bot.analysis.model import RepositoryId
from bot.analysis.subscription import Filters, Subscription
from bot.slack import block_kit, ids, mrkdwn
from bot.slack.block_kit import Block, Element, Json, View
from bot.slack.form import Cadence
from bot.slack.form_metadata import ChannelMetadata
from bot.slack.ids import Callback, Field
from bot.slack.views import phrase, subscription

_MAX_INPUT = 200


def subscribe_form(repositories: Mapping[RepositoryId, str], channel: str, known: Subscription | None = None) -> View:
    """Ask for a subscription of a channel; with `known`, change that one."""
    filters = known.filters if known else Filters()
    if known is not None:
        number = str(known.repository_id)
        option = (number, repositories[known.repository_id])
        repository = block_kit.static_select(ids.ELEMENT, [option], initial=number)
    elif len(repositories) <= block_kit.MAX_OPTIONS:
        options = [(str(number), name) for number, name in repositories.items()]
        repository = block_kit.static_select(ids.ELEMENT, options)
    else:
        repository = _line("owner/name", "")
    events = block_kit.checkboxes(ids.ELEMENT, subscription.EVENTS.items(), ticked=filters.events)
    return block_kit.modal(
        Callback.SUBSCRIBE,
        "Subscribe a channel",
        "Subscribe" if known is None else "Save",
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


def hours_form(channel: str, hours: Hours) -> View:
    """Ask for the digest and the quiet hours of a channel."""
    return block_kit.modal(
        Callback.HOURS,
        "Digest, quiet hours",
        "Save",
        block_kit.section(f"<#{channel}>"),
        *hours_inputs(hours),
        metadata=ChannelMetadata(channel).encode(),
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
    weekdays = [(str(number), name) for number, name in enumerate(subscription.DAYS)]
    days = block_kit.checkboxes(ids.ELEMENT, weekdays, ticked={str(day) for day in quiet.days} if quiet else ())
    return (
        block_kit.input_block(Field.CADENCE, "Digest", block_kit.static_select(ids.ELEMENT, cadences, initial=chosen)),
        block_kit.input_block(
            Field.WEEKDAY,
            "Day of a weekly digest",
            block_kit.static_select(ids.ELEMENT, weekdays, initial=str(weekday)),
        ),
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
    return block_kit.plain_text_input(
        ids.ELEMENT, max_length=_MAX_INPUT, placeholder=placeholder, multiline=False, initial=mrkdwn.line(initial)
    )
