"""Mentions, direct messages and reminders: said only if what they speak of still waits when their turn comes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from bot import telemetry
from bot.analysis.model import CaseId, QuarantineId
from bot.analysis.quarantine.escalation import Rung
from bot.analysis.quarantine.lifecycle import State
from bot.jobs.context import Context
from bot.jobs.senders import posting
from bot.queries import case
from bot.queries import waiting as waiting_query
from bot.services import escalation
from bot.slack.block_kit import Message
from bot.slack.errors import UnreachableUserError
from bot.slack.views import escalation as views
from bot.store.conversation import subscription as subscription_store
from bot.store.conversation.notice import Notice
from bot.store.decisions import quarantine as quarantine_store

_log = telemetry.logger(__name__)


def send(context: Context, notice: Notice) -> bool:
    """Ask the owner of a case to decide: in the thread of its card, or in a direct message."""
    channel = posting.channel_of(notice)
    word, _, since = notice.detail.partition(":")
    case_id = CaseId(notice.ref)
    with context.db.begin() as session:
        if not waiting_query.still_waits(session, notice.repository_id, case_id, channel, context.clock()):
            return False
        profile = case.of_case(session, case_id, context.clock())
        held = case.latest_quarantine(session, profile)
        owners = waiting_query.find_owners(session, channel.workspace_id, notice.repository_id, case_id)
        people = waiting_query.find_people(session, channel, notice.repository_id, case_id)
    waited = datetime.fromisoformat(since)
    match Rung(word):
        case Rung.MENTION:
            return posting.reply(context, notice, case_id, views.mention(profile, held, owners, waited))
        case Rung.DIRECT:
            return _tell_first(context, notice, people, views.direct(profile, held, waited, channel.id))


def _tell_first(context: Context, notice: Notice, people: Sequence[str], message: Message) -> bool:
    """Tell the first of some people whom Slack has a way to; False where it has to none, or there is nobody."""
    for person in people:
        try:
            return posting.tell(context, notice, person, message)
        except UnreachableUserError as error:
            _log.info("person not told, the next is tried", notice=notice.key, reason=str(error))
    return False


def remind(context: Context, notice: Notice) -> bool:
    """Say in the thread of a card that its quarantine ends soon; not where a later reminder has become due instead."""
    channel, now = posting.channel_of(notice), context.clock()
    with context.db.begin() as session:
        held = quarantine_store.get(session, QuarantineId(notice.ref))
        if held.state is not State.ACTIVE or escalation.reminder_due(held, now) != int(notice.detail):
            return False
        profile = case.of_case(session, held.case_id, now)
        owners = waiting_query.find_owners(session, channel.workspace_id, held.repository_id, held.case_id)
        zone = subscription_store.get_channel(session, channel).hours.zone
    return posting.reply(context, notice, held.case_id, views.reminder(profile, held, owners, now, zone))
