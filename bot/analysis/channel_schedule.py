"""When a channel gets messages: digests at a local time, and quiet hours.

A local time that daylight saving skips is the moment of the skip; one that it repeats counts once.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

EVERY_DAY = frozenset(range(7))
WORKDAYS = frozenset(range(5))
MAX_DELAY = timedelta(hours=6)
"""A digest that is late by more, because nothing ran, is left out; the next one covers its period."""
_DAY = timedelta(days=1)
_UTC = ZoneInfo("UTC")


@dataclass(frozen=True, slots=True)
class DigestTime:
    """The local time and the days of the week (Monday is 0) of a digest."""

    at: time
    days: frozenset[int] = EVERY_DAY

    @property
    def is_weekly(self) -> bool:
        """Whether it comes once a week."""
        return len(self.days) == 1


@dataclass(frozen=True, slots=True)
class QuietHours:
    """Local hours without messages, `begin` to `end` (over midnight if `end` is earlier), and whole days.

    `begin` equals `end` if only days are quiet; there are never seven.
    """

    begin: time = time()
    end: time = time()
    days: frozenset[int] = frozenset()

    def covers(self, at: datetime, zone: ZoneInfo) -> bool:
        """Whether a moment is quiet."""
        local = at.astimezone(zone)
        if local.weekday() in self.days:
            return True
        clock = local.time()
        if self.begin <= self.end:
            return self.begin <= clock < self.end
        return clock >= self.begin or clock < self.end


def moment(day: date, at: time, zone: ZoneInfo) -> datetime:
    """The first moment at which a local clock shows a time of a day, or has skipped it."""
    return datetime.combine(day, at, tzinfo=zone).astimezone(UTC)


def due_on(digest: DigestTime, zone: ZoneInfo, now: datetime, since: datetime) -> date | None:
    """The local date of the digest that is due now; None if none is.

    A digest before `since`, when the channel requested digests, is not due.
    """
    today = now.astimezone(zone).date()
    for day in (today, today - _DAY):
        at = moment(day, digest.at, zone)
        if day.weekday() in digest.days and max(since, now - MAX_DELAY) <= at <= now:
            return day
    return None


def begin_of(digest: DigestTime, zone: ZoneInfo, day: date) -> datetime:
    """When the period of a day's digest begins: at the digest before it."""
    before = next(day - _DAY * back for back in range(1, 8) if (day - _DAY * back).weekday() in digest.days)
    return moment(before, digest.at, zone)


def loud_from(quiet: QuietHours | None, zone: ZoneInfo, at: datetime) -> datetime:
    """The first moment outside quiet hours, from `at` on."""
    while quiet is not None and quiet.covers(at, zone):
        is_quiet_day = at.astimezone(zone).weekday() in quiet.days
        at = _next(time() if is_quiet_day else quiet.end, zone, at)
    return at


def _next(at: time, zone: ZoneInfo, after: datetime) -> datetime:
    """The next moment at which the local clock shows a time."""
    day = after.astimezone(zone).date()
    while True:
        for fold in (0, 1):
            moment = datetime.combine(day, at.replace(fold=fold), tzinfo=zone).astimezone(UTC)
            if moment > after:
                return moment
        day += _DAY


@dataclass(frozen=True, slots=True, kw_only=True)
class Hours:
    """The schedule of a channel in its time zone; `digest_since` is when it requested its digest."""

    zone: ZoneInfo = _UTC
    digest: DigestTime | None = None
    digest_since: datetime | None = None
    quiet: QuietHours | None = None
