from __future__ import annotations

import pytest

from bot.analysis import failures
from bot.analysis.failures import Category
from bot.analysis.model import FailureText


def key(message: str, text: str = "", kind: str = "AssertionError") -> bytes:
    return failures.fingerprint(FailureText(kind, message, text)).key


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("expected 3 to equal 4", "expected 17 to equal 5"),
        ("no such file /home/runner/work/a/a/x.txt", "no such file /__w/a/a/x.txt"),
        ("no such file tests/unit/x.txt", "no such file /home/me/a/tests/unit/x.txt"),
        ("<Cart at 0x7f00a1> is empty", "<Cart at 0x7fbbc2> is empty"),
        ("order 3f2b8c1e-0000-4000-8000-1234567890ab lost", "order aaaabbbb-0000-4000-8000-1234567890ab lost"),
        ("late since 2024-01-01T10:00:00Z", "late since 2025-06-07 11:12:13,456"),
        ("boom\nin run 1 of Tuesday", "boom\nin run 2 of Friday"),
    ],
)
def test_one_cause_has_one_fingerprint_over_runs_and_machines(one: str, other: str) -> None:
    assert key(one) == key(other)


def test_another_message_type_or_place_is_another_fingerprint() -> None:
    frame = 'Traceback:\n  File "/a/b/{}.py", line 3, in total\n'
    found = [
        key("cart is empty"),
        key("cart is full"),
        key("cart is empty", kind="ValueError"),
        key("cart is empty", frame.format("cart")),
        key("cart is empty", frame.format("order")),
    ]
    assert len(set(found)) == len(found)


@pytest.mark.parametrize(
    ("text", "other"),
    [
        ('  File "/a/run.py", line 1, in main\n  File "/a/cart.py", line 9, in total\n',
         '  File "/b/pool.py", line 7, in work\n  File "/b/cart.py", line 12, in total\n'),
        ("E  assert 1\n\ntests/cart.py:12: AssertionError", "E  assert 2\n\ntests/cart.py:19: AssertionError"),
        ("\tat com.shop.Cart.total(Cart.java:10)\n\tat com.shop.Main.main(Main.java:2)",
         "\tat com.shop.Cart.total(Cart.java:11)\n\tat com.shop.Other.run(Other.java:5)"),
        ("    at async Cart.total (/a/cart.js:3:9)", "    at async Cart.total (/b/cart.js:4:1)"),
    ],
)  # fmt: skip
def test_the_frame_that_counts_is_where_it_was_raised(text: str, other: str) -> None:
    assert key("x", text) == key("x", other) != key("x")


def test_the_title_is_the_first_line_of_the_message_or_else_of_the_text() -> None:
    assert failures.fingerprint(FailureText("E", "\n first \nsecond", "text")).title == "first"
    assert failures.fingerprint(FailureText("E", "", "\ntext\nmore")).title == "text"
    assert failures.fingerprint(FailureText("E", "", "")).title == "E"


@pytest.mark.parametrize(
    ("message", "category"),
    [
        ("No space left on device", Category.INFRASTRUCTURE),
        ("OSError: [Errno 98] Address already in use", Category.PORT),
        ("ConnectionRefusedError: connection refused", Category.NETWORK),
        ("java.lang.OutOfMemoryError", Category.RESOURCE),
        ("deadlock detected", Category.CONCURRENCY),
        ("AssertionError: timed out after 5 s", Category.ASYNC_WAIT),
        ("duplicate key value violates constraint", Category.ORDER),
        ("off by one day at midnight", Category.TIME),
        ("random.choice gave 3", Category.RANDOMNESS),
        ("0.30000000000000004 != 0.3", Category.FLOATING_POINT),
        ("lists have a different order", Category.UNORDERED),
        ("FileNotFoundError: x", Category.IO),
        ("Segmentation fault", Category.CRASH),
        ("TypeError: x is not a function", Category.CODE_ERROR),
        ("assert 1 == 2", Category.ASSERTION),
        ("it broke", Category.UNKNOWN),
    ],
)
def test_the_likely_cause_is_told_by_the_first_rule_that_fits(message: str, category: Category) -> None:
    assert failures.fingerprint(FailureText("", message, "")).category is category


def test_a_traceback_on_a_runner_is_neither_a_race_nor_an_outage() -> None:
    text = 'Traceback (most recent call last):\n  File "/home/runner/work/shop/update.py", line 3, in validate\n'
    assert failures.fingerprint(FailureText("AssertionError", "assert 1 == 2", text)).category is Category.ASSERTION
    assert failures.fingerprint(FailureText("", "", text)).category is Category.UNKNOWN


@pytest.mark.parametrize("unit", ["\n", " ", ".", "/a", "a.", "1.", 'File "', "at a", "/", "\\"])
def test_a_text_made_to_be_slow_is_read_like_any_other(unit: str) -> None:
    text = "x" + unit * (16_000 // len(unit)) + "x"
    assert len(failures.fingerprint(FailureText(text[:1000], text[:4000], text)).key) == 16
