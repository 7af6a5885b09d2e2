"""The living card of a case, and the lines of its thread."""

from __future__ import annotations

from datetime import timedelta

from bot.analysis.audit import QUARANTINE, AuditAction
from bot.analysis.case_profile import CaseProfile
from bot.analysis.model import QuarantineId, Status
from bot.analysis.notice import AuditLineNotice, CardNotice, StatusChangeNotice
from bot.analysis.quarantine.lifecycle import State
from bot.jobs.context import Context
from bot.jobs.senders import posting
from bot.queries import case, impact, owner
from bot.slack.views import card as card_view
from bot.slack.views import thread
from bot.store.conversation.message import PostedMessage
from bot.store.conversation.notice import StoredNotice
from bot.store.decisions import audit as audit_store
from bot.store.decisions import quarantine as quarantine_store

_WEEK = timedelta(days=7)


def send_card(context: Context, stored: StoredNotice, notice: CardNotice) -> PostedMessage | None:
    """Post the card of a case, or bring it up to date."""
    now = context.clock()
    with context.db.begin() as session:
        profile = case.of_case(session, notice.case_id, now)
        owners = owner.of_cases(session, [notice.repository_id], [notice.case_id]).get(notice.case_id, ())
        week = impact.of_case(session, notice.repository_id, notice.case_id, now - _WEEK, now)
        message = card_view.card(profile, case.latest_quarantine(session, profile), now, owners, week)
        attempt = posting.begin(session, stored, now)
    return posting.post_or_update(context, attempt, message, notice.case_id)


def send_audit_line(context: Context, stored: StoredNotice, notice: AuditLineNotice) -> PostedMessage | None:
    """Post an entry of the audit trail in the thread of the card."""
    now = context.clock()
    with context.db.begin() as session:
        event = audit_store.get(session, notice.repository_id, notice.event_id)
        if event.case_id is None:
            return None
        attempt = posting.begin_reply(session, stored, notice.repository_id, event.case_id, now)
        if attempt is None:
            return None
        profile = case.of_case(session, event.case_id, now)
        is_of_quarantine = event.action.aggregate_type == QUARANTINE
        quarantine = quarantine_store.get(session, QuarantineId(event.aggregate_id)) if is_of_quarantine else None
    if quarantine is not None and event.action is AuditAction.APPROVE and quarantine.state is not State.ACTIVE:
        quarantine = None
    message = thread.audit_line(event, quarantine, profile)
    return posting.reply(context, attempt, message, broadcast=_is_broadcast(event.action, profile))


def send_status_change(context: Context, stored: StoredNotice, notice: StatusChangeNotice) -> PostedMessage | None:
    """Post a change of status in the thread of the card; the change that opened the card is the card itself."""
    now = context.clock()
    with context.db.begin() as session:
        attempt = posting.begin_reply(session, stored, notice.repository_id, notice.case_id, now)
        if attempt is None:
            return None
        profile = case.of_case(session, notice.case_id, now)
        quarantine = case.latest_quarantine(session, profile)
    message = thread.status_line(profile, f"from {notice.before} to {notice.after}")
    # While it is quarantined the good news comes with the end of the quarantine.
    is_fixed = (
        notice.after is Status.HEALTHY
        and profile.status is Status.HEALTHY
        and not (quarantine and quarantine.state.is_open)
    )
    broadcast = is_fixed and _is_broadcast(AuditAction.RELEASE, profile)
    return posting.reply(context, attempt, message, broadcast=broadcast)


def _is_broadcast(action: AuditAction, profile: CaseProfile) -> bool:
    """Whether a line is shown in the channel too: of a muted case only what is urgent."""
    return action.is_broadcast and (profile.muted_until is None or action.is_urgent)
