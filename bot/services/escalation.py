"""Escalates undecided proposals: a mention, a direct message, reminders before a quarantine ends."""

from __future__ import annotations

from datetime import UTC, datetime

from bot.analysis.notice import EscalationNotice, ReminderNotice
from bot.analysis.quarantine import escalation
from bot.analysis.quarantine.escalation import EXPIRES_SOON
from bot.analysis.quarantine.lifecycle import Quarantine
from bot.queries import audience as audience_query
from bot.queries import waiting
from bot.store.conversation import card as card_store
from bot.store.conversation import notice as notice_store
from bot.store.database import Session
from bot.store.decisions import quarantine as quarantine_store


def escalate(session: Session, now: datetime) -> int:
    """Ask for the next step of everything that waits, once each; returns how many are new."""
    undecided = waiting.list_undecided(session, now)
    audience = audience_query.of_channels(session, {card.channel for _, card in undecided})
    notices = [
        EscalationNotice(
            repository_id=card.repository_id, case_id=card.case_id, step=step, since=since, channel=card.channel
        )
        for since, card in undecided
        if card.channel in audience.hours and (step := escalation.step(since, now)) is not None
    ]
    return notice_store.put_all(session, notices, now, at=audience.loud_from(audience.hours, now))


def remind(session: Session, now: datetime) -> int:
    """Ask for the reminders of quarantines that end soon, once each; returns how many are new."""
    ending = quarantine_store.list_ending(session, now, now + EXPIRES_SOON)
    cards = card_store.list_of_cases(
        session, {quarantine.repository_id for quarantine in ending}, {quarantine.case_id for quarantine in ending}
    )
    audience = audience_query.of_channels(session, {channel for _, channel in cards})
    notices = [
        ReminderNotice(
            repository_id=quarantine.repository_id,
            quarantine_id=quarantine.id,
            days_left=days,
            expires_on=quarantine.expires_at.astimezone(UTC).date(),
            channel=channel,
        )
        for quarantine in ending
        if quarantine.expires_at is not None and (days := reminder_due(quarantine, now)) is not None
        for case_id, channel in cards
        if case_id == quarantine.case_id and channel in audience.hours
    ]
    return notice_store.put_all(session, notices, now, at=audience.loud_from(audience.hours, now))


def reminder_due(quarantine: Quarantine, now: datetime) -> int | None:
    """How many days before its end a quarantine is reminded of now; None for not, or not any more."""
    if quarantine.expires_at is None:
        return None
    return escalation.due_reminder(quarantine.decided_at or quarantine.proposed_at, quarantine.expires_at, now)
