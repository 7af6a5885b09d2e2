"""The hours of a channel: when its digest comes, and when nothing is posted."""

from __future__ import annotations

from collections.abc import Callable
from datetime import time
from typing import TypeVar

from bot import telemetry
from bot.analysis.channel_schedule import Hours, QuietHours
from bot.analysis.model import Channel
from bot.commands.request import duration, schedule_text
from bot.commands.request.context import Command, SlackContext
from bot.commands.request.parser import Typed
from bot.commands.subscription import channel_of
from bot.errors import ConflictError, InvalidInputError
from bot.queries import digest as digest_query
from bot.services import digest, subscription
from bot.slack.block_kit import View
from bot.slack.form import Answers, Cadence, FormError
from bot.slack.form_metadata import ChannelMetadata
from bot.slack.ids import Action, Field
from bot.slack.payloads import BlockAction, ViewSubmission
from bot.slack.views import channel_form, modal
from bot.slack.views import subscription as subscription_view
from bot.store.conversation import channel_pause as channel_pause_store
from bot.store.conversation import subscription as subscription_store

_T = TypeVar("_T")


def on_now(context: SlackContext, _request: BlockAction | Typed) -> None:
    """Post the digest of the channel now, or say to the person that there is nothing in it."""
    channel, now = channel_of(context), context.now
    with context.begin() as session:
        if why := channel_pause_store.find(session, channel):
            message = f"Nothing is posted in this channel: {why}. Invite FlakeGuard, or subscribe the channel again."
            raise ConflictError(message)
        cadence = subscription_view.cadence(subscription_store.get_channel(session, channel).hours)
        content = digest_query.of_channel(session, channel, None, context.default_channel, cadence, now)
        if content is not None and not content.is_empty:
            digest.put_now(session, channel, context.request.key or telemetry.new_id(), now)
            return
    context.answer(subscription_view.nothing_to_tell())


def on_settings(context: SlackContext, _request: BlockAction | Typed) -> None:
    """Ask for the hours of the channel."""
    channel = channel_of(context)
    with context.begin() as session:
        hours = subscription_store.get_channel(session, channel).hours
    context.open(channel_form.hours_form(channel.id, hours))


def on_hours(context: SlackContext, submission: ViewSubmission) -> View:
    """Keep the hours that were filled in."""
    channel = Channel(context.workspace.id, ChannelMetadata.decode(submission.view.private_metadata).channel)
    hours = keep(context, channel, Answers.decode(submission.view.state.values))
    return modal.info("Saved", subscription_view.hours_set(hours).text)


def keep(context: SlackContext, channel: Channel, answers: Answers) -> Hours:
    """Keep the hours of a channel as they were filled in.

    Raises:
        FormError: something filled in cannot be read.
    """
    errors: dict[Field, str] = {}

    def read(field: Field, parse: Callable[[str], _T], otherwise: _T) -> _T:
        try:
            return parse(answers.text(field)) if answers.text(field) else otherwise
        except InvalidInputError as error:
            errors[field] = str(error)
            return otherwise

    zone = read(Field.ZONE, duration.zone, None)
    at = read(Field.TIME, duration.time_of_day, schedule_text.MORNING)
    begin, end = read(Field.QUIET, duration.time_range, (time(), time()))
    quiet_days = frozenset(int(day) for day in answers.chosen(Field.QUIET_DAYS) if day in set("0123456"))
    if len(quiet_days) == schedule_text.WEEK:
        errors[Field.QUIET_DAYS] = "Leave a day on which something may be posted."
    chosen, weekday = answers.text(Field.CADENCE), answers.text(Field.WEEKDAY)
    if chosen not in set(Cadence):
        errors[Field.CADENCE] = "Choose how often the digest comes."
    if errors:
        raise FormError(errors)
    wanted = Cadence(chosen).digest_time(int(weekday) if weekday in set("0123456") else 0, at)
    quiet = QuietHours(begin, end, quiet_days) if begin != end or quiet_days else None
    with context.begin() as session:
        before = subscription_store.get_channel(session, channel).hours
        if wanted != before.digest or zone != before.zone:
            subscription.set_digest(session, channel, wanted, zone, context.now)
        return subscription.set_quiet(session, channel, quiet, zone)


def _run_digest(context: SlackContext, typed: Typed) -> None:
    if not typed.words:
        on_settings(context, typed)
        return
    if [word.lower() for word in typed.words] == ["now"]:
        on_now(context, typed)
        return
    channel = channel_of(context)
    wanted, zone = schedule_text.digest_time(typed.words)
    with context.begin() as session:
        hours = subscription.set_digest(session, channel, wanted, zone, context.now)
    context.answer(subscription_view.hours_set(hours))


def _run_quiet(context: SlackContext, typed: Typed) -> None:
    if not typed.words:
        on_settings(context, typed)
        return
    channel = channel_of(context)
    quiet, zone = schedule_text.quiet_hours(typed.words)
    with context.begin() as session:
        hours = subscription.set_quiet(session, channel, quiet, zone)
    context.answer(subscription_view.hours_set(hours))


COMMANDS = (
    Command(
        name="digest",
        usage="now|daily 09:00|weekly mon 09:00|off",
        says="when the digest of this channel comes, in its time zone",
        examples=("digest now", "digest daily 09:00 mon-fri Europe/Berlin", "digest weekly mon 09:00", "digest off"),
        run=_run_digest,
        also=Action.DIGEST_SETTINGS,
    ),
    Command(
        name="quiet",
        usage="20:00-08:00 Europe/Berlin",
        says="when nothing is posted in this channel that can wait",
        examples=("quiet 20:00-08:00 Europe/Berlin", "quiet 18:00-09:00 weekends", "quiet off"),
        run=_run_quiet,
        also=Action.DIGEST_SETTINGS,
    ),
)
