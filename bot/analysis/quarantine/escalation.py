"""The steps of an escalation: the card, a mention in its thread, a direct message, the digest."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

MENTION_AFTER = timedelta(hours=24)
DIRECT_AFTER = timedelta(hours=72)
EXPIRING = timedelta(days=3)
"""How long before its end a quarantine is listed as ending, and its owner is reminded."""
_LAST_DAY = timedelta(days=1)


class EscalationStep(StrEnum):
    """How an owner is asked to decide; a proposal that stays on the last step becomes a stale row of the digest."""

    MENTION = "mention"
    DIRECT = "direct"


def step(waiting_since: datetime, now: datetime) -> EscalationStep | None:
    """The step that something undecided has reached; None for none yet."""
    waited = now - waiting_since
    if waited >= DIRECT_AFTER:
        return EscalationStep.DIRECT
    return EscalationStep.MENTION if waited >= MENTION_AFTER else None


def reminder(begun_at: datetime, expires_at: datetime, now: datetime) -> int | None:
    """How many days before its end an active quarantine is reminded of now: 3, 0, or None for not yet.

    One so short that it would be reminded of as it begins is only reminded of on its last day.
    """
    left = expires_at - now
    if left <= timedelta():
        return None
    if left <= _LAST_DAY:
        return 0
    if left <= EXPIRING and expires_at - begun_at > EXPIRING + _LAST_DAY:
        return EXPIRING.days
    return None
