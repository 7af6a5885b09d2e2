"""Digests and quiet hours in every time zone, on the days the clocks change."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from bot.analysis import channel_schedule
from bot.analysis.channel_schedule import MAX_DELAY, WORKDAYS, DigestTime, QuietHours

BERLIN = ZoneInfo("Europe/Berlin")
ZONES = st.sampled_from(
    [
        ZoneInfo(name)
        for name in (
            "UTC", "Europe/Berlin", "America/New_York", "America/Sao_Paulo", "Australia/Lord_Howe", "Asia/Kolkata",
            "Pacific/Apia", "Africa/Cairo", "Pacific/Chatham", "Asia/Beirut",
        )
    ]
)  # fmt: skip
MOMENTS = st.datetimes(datetime(2010, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001  # bounds are naive
CLOCK = st.times().map(lambda at: at.replace(second=0, microsecond=0))
DAYS = st.frozensets(st.integers(0, 6), min_size=1)
QUIET = st.builds(QuietHours, CLOCK, CLOCK, st.frozensets(st.integers(0, 6), max_size=6))
MINUTE = timedelta(minutes=1)


def at(text: str, zone: ZoneInfo = BERLIN) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone).astimezone(UTC)


@settings(max_examples=60, deadline=None)
@given(quiet=QUIET, zone=ZONES, now=MOMENTS)
def test_quiet_hours_end_at_the_first_moment_that_is_loud(quiet: QuietHours, zone: ZoneInfo, now: datetime) -> None:
    loud = channel_schedule.loud_from(quiet, zone, now)
    assert loud >= now
    assert not quiet.covers(loud, zone)
    assert loud - now <= timedelta(days=8)
    step = max((loud - now) / 200, MINUTE)
    while now < loud:
        assert quiet.covers(now, zone), "it could have been said earlier"
        now += step
    assert loud <= now + step


@settings(max_examples=100, deadline=None)
@given(digest=st.builds(DigestTime, CLOCK, DAYS), zone=ZONES, begin=MOMENTS)
def test_every_scheduled_day_has_one_digest_whatever_the_clocks_do(
    digest: DigestTime, zone: ZoneInfo, begin: datetime
) -> None:
    assume(zone.key != "Pacific/Apia")  # where a whole day is missing in 2011
    seen = set()
    now = begin
    while now < begin + timedelta(days=15):
        if (day := channel_schedule.due_on(digest, zone, now, begin)) is not None:
            seen.add(day)
            assert timedelta() <= now - channel_schedule.moment(day, digest.at, zone) <= MAX_DELAY
        now += timedelta(minutes=55)
    first, last = (moment.astimezone(zone).date() for moment in (begin, now - timedelta(minutes=55)))
    days = {first + timedelta(days=number) for number in range((last - first).days + 1)}
    wanted = {day for day in days if day.weekday() in digest.days}
    assert seen <= wanted
    assert wanted - seen <= {first, last}, "a digest was left out"


@settings(max_examples=100, deadline=None)
@given(digest=st.builds(DigestTime, CLOCK, DAYS), zone=ZONES, day=st.dates(date(2015, 1, 1), date(2035, 1, 1)))
def test_digests_tell_of_periods_that_meet(digest: DigestTime, zone: ZoneInfo, day: date) -> None:
    assume(day.weekday() in digest.days)
    begin = channel_schedule.begin_of(digest, zone, day)
    assert timedelta() < channel_schedule.moment(day, digest.at, zone) - begin <= timedelta(days=7, hours=3)
    assert begin.astimezone(zone).weekday() in {*digest.days, *((one + 1) % 7 for one in digest.days)}


@pytest.mark.parametrize(
    ("now", "day"),
    [
        ("2026-11-23 08:59", None),
        ("2026-11-23 09:00", date(2026, 11, 23)),
        ("2026-11-23 14:59", date(2026, 11, 23)),
        ("2026-11-23 15:01", None),
        ("2026-11-22 09:00", None),  # a Sunday
    ],
)
def test_a_digest_on_workdays_is_due_at_nine_and_for_six_hours(now: str, day: date | None) -> None:
    since = at("2026-01-01 00:00")
    assert channel_schedule.due_on(DigestTime(time(9), WORKDAYS), BERLIN, at(now), since) == day


def test_a_digest_asked_for_after_its_time_begins_tomorrow() -> None:
    asked = at("2026-11-23 09:05")
    digest = DigestTime(time(9))
    assert channel_schedule.due_on(digest, BERLIN, at("2026-11-23 09:06"), asked) is None
    assert channel_schedule.due_on(digest, BERLIN, at("2026-11-24 09:00"), asked) == date(2026, 11, 24)


def test_a_time_the_clock_skips_comes_after_the_gap_and_one_it_shows_twice_comes_once() -> None:
    half_past_two = DigestTime(time(2, 30))
    assert channel_schedule.moment(date(2026, 3, 29), half_past_two.at, BERLIN) == datetime(
        2026, 3, 29, 1, 30, tzinfo=UTC
    )
    assert channel_schedule.moment(date(2026, 10, 25), half_past_two.at, BERLIN) == datetime(
        2026, 10, 25, 0, 30, tzinfo=UTC
    )


def test_monday_tells_of_friday_on() -> None:
    assert channel_schedule.begin_of(DigestTime(time(9), WORKDAYS), BERLIN, date(2026, 11, 23)) == at(
        "2026-11-20 09:00"
    )
    assert channel_schedule.begin_of(DigestTime(time(9), frozenset({0})), BERLIN, date(2026, 11, 23)) == at(
        "2026-11-16 09:00"
    )


@pytest.mark.parametrize(
    ("now", "loud"),
    [
        ("2026-11-23 19:59", "2026-11-23 19:59"),
        ("2026-11-23 20:00", "2026-11-24 08:00"),
        ("2026-11-24 03:00", "2026-11-24 08:00"),
        ("2026-11-27 20:00", "2026-11-30 08:00"),  # Friday night: the weekend is quiet as a whole
        ("2026-10-24 23:00", "2026-10-26 08:00"),
    ],
)
def test_what_comes_at_night_or_at_the_weekend_waits_for_the_morning(now: str, loud: str) -> None:
    quiet = QuietHours(time(20), time(8), frozenset({5, 6}))
    assert channel_schedule.loud_from(quiet, BERLIN, at(now)) == at(loud)


def test_a_channel_without_quiet_hours_is_always_loud() -> None:
    now = at("2026-11-23 03:00")
    assert channel_schedule.loud_from(None, BERLIN, now) == now
