"""The sentences of `digest` and `quiet`: every well-formed one says what it says, every other is refused in words."""

from __future__ import annotations

import contextlib
import zoneinfo
from collections.abc import Callable, Sequence
from datetime import time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.analysis.channel_schedule import EVERY_DAY, DigestTime, QuietHours
from bot.commands.request import duration, parser, schedule_text
from bot.errors import InvalidInputError

FULL = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
ZONES = sorted(zoneinfo.available_timezones())
CLOCK = st.times().map(lambda at: at.replace(second=0, microsecond=0))
CASE = st.sampled_from([str.lower, str.upper, str.title, lambda word: word])
ZONE = st.none() | st.sampled_from(ZONES)


def said_time(draw: st.DrawFn, at: time) -> str:
    """A time of day in one of the ways people write it."""
    hour, half = at.hour % 12 or 12, "pm" if at.hour >= 12 else "am"
    ways = [
        f"{at:%H:%M}",
        f"{at.hour}:{at:%M}",
        f"{at.hour}.{at:%M}",
        f"{hour}:{at:%M}{half}",
        f"{hour}:{at:%M} {half}",
    ]
    if at.minute == 0:
        ways += [f"{at.hour}", f"{hour}{half.upper()}", f"{hour} {half}"]
    return draw(st.sampled_from(ways))


def said_days(draw: st.DrawFn, days: frozenset[int]) -> list[str]:
    """Days one by one, with commas, or as a range that may go over Sunday."""

    def name(day: int) -> str:
        spelling: str = draw(CASE)(draw(st.sampled_from([FULL[day], FULL[day][:3], FULL[day][:4]])))
        return spelling

    begins = [day for day in days if (day - 1) % 7 not in days]
    if len(begins) == 1 and len(days) > 1 and draw(st.booleans()):
        dash = draw(st.sampled_from(["-", " - ", "\N{EN DASH}"]))
        return [f"{name(begins[0])}{dash}{name((begins[0] + len(days) - 1) % 7)}"]
    names = [name(day) for day in draw(st.permutations(sorted(days)))]
    joined: bool = draw(st.booleans())
    return [",".join(names)] if names and joined else names


def said_zone(draw: st.DrawFn, zone: str | None) -> list[str]:
    return [] if zone is None else [draw(st.sampled_from([zone, zone.lower(), zone.replace("_", " ")]))]


@st.composite
def digests(draw: st.DrawFn) -> tuple[str, DigestTime, str | None]:
    """A sentence, and what it says."""
    weekly = draw(st.booleans())
    at, zone = draw(CLOCK), draw(ZONE)
    days = draw(st.frozensets(st.integers(0, 6), min_size=1, max_size=1 if weekly else 7))
    parts = [said_time(draw, at), *said_days(draw, days), *said_zone(draw, zone)]
    return (
        " ".join([draw(CASE)("weekly" if weekly else "daily"), *draw(st.permutations(parts))]),
        DigestTime(at, days),
        zone,
    )


@st.composite
def quiets(draw: st.DrawFn) -> tuple[str, QuietHours, str | None]:
    """A sentence, and what it says."""
    begin, end, zone = draw(CLOCK), draw(CLOCK), draw(ZONE)
    days = draw(st.frozensets(st.integers(0, 6), min_size=1 if begin == end else 0, max_size=6))
    dash = draw(st.sampled_from(["-", " - ", " \N{EN DASH} ", "\N{EM DASH}"]))
    hours = [] if begin == end else [f"{said_time(draw, begin)}{dash}{said_time(draw, end)}"]
    parts = [*hours, *said_days(draw, days), *said_zone(draw, zone)]
    held = QuietHours(time(), time(), days) if begin == end else QuietHours(begin, end, days)
    return " ".join(draw(st.permutations(parts))), held, zone


def typed(text: str) -> tuple[str, ...]:
    return parser.parse(f"digest {text}").words


def key(zone: ZoneInfo | None) -> str | None:
    return None if zone is None else zone.key


@given(digests())
def test_every_sentence_of_a_digest_says_what_it_says(sentence: tuple[str, DigestTime, str | None]) -> None:
    text, meant, zone = sentence
    digest, found = schedule_text.digest_time(typed(text))
    assert (digest, key(found)) == (meant, zone), text


@given(quiets())
def test_every_sentence_of_quiet_hours_says_what_it_says(sentence: tuple[str, QuietHours, str | None]) -> None:
    text, meant, zone = sentence
    quiet, found = schedule_text.quiet_hours(typed(text))
    assert (quiet, key(found)) == (meant, zone), text


def test_what_is_left_out_is_nine_every_day_or_monday_in_the_zone_of_the_channel() -> None:
    assert schedule_text.digest_time(("daily",)) == (DigestTime(time(9), EVERY_DAY), None)
    assert schedule_text.digest_time(("WEEKLY",)) == (DigestTime(time(9), frozenset({0})), None)
    assert schedule_text.digest_time(("off",)) == schedule_text.quiet_hours(("Off",)) == (None, None)


@pytest.mark.parametrize(
    ("read", "text", "says"),
    [
        (schedule_text.digest_time, "weakly mon", "Did you mean digest weekly?"),
        (schedule_text.digest_time, "", "One of: now, daily"),
        (schedule_text.digest_time, "off mon", "Did you mean digest off?"),
        (schedule_text.digest_time, "weekly mon tue", "comes on one day"),
        (schedule_text.digest_time, "daily 25:00", "no time of day"),
        (schedule_text.digest_time, "daily 9 10", "two times"),
        (schedule_text.digest_time, "daily Berln", "Did you mean Europe/Berlin?"),
        (schedule_text.digest_time, "daily Europe/Berlin Europe/Paris", "no time zone"),
        (schedule_text.quiet_hours, "Europe/Berlin", "which hours or days"),
        (schedule_text.quiet_hours, "", "which hours or days"),
        (schedule_text.quiet_hours, "20:00", "no range of hours"),
        (schedule_text.quiet_hours, "8-8", "no range of hours"),
        (schedule_text.quiet_hours, "sat-fri", "Leave a day"),
        (schedule_text.quiet_hours, "20:00-08:00 mon-", "no time zone"),
    ],
)
def test_what_says_nothing_is_refused_with_what_would(
    read: Callable[[Sequence[str]], object], text: str, says: str
) -> None:
    with pytest.raises(InvalidInputError) as caught:
        read(typed(text))
    assert says in str(caught.value)


WORDS = st.lists(
    st.sampled_from(
        [
            "daily", "weekly", "off", "now", "mon", "mon-fri", "-fri", "mon-", "mon,,tue", ",", "weekends", "9",
            "20:00-08:00", "20:00-", "-", "\N{EN DASH}", "\N{SUPERSCRIPT TWO}", "\N{ARABIC-INDIC DIGIT NINE}", "am",
            "Europe/", "/", "..", "Europe/Berlin", "\0", "7d", "1w 2d", "0", "9" * 400, "<@U0ANA>", "&lt;", "events:x",
            "09:00", "9 am",
        ]
    )
    | st.text(max_size=12),
    max_size=6,
)  # fmt: skip


@given(WORDS)
def test_no_words_raise_anything_but_a_sentence(words: list[str]) -> None:
    line = " ".join(words)
    for read in (schedule_text.digest_time, schedule_text.quiet_hours):
        for given_words in (words, typed(line)):
            with contextlib.suppress(InvalidInputError):
                read(given_words)
    for read_text in (
        duration.duration,
        duration.time_of_day,
        duration.time_range,
        duration.weekday,
        duration.zone,
        parser.share,
    ):
        with contextlib.suppress(InvalidInputError):
            read_text(line)


UNITS = {
    "m": 60,
    "min": 60,
    "minutes": 60,
    "h": 3600,
    "hrs": 3600,
    "hour": 3600,
    "d": 86400,
    "days": 86400,
    "w": 604800,
}


@given(st.lists(st.tuples(st.integers(0, 400), st.sampled_from(sorted(UNITS)), CASE), min_size=1, max_size=4))
def test_every_duration_is_the_sum_of_its_parts(parts: list[tuple[int, str, Callable[[str], str]]]) -> None:
    text = " ".join(f"{number}{case(unit)}" for number, unit, case in parts)
    meant = timedelta(seconds=sum(number * UNITS[unit] for number, unit, _ in parts))
    if timedelta() < meant <= timedelta(days=3660):
        assert duration.duration(text) == meant
    else:
        with pytest.raises(InvalidInputError):
            duration.duration(text)


def test_a_duration_without_end_is_refused_as_any_other() -> None:
    with pytest.raises(InvalidInputError):
        duration.duration("99999w" * 6000)
