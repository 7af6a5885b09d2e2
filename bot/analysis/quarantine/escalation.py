"""How loudly something that waits is said: its card, a mention in its thread, a direct message, the digest."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

MENTION_AFTER = timedelta(hours=24)
DIRECT_AFTER = timedelta(hours=72)
EXPIRING = timedelta(days=3)
_LAST_DAY = timedelta(days=1)


class Rung(StrEnum):
    """The steps of the ladder; what stays on the last one is a stale row of the digest."""

    MENTION = "mention"
    DIRECT = "direct"


def rung(waiting_since: datetime, now: datetime) -> Rung | None:
    """The step that something undecided has reached."""
    waited = now - waiting_since
    if waited >= DIRECT_AFTER:
        return Rung.DIRECT
    return Rung.MENTION if waited >= MENTION_AFTER else None


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
