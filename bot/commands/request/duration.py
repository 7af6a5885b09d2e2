"""Durations, times of day, weekdays and time zones as people type them."""

from __future__ import annotations

import re
import zoneinfo
from datetime import time, timedelta
from functools import cache

from bot.commands.request.parser import closest
from bot.errors import InvalidInputError

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
"""The short names of the days; the position of a day is its number, Monday 0."""
_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_PART = re.compile(r"(\d{1,5})\s*(minutes?|mins?|m|hours?|hrs?|h|days?|d|weeks?|w)(?![a-z])\s*", re.IGNORECASE)
_CLOCK = re.compile(r"(\d{1,2})(?:[:.](\d\d))?\s*(am|pm)?", re.IGNORECASE)
_NOON = 12
_LAST_HOUR, _LAST_MINUTE = 23, 59
_LONGEST = timedelta(days=3660)


def duration(text: str) -> timedelta:
    """How long `7d`, `2w`, `36h`, `90m` or `1w 2d` is.

    Raises:
        InvalidInputError: no duration, or one of nothing or of more than ten years.
    """
    at, total = 0, timedelta()
    stripped = text.strip()
    while at < len(stripped):
        part = _PART.match(stripped, at)
        if part is None:
            break
        total += timedelta(**{_UNITS[part[2][0].lower()]: int(part[1])})
        at = part.end()
        if total > _LONGEST:
            break
    if not stripped or at < len(stripped) or not timedelta() < total <= _LONGEST:
        message = f"“{text[:40]}” is no duration; write one such as 7d, 2w or 36h."
        raise InvalidInputError(message)
    return total


def is_duration(text: str) -> bool:
    """Whether a word reads as a duration."""
    try:
        duration(text)
    except InvalidInputError:
        return False
    return True


def days(text: str) -> int:
    """A duration in whole days, a part of a day counting as one.

    Raises:
        InvalidInputError: no duration.
    """
    return -(-duration(text) // timedelta(days=1))


def time_of_day(text: str) -> time:
    """The time of day that `9`, `09:00`, `9.30` or `6pm` says.

    Raises:
        InvalidInputError: no time of day.
    """
    match = _CLOCK.fullmatch(text.strip())
    hour, minute = (int(match[1]), int(match[2] or 0)) if match else (99, 0)
    if match and match[3]:
        hour = hour % _NOON + (_NOON if match[3].lower() == "pm" else 0) if 1 <= hour <= _NOON else 99
    if hour > _LAST_HOUR or minute > _LAST_MINUTE:
        message = f"“{text[:40]}” is no time of day; write one such as 09:00."
        raise InvalidInputError(message)
    return time(hour, minute)


def time_range(text: str) -> tuple[time, time]:
    """Beginning and end of `20:00-08:00`, which may go over midnight.

    Raises:
        InvalidInputError: not two different times of day.
    """
    first, dash, last = re.sub(r"\s*[\u2013\u2014-]\s*", "-", text.strip()).partition("-")
    begin, end = (time_of_day(first), time_of_day(last)) if dash else (time(), time())
    if begin == end:
        message = f"“{text[:40]}” is no range of hours; write one such as 20:00-08:00."
        raise InvalidInputError(message)
    return begin, end


def weekday(text: str) -> int:
    """The number of a day, Monday 0, from `mon` or `Monday`.

    Raises:
        InvalidInputError: no day of the week.
    """
    word = text.strip().lower()
    for number, short in enumerate(WEEKDAYS):
        full = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")[number]
        if word == short or (len(word) >= len(short) and full.startswith(word)):
            return number
    message = f"“{text[:40]}” is no day of the week; write one of {', '.join(WEEKDAYS)}."
    raise InvalidInputError(message)


def zone(text: str) -> zoneinfo.ZoneInfo:
    """The time zone that an IANA name says, in any case of letters, or the name of its city alone.

    Raises:
        InvalidInputError: no zone of that name; the text names the nearest.
    """
    word = text.strip().replace(" ", "_").lower()
    known = _zones()
    cities = [name for name in known.values() if name.rpartition("/")[2].lower() == word]
    name = known.get(word) or (cities[0] if len(cities) == 1 else None)
    if name is None:
        near = closest(word, known)
        hint = f"Did you mean {known[near]}?" if near else "Write one such as Europe/Berlin."
        message = f"“{text[:40]}” is no time zone I know. {hint}"
        raise InvalidInputError(message)
    return zoneinfo.ZoneInfo(name)


@cache
def _zones() -> dict[str, str]:
    return {name.lower(): name for name in sorted(zoneinfo.available_timezones())}
