"""Incidents: what they cover, what they say, and suites that fail again and again."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from bot.analysis import incident as incidents
from bot.analysis.incident import Kind
from tests.unit.made_history import START, incident

WINDOW = incident(Kind.MARKED)


def test_a_window_covers_the_runs_that_overlap_it() -> None:
    hour = timedelta(hours=1)
    begin, end = WINDOW.started_at, WINDOW.started_at + hour
    assert WINDOW.covers(begin - hour, begin)
    assert WINDOW.covers(end, end + hour)
    assert WINDOW.covers(begin - hour, end + hour)
    assert not WINDOW.covers(begin - 2 * hour, begin - hour)
    assert not WINDOW.covers(end + hour, end + 2 * hour)
    assert replace(WINDOW, ended_at=None).covers(end + 9 * hour, None)


def test_what_the_filter_found_covers_no_time() -> None:
    assert not incident().covers(START, None)


def test_each_kind_says_what_happened() -> None:
    assert incident().sentence == "312 of 600 failed in run #12"
    assert incident(Kind.SUITE, suite="tests/api").sentence == "312 of 600 of suite tests/api failed in run #12"
    assert incident(Kind.RUNNER, suite="shard 3").sentence == "312 of 600 on shard 3 failed in run #12"
    assert WINDOW.sentence == (
        "FlakeGuard marked 12 May 20:00 to 12 May 21:00 UTC as an incident (the registry was down)"
    )


def test_a_suite_that_fails_as_a_whole_three_times_has_a_faulty_fixture() -> None:
    found = [incident(Kind.SUITE, number=number, suite="tests/api") for number in (1, 2, 3)]
    assert incidents.faulty_suites([*found[:2], found[1]]) == ()
    (fault,) = incidents.faulty_suites([*found, incident(Kind.SUITE, number=9, suite="tests/web"), incident()])
    assert (fault.suite, fault.runs, fault.last_at) == ("tests/api", 3, START + timedelta(hours=3))
