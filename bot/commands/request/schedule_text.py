"""The sentences of `digest` and `quiet`: in any order, a word is days, else a time, else part of a time zone."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import time
from typing import Generic, TypeVar
from zoneinfo import ZoneInfo

from bot.analysis.channel_schedule import EVERY_DAY, WORKDAYS, DigestTime, QuietHours
from bot.commands.request import duration, parser
from bot.errors import InvalidInputError

MORNING = time(9)
"""When a digest comes where no time is given."""
WEEK = 7
_CADENCES = ("now", "daily", "weekly", "off")
_SETS = {"weekdays": WORKDAYS, "workdays": WORKDAYS, "weekend": EVERY_DAY - WORKDAYS, "weekends": EVERY_DAY - WORKDAYS}
_HALVES = re.compile(r"(?<=\d)\s+(?=[ap]m\b)", re.IGNORECASE)  # 9 am
_DASH = re.compile(r"\s*[\u2013\u2014]\s*|\s+-\s*|-\s+")  # 20:00 - 08:00
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class _Schedule(Generic[_T]):
    at: _T | None
    days: frozenset[int]
    zone: ZoneInfo | None


def digest_time(words: Sequence[str]) -> tuple[DigestTime | None, ZoneInfo | None]:
    """What `daily 09:00 mon-fri Europe/Berlin`, `weekly mon` or `off` says: when a digest comes, None for never.

    The zone is None where none is given. Without a time it is nine, without a day every day, or Monday.

    Raises:
        InvalidInputError: it says something else; the text names the word.
    """
    cadence = words[0].lower() if words else ""
    if cadence == "off" and len(words) == 1:
        return None, None
    if cadence not in {"daily", "weekly"}:
        near = parser.closest(cadence, _CADENCES)
        hint = f"Did you mean digest {near}?" if near else f"One of: {', '.join(_CADENCES)}."
        message = f"I do not know digest {' '.join(words)[:40]}. {hint}"
        raise InvalidInputError(message)
    schedule = _read(words[1:], duration.time_of_day)
    days = schedule.days
    if cadence == "weekly":
        days = days or frozenset({0})
        if len(days) != 1:
            message = "A weekly digest comes on one day, such as: digest weekly mon 09:00."
            raise InvalidInputError(message)
    return DigestTime(schedule.at or MORNING, days or EVERY_DAY), schedule.zone


def quiet_hours(words: Sequence[str]) -> tuple[QuietHours | None, ZoneInfo | None]:
    """What `20:00-08:00 weekends Europe/Berlin` or `off` says: when nothing is posted, None for never.

    Raises:
        InvalidInputError: it says something else, or that all days are quiet; the text names the word.
    """
    if [word.lower() for word in words] == ["off"]:
        return None, None
    schedule = _read(words, duration.time_range)
    if schedule.at is None and not schedule.days:
        message = "Say which hours or days are quiet, such as: quiet 20:00-08:00 weekends Europe/Berlin."
        raise InvalidInputError(message)
    if len(schedule.days) == WEEK:
        message = "Leave a day on which something may be posted; digest off and unsubscribe end the rest."
        raise InvalidInputError(message)
    begin, end = schedule.at or (time(), time())
    return QuietHours(begin, end, schedule.days), schedule.zone


def _read(words: Sequence[str], clock: Callable[[str], _T]) -> _Schedule[_T]:
    at: _T | None = None
    days: frozenset[int] = frozenset()
    zone: list[str] = []
    for word in _DASH.sub("-", _HALVES.sub("", " ".join(words))).split():
        if (named := _days(word)) is not None:
            days |= named
        elif not word[0].isdigit():
            zone.append(word)
        elif at is None:
            at = clock(word)
        else:
            message = f"I read two times; leave out {word[:40]}, or the other."
            raise InvalidInputError(message)
    return _Schedule(at, days, duration.zone(" ".join(zone)) if zone else None)


def _days(word: str) -> frozenset[int] | None:
    """The days that `mon`, `mon,wed`, `mon-fri` or `weekends` says; None where a word names no days."""
    known = _SETS.get(word.lower())
    if known is not None:
        return known
    days: set[int] = set()
    try:
        for part in word.split(","):
            first, dash, last = part.partition("-")
            begin = duration.weekday(first)
            end = duration.weekday(last) if dash else begin
            days |= {(begin + step) % WEEK for step in range((end - begin) % WEEK + 1)}
    except InvalidInputError:
        return None
    return frozenset(days)
