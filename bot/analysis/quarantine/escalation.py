"""The steps of an escalation: the card, a mention in its thread, a direct message, the digest."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

MENTION_AFTER = timedelta(hours=24)
DIRECT_MESSAGE_AFTER = timedelta(hours=72)
EXPIRES_SOON = timedelta(days=3)
"""How long before its end a quarantine is listed as ending, and its owner is reminded."""
_LAST_DAY = timedelta(days=1)


class EscalationStep(StrEnum):
    """How an owner is asked to decide; a proposal that stays on the last step becomes a stale row of the digest."""

    MENTION = "mention"
    DIRECT = "direct"


def step(waiting_since: datetime, now: datetime) -> EscalationStep | None:
    """The step that something undecided has reached; None for none yet."""
    waited = now - waiting_since
    if waited >= DIRECT_MESSAGE_AFTER:
        return EscalationStep.DIRECT
    return EscalationStep.MENTION if waited >= MENTION_AFTER else None


def due_reminder(begun_at: datetime, expires_at: datetime, now: datetime) -> int | None:
    """How many days before its end an active quarantine is reminded of now: 3, 0, or None for not yet.

    One so short that it would be reminded of as it begins is only reminded of on its last day.
    """
    remaining = expires_at - now
    if remaining <= timedelta():
        return None
    if remaining <= _LAST_DAY:
        return 0
    if remaining <= EXPIRES_SOON and expires_at - begun_at > EXPIRES_SOON + _LAST_DAY:
        return EXPIRES_SOON.days
    return None
