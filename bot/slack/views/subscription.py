"""Subscriptions and the hours of a channel, in words and lists."""

from __future__ import annotations

from collections.abc import Sequence

from bot.analysis.channel_schedule import EVERY_DAY, WORKDAYS, Hours
from bot.analysis.subscription import Event, Filters, NamedSubscription
from bot.slack import block_kit, mrkdwn
from bot.slack.block_kit import Block, Element, Message
from bot.slack.ids import Action, InRepository
from bot.slack.views import phrase

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
"""The days of the week, Monday first."""
EVENTS = {
    Event.FLAKY: "tests that turn flaky",
    Event.BROKEN: "tests that break on the default branch",
    Event.FIXED: "tests that are healthy again",
    Event.QUARANTINE: "proposals and decisions",
    Event.INCIDENT: "outages, and reports that cannot be read",
    Event.DIGEST: "the digest",
}
"""What each event is, in words."""
_MAX_ROWS = 12


def describe(filters: Filters) -> str:
    """Return what a subscription lets through, in words, for mrkdwn."""
    events = [EVENTS[event] for event in Event if event in filters.events]
    parts = [phrase.listing(events)]
    if filters.branch:
        parts.append(f"on {mrkdwn.code(filters.branch, 100)}")
    if filters.minimum:
        parts.append(f"failing at least {phrase.percent(filters.minimum)}")
    if filters.owner:
        parts.append(f"owned by {phrase.owner(filters.owner)}")
    if filters.path:
        parts.append(f"under {mrkdwn.code(filters.path, 100)}")
    return ", ".join(parts)


def cadence(hours: Hours) -> str:
    """Return when a digest comes, in words."""
    digest = hours.digest
    if digest is None:
        return "no digest"
    if digest.is_weekly:
        days = f"every {DAYS[next(iter(digest.days))]}"
    elif digest.days == EVERY_DAY:
        days = "every day"
    elif digest.days == WORKDAYS:
        days = "Monday to Friday"
    else:
        days = phrase.listing(DAYS[day] for day in sorted(digest.days))
    return f"{days} at {digest.at:%H:%M}, {hours.zone.key}"


def quiet(hours: Hours) -> str:
    """Return the quiet hours, in words."""
    quiet_hours = hours.quiet
    if quiet_hours is None:
        return "no quiet hours"
    parts = [f"{quiet_hours.begin:%H:%M} to {quiet_hours.end:%H:%M}"] if quiet_hours.begin != quiet_hours.end else []
    parts += [f"on {DAYS[day]}" for day in sorted(quiet_hours.days)]
    return f"quiet {phrase.listing(parts)}, {hours.zone.key}"


def subscribed(repository: str, filters: Filters, hours: Hours) -> Message:
    """Confirm the subscription of a channel."""
    shown = f"{phrase.repository(repository)}: {describe(filters)}."
    text = f"This channel is subscribed to {phrase.repository_text(repository)}; {cadence(hours)}."
    blocks = [
        block_kit.section(f"\N{BELL} This channel is subscribed to {shown}"),
        block_kit.context(f"Digest: {cadence(hours)} · {quiet(hours)}"),
        block_kit.actions(_hours_button("Digest and quiet hours…"), _list_button()),
    ]
    return Message(text, tuple(blocks))


def unsubscribed(repository: str) -> Message:
    """Confirm that a channel is unsubscribed."""
    return block_kit.message(f"This channel is no longer subscribed to {phrase.repository(repository)}.")


def hours_set(hours: Hours) -> Message:
    """Say the hours of a channel as they are now."""
    text = f"Digest of this channel: {cadence(hours)}; {quiet(hours)}."
    blocks = (
        block_kit.section(f"*Digest:* {cadence(hours)}\n*Quiet hours:* {quiet(hours)}"),
        block_kit.actions(_hours_button("Change…"), _now_button()),
    )
    return Message(text, blocks)


def nothing_to_tell() -> Message:
    """Say that a digest would be empty."""
    text = "There is nothing to tell: nothing is new, nothing waits and nothing was lost. An empty digest is not sent."
    return block_kit.message(text)


def listing(rows: Sequence[NamedSubscription], hours: Hours, paused: str | None) -> Message:
    """List the subscriptions of a channel, each with its buttons."""
    text = f"This channel is subscribed to {phrase.count(len(rows), 'repository', 'repositories')}; {cadence(hours)}."
    blocks: list[Block] = [block_kit.section(f"*{text}*")]
    if paused:
        blocks.append(block_kit.section(f"\N{WARNING SIGN} Paused: {mrkdwn.escape(mrkdwn.line(paused), 300)}"))
    for row in rows[:_MAX_ROWS]:
        blocks.append(block_kit.section(f"{phrase.repository(row.repository)}\n{describe(row.subscription.filters)}"))
        blocks.append(block_kit.actions(*_row_buttons(row)))
    if len(rows) > _MAX_ROWS:
        blocks.append(block_kit.context(f"and {len(rows) - _MAX_ROWS:,} more"))
    new = block_kit.button("Subscribe…", Action.SUBSCRIBE_OPEN, says="Subscribe this channel to a repository")
    blocks.append(block_kit.actions(new, _hours_button("Digest and quiet hours…"), _now_button()))
    blocks.append(block_kit.context(f"Digest: {cadence(hours)} · {quiet(hours)}"))
    return Message(text, tuple(blocks))


def _row_buttons(row: NamedSubscription) -> tuple[Element, ...]:
    value = InRepository(row.subscription.id, row.subscription.repository_id).encode()
    ask = block_kit.confirm(
        "Unsubscribe this channel?", f"It gets no more messages about {row.repository}.", yes="Unsubscribe"
    )
    return (
        block_kit.button(
            "Change…", Action.SUBSCRIPTION_EDIT, value, says=f"Change the subscription to {row.repository}"
        ),
        block_kit.button("Unsubscribe", Action.UNSUBSCRIBE, value, says=f"Unsubscribe from {row.repository}", ask=ask),
    )


def _hours_button(label: str) -> Element:
    return block_kit.button(label, Action.DIGEST_SETTINGS, says="Change the digest and the quiet hours of this channel")


def _list_button() -> Element:
    return block_kit.button("Subscriptions", Action.MENU_SUBSCRIPTIONS, says="List the subscriptions of this channel")


def _now_button() -> Element:
    return block_kit.button("Digest now", Action.DIGEST_NOW, says="Post the digest of this channel now")
