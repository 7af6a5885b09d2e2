"""When a channel is spoken to: digests at a local time, and hours in which nothing is said.

A time that the local clock skips comes when it has been skipped; one that it shows twice comes once.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

EVERY_DAY = frozenset(range(7))
WORKDAYS = frozenset(range(5))
LATE = timedelta(hours=6)
"""A digest that could not be said within this time, because nothing ran, is left out: the next one tells it."""
_DAY = timedelta(days=1)
_UTC = ZoneInfo("UTC")


@dataclass(frozen=True, slots=True)
class DigestTime:
    """At which local time, and on which days of the week (Monday 0), a digest is said."""

    at: time
    days: frozenset[int] = EVERY_DAY

    @property
    def is_weekly(self) -> bool:
        """Whether it comes once a week."""
        return len(self.days) == 1


@dataclass(frozen=True, slots=True)
class QuietHours:
    """Local hours, `begin` to `end` (over midnight where `end` is earlier), and whole days in which nothing is said.

    `begin` and `end` are equal where only days are quiet; never are all seven.
    """

    begin: time = time()
    end: time = time()
    days: frozenset[int] = frozenset()

    def covers(self, at: datetime, zone: ZoneInfo) -> bool:
        """Whether nothing is said at a moment."""
        local = at.astimezone(zone)
        if local.weekday() in self.days:
            return True
        clock = local.time()
        if self.begin <= self.end:
            return self.begin <= clock < self.end
        return clock >= self.begin or clock < self.end


def moment(day: date, at: time, zone: ZoneInfo) -> datetime:
    """The first moment at which a local clock shows a time on a day, or has skipped it."""
    return datetime.combine(day, at, tzinfo=zone).astimezone(UTC)


def due_on(digest: DigestTime, zone: ZoneInfo, now: datetime, since: datetime) -> date | None:
    """The local date of the digest that is to be said now; None where none is.

    One that was due before `since`, when the channel asked for it, is not.
    """
    today = now.astimezone(zone).date()
    for day in (today, today - _DAY):
        at = moment(day, digest.at, zone)
        if day.weekday() in digest.days and max(since, now - LATE) <= at <= now:
            return day
    return None


def begin_of(digest: DigestTime, zone: ZoneInfo, day: date) -> datetime:
    """When the period that the digest of a day tells of begins: at the digest before it."""
    before = next(day - _DAY * back for back in range(1, 8) if (day - _DAY * back).weekday() in digest.days)
    return moment(before, digest.at, zone)


def loud_from(quiet: QuietHours | None, zone: ZoneInfo, at: datetime) -> datetime:
    """The first moment from `at` on at which something may be said; `at` itself outside quiet hours."""
    found = at
    while quiet is not None and quiet.covers(found, zone):
        local = found.astimezone(zone)
        hours_end = time() if local.weekday() in quiet.days else quiet.end
        found = _next(hours_end, zone, found)
    return found


def _next(at: time, zone: ZoneInfo, after: datetime) -> datetime:
    """The next moment at which the local clock shows a time."""
    day = after.astimezone(zone).date()
    while True:
        for fold in (0, 1):
            found = datetime.combine(day, at.replace(fold=fold), tzinfo=zone).astimezone(UTC)
            if found > after:
                return found
        day += _DAY


@dataclass(frozen=True, slots=True, kw_only=True)
class Hours:
    """The hours of a channel, in its time zone; `digest_since` is when it asked for its digest."""

    zone: ZoneInfo = _UTC
    digest: DigestTime | None = None
    digest_since: datetime | None = None
    quiet: QuietHours | None = None

    def begin_of(self, day: date) -> datetime:
        """When a local day begins."""
        return moment(day, time(), self.zone)
