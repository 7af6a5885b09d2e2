"""Mentions, direct messages and reminders: said only if what they speak of still waits when their turn comes."""

from __future__ import annotations

from datetime import datetime

from bot.analysis.escalation import Rung
from bot.analysis.lifecycle import State
from bot.analysis.model import CaseId, QuarantineId
from bot.jobs import postings
from bot.jobs.context import Context
from bot.services import escalation, profiles
from bot.slack import escalation as views
from bot.store import quarantines
from bot.store.notices import Notice


def send(context: Context, notice: Notice) -> bool:
    """Ask the owner of a case to decide: in the thread of its card, or in a direct message."""
    place = postings.place_of(notice)
    word, _, since = notice.detail.partition(":")
    case_id = CaseId(notice.ref)
    with context.db.begin() as session:
        if not escalation.still_waits(session, notice.repository_id, case_id, place, context.clock()):
            return False
        profile = profiles.of_case(session, case_id, context.clock())
        held = profiles.latest_quarantine(session, profile)
        person = escalation.find_person(session, place.workspace_id, held)
    waited = datetime.fromisoformat(since)
    match Rung(word):
        case Rung.MENTION:
            return postings.reply(context, notice, case_id, views.mention(profile, held, waited))
        case Rung.DIRECT:
            if person is None:
                return False
            return postings.tell(context, notice, person, views.direct(profile, held, waited, place.channel))


def remind(context: Context, notice: Notice) -> bool:
    """Say in the thread of a card that its quarantine ends soon."""
    with context.db.begin() as session:
        held = quarantines.get(session, QuarantineId(notice.ref))
        profile = profiles.of_case(session, held.case_id, context.clock())
    if held.state is not State.ACTIVE or held.expires_at is None or held.expires_at <= context.clock():
        return False
    return postings.reply(context, notice, held.case_id, views.reminder(profile, held, int(notice.detail)))
