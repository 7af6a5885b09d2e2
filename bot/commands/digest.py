"""The hours of a channel: when its digest comes, and when it wants to hear nothing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import time
from typing import TypeVar

from bot import telemetry
from bot.analysis.channel_schedule import Hours, QuietHours
from bot.analysis.model import Channel
from bot.commands import duration, schedule_text
from bot.commands.command import Command
from bot.commands.context import Body, Door, now
from bot.commands.parser import Typed
from bot.commands.subscription import channel_of
from bot.errors import ConflictError, InvalidInputError
from bot.services import digest, subscription
from bot.slack.block_kit import View
from bot.slack.ids import Action
from bot.slack.views import channel_form, modal
from bot.slack.views import subscription as views
from bot.slack.views.channel_form import Answers, Cadence, Input
from bot.slack.views.form import FormError
from bot.store.conversation import channel_pause as channel_pause_store
from bot.store.conversation import subscription as subscription_store

_T = TypeVar("_T")


def on_now(door: Door, body: Body) -> None:
    """Post the digest of the channel now, or say to the one who asked that there is nothing to tell."""
    channel = channel_of(door, body)
    default = Channel(door.workspace.id, door.default_channel) if door.default_channel else None
    with door.db.begin() as session:
        if why := channel_pause_store.find(session, channel):
            message = f"Nothing is posted in this channel: {why}. Invite FlakeGuard, or subscribe the channel anew."
            raise ConflictError(message)
        hours = subscription_store.get_channel(session, channel).hours
        told = digest.compose(session, channel, None, default, views.cadence(hours), now())
        if told is not None and not told.is_empty:
            digest.put_now(session, channel, body.trigger_id or telemetry.new_id(), now())
            return
    door.answer(body, views.nothing_to_tell())


def on_settings(door: Door, body: Body) -> None:
    """Ask for the hours of the channel."""
    channel = channel_of(door, body)
    with door.db.begin() as session:
        hours = subscription_store.get_channel(session, channel).hours
    door.open(body, channel_form.hours_form(channel.id, hours))


def on_hours(door: Door, body: Body) -> View | None:
    """Keep the hours that were filled in."""
    channel = Channel(door.workspace.id, channel_form.channel_of(body.view.private_metadata))
    hours = keep(door, channel, Answers.decode(body.view.state.values))
    return modal.info("Saved", views.hours_set(hours).text)


def keep(door: Door, channel: Channel, answers: Answers) -> Hours:
    """Keep the hours of a channel as they were filled in.

    Raises:
        FormError: something filled in cannot be read.
    """
    errors: dict[str, str] = {}

    def read(name: Input, how: Callable[[str], _T], otherwise: _T) -> _T:
        try:
            return how(answers.text(name)) if answers.text(name) else otherwise
        except InvalidInputError as error:
            errors[name] = str(error)
            return otherwise

    zone = read(Input.ZONE, duration.zone, None)
    at = read(Input.TIME, duration.time_of_day, schedule_text.MORNING)
    begin, end = read(Input.QUIET, duration.time_range, (time(), time()))
    quiet_days = frozenset(int(day) for day in answers.chosen(Input.QUIET_DAYS) if day in set("0123456"))
    if len(quiet_days) == schedule_text.WEEK:
        errors[Input.QUIET_DAYS] = "Leave a day on which something may be said."
    chosen, weekday = answers.text(Input.CADENCE), answers.text(Input.WEEKDAY)
    if chosen not in set(Cadence):
        errors[Input.CADENCE] = "Choose how often the digest comes."
    if errors:
        raise FormError(errors)
    wanted = channel_form.digest_time(Cadence(chosen), int(weekday) if weekday in set("0123456") else 0, at)
    quiet = QuietHours(begin, end, quiet_days) if begin != end or quiet_days else None
    with door.db.begin() as session:
        before = subscription_store.get_channel(session, channel).hours
        if wanted != before.digest or zone != before.zone:
            subscription.set_digest(session, channel, wanted, zone, now())
        return subscription.set_quiet(session, channel, quiet, zone)


def _digest(door: Door, body: Body, typed: Typed) -> None:
    if not typed.words:
        on_settings(door, body)
        return
    if [word.lower() for word in typed.words] == ["now"]:
        on_now(door, body)
        return
    channel = channel_of(door, body)
    wanted, zone = schedule_text.digest_time(typed.words)
    with door.db.begin() as session:
        kept = subscription.set_digest(session, channel, wanted, zone, now())
    door.answer(body, views.hours_set(kept))


def _quiet(door: Door, body: Body, typed: Typed) -> None:
    if not typed.words:
        on_settings(door, body)
        return
    channel = channel_of(door, body)
    quiet, zone = schedule_text.quiet_hours(typed.words)
    with door.db.begin() as session:
        kept = subscription.set_quiet(session, channel, quiet, zone)
    door.answer(body, views.hours_set(kept))


COMMANDS = (
    Command(
        name="digest",
        usage="now|daily 09:00|weekly mon 09:00|off",
        says="when the digest of this channel comes, in its time zone",
        examples=("digest now", "digest daily 09:00 mon-fri Europe/Berlin", "digest weekly mon 09:00", "digest off"),
        run=_digest,
        also=Action.DIGEST_SETTINGS,
    ),
    Command(
        name="quiet",
        usage="20:00-08:00 Europe/Berlin",
        says="when this channel wants to hear nothing that can wait",
        examples=("quiet 20:00-08:00 Europe/Berlin", "quiet 18:00-09:00 weekends", "quiet off"),
        run=_quiet,
        also=Action.DIGEST_SETTINGS,
    ),
)
