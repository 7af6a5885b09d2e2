"""What waits is said more loudly: a mention, a direct message, reminders before a quarantine ends."""

from __future__ import annotations

from datetime import datetime

from bot.analysis import channel_schedule
from bot.analysis.quarantine import escalation
from bot.analysis.quarantine.escalation import EXPIRING
from bot.analysis.quarantine.lifecycle import Quarantine
from bot.queries import waiting
from bot.store.conversation import card as card_store
from bot.store.conversation import channel_pause as channel_pause_store
from bot.store.conversation import notice as notice_store
from bot.store.conversation import subscription as subscription_store
from bot.store.conversation.notice import Kind
from bot.store.database import Session
from bot.store.decisions import quarantine as quarantine_store


def climb(session: Session, now: datetime) -> int:
    """Ask for the next step of everything that waits, once each; returns how many were new."""
    found = 0
    undecided = waiting.list_undecided(session, now)
    hours = subscription_store.list_channels(session, sorted({one.channel for one in undecided}))
    paused = channel_pause_store.list_of(session, sorted({one.channel for one in undecided}))
    for one in undecided:
        rung = escalation.rung(one.since, now)
        if rung is None or one.channel in paused:
            continue
        channel = hours.get(one.channel)
        found += notice_store.put(
            session,
            kind=Kind.ESCALATION,
            key=f"escalation:{rung}:{one.repository_id}:{one.case_id}:{one.since:%Y%m%d%H%M}:{one.channel}",
            repository_id=one.repository_id,
            ref=one.case_id,
            detail=f"{rung}:{one.since.isoformat()}",
            channel=one.channel,
            now=now,
            at=channel_schedule.loud_from(channel.hours.quiet, channel.hours.zone, now) if channel else now,
        )
    return found


def remind(session: Session, now: datetime) -> int:
    """Ask for the reminders of quarantines that end soon, once each; returns how many were new."""
    found = 0
    for held in quarantine_store.list_ending(session, now, now + EXPIRING):
        days = reminder_due(held, now)
        if days is None or held.expires_at is None:
            continue
        channels = card_store.list_channels(session, held.repository_id, held.case_id)
        for channel in sorted(set(channels) - channel_pause_store.list_of(session, channels)):
            hours = subscription_store.get_channel(session, channel).hours
            found += notice_store.put(
                session,
                kind=Kind.REMINDER,
                key=f"reminder:{held.id}:{days}:{held.expires_at:%Y%m%d}:{channel}",
                repository_id=held.repository_id,
                ref=held.id,
                detail=str(days),
                channel=channel,
                now=now,
                at=channel_schedule.loud_from(hours.quiet, hours.zone, now),
            )
    return found


def reminder_due(quarantine: Quarantine, now: datetime) -> int | None:
    """How many days before its end a quarantine is reminded of now; None for not, or not any more."""
    if quarantine.expires_at is None:
        return None
    return escalation.reminder(quarantine.decided_at or quarantine.proposed_at, quarantine.expires_at, now)
