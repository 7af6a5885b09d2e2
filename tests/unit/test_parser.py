"""What a person typed, taken apart."""

from __future__ import annotations

from datetime import time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.commands.request import duration, parser
from bot.commands.request.parser import RunAddress, parse
from bot.errors import InvalidInputError


@pytest.mark.parametrize(
    ("text", "word", "rest"),
    [
        ("", "", ""),
        ("  STATUS  acme/shop ", "status", "acme/shop"),
        ("status <https://github.com/acme/shop|acme/shop>", "status", "acme/shop"),
        ("status <https://github.com/acme/shop>", "status", "acme/shop"),
        ("status <https://github.com/acme/shop.git|the shop>", "status", "acme/shop"),
        ('test "test total with spaces"', "test", "test total with spaces"),
        ("test \u201ctest_total\u201d", "test", "test_total"),
        ("test <http://test_cart.py|test_cart.py>::test_total", "test", "test_cart.py::test_total"),
        ("test a &lt;b&gt; &amp; c", "test", "a <b> & c"),
        ("test it's", "test", "it's"),
        ("<@U0FLAKE> status acme/shop", "status", "acme/shop"),
        ("<@U0FLAKE|flakeguard>: help", "help", ""),
    ],
)
def test_a_command_is_its_word_and_the_rest(text: str, word: str, rest: str) -> None:
    typed = parse(text)
    assert (typed.word, typed.rest) == (word, rest)


def test_words_keep_what_stands_in_quotes_together() -> None:
    assert parse("""extend "a test" 14d 'x y' it's""").words == ("a test", "14d", "x y", "it's")


def test_an_open_quote_is_an_ordinary_character() -> None:
    assert parse('test "half of it').words == ('"half', "of", "it")


def test_people_groups_and_channels_stay_as_slack_names_them() -> None:
    assert parse("assign x <@U0ANA|ana> <#C1|ci> <!subteam^S1|@pay>").words == (
        "x", "<@U0ANA>", "<#C1>", "<!subteam^S1>",
    )  # fmt: skip


def test_flags_are_parted_from_words() -> None:
    typed = parse('subscribe acme/shop events:flaky,broken branch:"release 1" min:5% branch:main path:tests/api/**')
    words, flags = typed.flags(["events", "branch", "min", "owner", "path"])
    assert words == ("acme/shop",)
    assert flags == {
        "events": ("flaky", "broken"), "branch": ("release 1", "main"), "min": ("5%",), "path": ("tests/api/**",),
    }  # fmt: skip


def test_the_colons_of_a_test_are_no_flag() -> None:
    assert parse("test tests/a.py::test_b").flags(["events"]) == (("tests/a.py::test_b",), {})


@pytest.mark.parametrize("text", ["subscribe a/b evnets:flaky", "subscribe a/b events:", "subscribe a/b events:,"])
def test_a_flag_that_cannot_be_meant_is_refused(text: str) -> None:
    with pytest.raises(InvalidInputError, match="events:"):
        parse(text).flags(["events", "branch"])


@pytest.mark.parametrize(
    ("word", "meant"), [("stauts", "status"), ("quar", "quarantine"), ("lst", "list"), ("xyzzy", None)]
)
def test_a_typo_gets_the_closest_word(word: str, meant: str | None) -> None:
    assert parser.closest(word, ["status", "quarantine", "list", "unquarantine"]) == meant


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("https://github.com/acme/shop/actions/runs/123", RunAddress("acme/shop", 123, None)),
        ("see https://ghe.acme.example/acme/shop/actions/runs/9/attempts/2 please", RunAddress("acme/shop", 9, 2)),
        ("https://github.com/acme/shop/actions/runs/9/job/77", RunAddress("acme/shop", 9, None)),
        ("https://github.com/acme/shop", None),
    ],
)
def test_the_address_of_a_run_is_found_in_a_text(text: str, expected: RunAddress | None) -> None:
    assert parser.run_address(text) == expected


@pytest.mark.parametrize(("text", "name"), [("acme/shop", "acme/shop"), ("https://x/acme/shop/", "acme/shop")])
def test_a_repository_is_named_by_word_or_link(text: str, name: str) -> None:
    assert parser.repository(text) == name


@pytest.mark.parametrize("text", ["acme", "a/b/c", "", "a b/c"])
def test_other_words_name_no_repository(text: str) -> None:
    assert parser.repository(text) is None


def test_a_percentage_is_a_share() -> None:
    assert [parser.share(text) for text in ("5%", "0.5 %", "100", "0")] == [0.05, 0.005, 1.0, 0.0]


@pytest.mark.parametrize("text", ["101%", "-1", "x", ""])
def test_no_other_number_is_a_percentage(text: str) -> None:
    with pytest.raises(InvalidInputError, match="percentage"):
        parser.share(text)


@given(st.text(max_size=300))
def test_nothing_a_person_types_fails(text: str) -> None:
    typed = parse(text)
    assert typed.word == typed.word.lower()
    assert all(typed.words) or '""' in text or "''" in text or "``" in text or "\u201c" in text or "\u2018" in text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("7d", timedelta(days=7)),
        ("2w", timedelta(days=14)),
        ("36h", timedelta(hours=36)),
        ("90 min", timedelta(minutes=90)),
        ("1w 2d", timedelta(days=9)),
        ("3 Days", timedelta(days=3)),
    ],
)
def test_a_duration_is_read(text: str, expected: timedelta) -> None:
    assert duration.duration(text) == expected
    assert duration.is_duration(text)


@pytest.mark.parametrize("text", ["", "7", "d", "0d", "-3d", "7 apples", "7d later", "99999w"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    assert not duration.is_duration(text)


def test_a_part_of_a_day_counts_as_a_day() -> None:
    assert [duration.days(text) for text in ("1h", "24h", "36h", "2w")] == [1, 1, 2, 14]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("9", time(9)),
        ("09:30", time(9, 30)),
        ("6pm", time(18)),
        ("12am", time(0)),
        ("12 pm", time(12)),
        ("0:05", time(0, 5)),
    ],
)
def test_a_time_of_day_is_read(text: str, expected: time) -> None:
    assert duration.time_of_day(text) == expected


@pytest.mark.parametrize("text", ["24:00", "9:60", "13pm", "0am", "nine", ""])
def test_what_is_no_time_of_day_is_refused(text: str) -> None:
    with pytest.raises(InvalidInputError, match="time of day"):
        duration.time_of_day(text)


def test_a_range_of_hours_may_go_over_midnight() -> None:
    assert duration.time_range("20:00 \u2013 8") == (time(20), time(8))


@pytest.mark.parametrize("text", ["20:00", "8-8", "20:00-", ""])
def test_what_is_no_range_of_hours_is_refused(text: str) -> None:
    with pytest.raises(InvalidInputError):
        duration.time_range(text)


def test_days_of_the_week_are_read() -> None:
    assert [duration.weekday(text) for text in ("mon", "Tuesday", "SUN", "thurs")] == [0, 1, 6, 3]
    with pytest.raises(InvalidInputError, match="day of the week"):
        duration.weekday("m")


@pytest.mark.parametrize("text", ["Europe/Berlin", "europe/berlin", "Berlin", "berlin "])
def test_a_time_zone_is_named_in_full_or_by_its_city(text: str) -> None:
    assert duration.zone(text).key == "Europe/Berlin"


def test_a_misspelt_time_zone_gets_the_closest() -> None:
    with pytest.raises(InvalidInputError, match="Europe/Berlin"):
        duration.zone("Europe/Berln")


def test_a_path_is_no_time_zone() -> None:
    with pytest.raises(InvalidInputError):
        duration.zone("../../etc/passwd")
