"""The living card of a case, and the lines of its thread."""

from __future__ import annotations

from datetime import timedelta

from bot.analysis.case_profile import CaseProfile
from bot.analysis.model import SYSTEM, CaseId, QuarantineId, Status
from bot.analysis.quarantine.lifecycle import State
from bot.jobs.context import Context
from bot.jobs.senders import posting
from bot.queries import case, impact, owner
from bot.slack.views import message as messages
from bot.slack.views.message import History
from bot.store.conversation.notice import Notice
from bot.store.decisions import audit as audit_store
from bot.store.decisions import quarantine as quarantine_store

_WEEK = timedelta(days=7)
_TOLD = {
    "quarantine:propose": History.PROPOSED,
    "quarantine:approve": History.APPROVED,
    "quarantine:reject": History.REJECTED,
    "quarantine:withdraw": History.WITHDRAWN,
    "quarantine:lift": History.LIFTED,
    "quarantine:expire": History.EXPIRED,
    "quarantine:suspend": History.SUSPENDED,
    "quarantine:resume": History.RESUMED,
    "quarantine:extend": History.EXTENDED,
    "quarantine:assign": History.ASSIGNED,
    "case:label": History.LABELLED,
    "case:mute": History.MUTED,
    "case:unmute": History.UNMUTED,
    "case:rename": History.RENAMED,
}


def send_card(context: Context, notice: Notice) -> bool:
    """Post the card of a case, or bring it up to date."""
    case_id = CaseId(notice.ref)
    with context.db.begin() as session:
        profile = case.of_case(session, case_id, context.clock())
        named = owner.of_cases(session, notice.repository_id, [case_id]).get(case_id, ())
        now = context.clock()
        cost = impact.of_case(session, notice.repository_id, case_id, now - _WEEK, now)
        message = messages.card(profile, case.latest_quarantine(session, profile), now, named, cost)
    return posting.keep(context, notice, message, case_id)


def send_move(context: Context, notice: Notice) -> bool:
    """Say a move of a quarantine in the thread of the card."""
    with context.db.begin() as session:
        entry = audit_store.get(session, notice.repository_id, notice.ref)
        if entry.case_id is None:
            return False
        profile = case.of_case(session, entry.case_id, context.clock())
        held = quarantine_store.get(session, QuarantineId(entry.quarantine_id)) if entry.quarantine_id else None
    kind = _TOLD[entry.tag]
    if kind is History.LIFTED and entry.actor == SYSTEM:
        kind = History.FIXED
    if held is not None and kind is History.APPROVED and held.state is not State.ACTIVE:
        held = None
    message = messages.history_line(kind, entry.actor, held, profile, entry.reason or None)
    return posting.reply(context, notice, profile.case_id, message, broadcast=_is_broadcast(kind, profile))


def send_status(context: Context, notice: Notice) -> bool:
    """Say a change of status in the thread of the card; the change that opened the card is the card itself."""
    with context.db.begin() as session:
        profile = case.of_case(session, CaseId(notice.ref), context.clock())
        held = case.latest_quarantine(session, profile)
    before, _, after = notice.detail.partition(">")
    message = messages.history_line(History.STATUS, SYSTEM, None, profile, f"from {before} to {after}")
    # While it is quarantined the good news comes with the end of the quarantine.
    fixed = after == Status.HEALTHY and profile.status is Status.HEALTHY and not (held and held.state.is_open)
    broadcast = fixed and _is_broadcast(History.FIXED, profile)
    return posting.reply(context, notice, profile.case_id, message, broadcast=broadcast)


def _is_broadcast(kind: History, profile: CaseProfile) -> bool:
    """Whether a line is shown in the channel too: of a muted case only that it broke while it was masked."""
    return kind.is_broadcast and (profile.muted_until is None or kind is History.SUSPENDED)
