"""Mentions, direct messages and reminders: sent only if what they speak of still waits when they are due."""

from __future__ import annotations

from bot import telemetry
from bot.analysis.notice import EscalationNotice, ReminderNotice
from bot.analysis.quarantine.escalation import EscalationStep
from bot.analysis.quarantine.lifecycle import State
from bot.jobs.context import Context
from bot.jobs.senders import posting
from bot.queries import case
from bot.queries import waiting as waiting_query
from bot.services import escalation
from bot.slack.errors import UnreachableUserError
from bot.slack.views import escalation as escalation_view
from bot.store.conversation import subscription as subscription_store
from bot.store.conversation.message import PostedMessage
from bot.store.conversation.notice import StoredNotice
from bot.store.decisions import quarantine as quarantine_store

_log = telemetry.logger(__name__)


def send(context: Context, stored: StoredNotice, notice: EscalationNotice) -> PostedMessage | None:
    """Ask the owner of a case to decide: in the thread of its card, or in a direct message."""
    channel, case_id, now = notice.channel, notice.case_id, context.clock()
    is_direct = notice.step is EscalationStep.DIRECT
    with context.db.begin() as session:
        if not waiting_query.still_waits(session, notice.repository_id, case_id, channel, now):
            return None
        if is_direct:
            attempt = posting.begin_direct(session, stored)
        elif (thread := posting.begin_reply(session, stored, notice.repository_id, case_id, now)) is not None:
            attempt = thread
        else:
            return None
        profile = case.of_case(session, case_id, now)
        quarantine = case.latest_quarantine(session, profile)
        owners = waiting_query.find_owners(session, channel.workspace_id, notice.repository_id, case_id)
        people = waiting_query.find_people(session, channel, notice.repository_id, case_id)
    if not is_direct:
        return posting.reply(context, attempt, escalation_view.mention(profile, quarantine, owners, notice.since))
    try:
        message = escalation_view.direct(profile, quarantine, notice.since, channel.id)
        return posting.direct(context, attempt, people, message)
    except UnreachableUserError as error:
        _log.warning("nobody can be asked to decide", notice=stored.key, reason=str(error))
        return None


def remind(context: Context, stored: StoredNotice, notice: ReminderNotice) -> PostedMessage | None:
    """Post in the thread of a card that its quarantine ends soon, unless a later reminder is due instead."""
    channel, now = notice.channel, context.clock()
    with context.db.begin() as session:
        quarantine = quarantine_store.get(session, notice.quarantine_id)
        is_due = escalation.reminder_due(quarantine, now) == notice.days_left
        if quarantine.state is not State.ACTIVE or not is_due:
            return None
        attempt = posting.begin_reply(session, stored, quarantine.repository_id, quarantine.case_id, now)
        if attempt is None:
            return None
        profile = case.of_case(session, quarantine.case_id, now)
        owners = waiting_query.find_owners(session, channel.workspace_id, quarantine.repository_id, quarantine.case_id)
        zone = subscription_store.get_channel(session, channel).hours.zone
    return posting.reply(context, attempt, escalation_view.reminder(profile, quarantine, owners, now, zone))
