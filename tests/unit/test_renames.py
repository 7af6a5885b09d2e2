from __future__ import annotations

from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.analysis.identity import rename
from bot.analysis.identity.rename import NamedCase
from bot.analysis.model import CaseId

Tests = list[str]


def followed(before: Tests, now: Tests) -> dict[str, str]:
    """What became of the tests of a run in the next, as `file::class::name` or `file::name`, in the order they ran."""
    numbers = count(1)
    known: dict[str, NamedCase] = {}
    for title in [*before, *now]:
        if title not in known:
            file, *inside, name = title.split("::")
            known[title] = NamedCase(CaseId(next(numbers)), file, "::".join(inside), name, "", title)
    orders = ([known[title].id for title in run] for run in (before, now))
    found = rename.match(
        [known[title] for title in before if title not in now],
        [known[title] for title in now if title not in before],
        [next(orders)],
        [next(orders)],
    )
    return {one.old.title: one.new.title for one in found}


def test_a_file_that_moves_takes_its_tests_along() -> None:
    before = ["tests/test_cart.py::test_total", "tests/test_cart.py::test_empty", "tests/test_tax.py::test_empty"]
    now = [
        "tests/unit/test_cart.py::test_total",
        "tests/unit/test_cart.py::test_empty",
        "tests/test_tax.py::test_empty",
    ]
    assert followed(before, now) == dict(zip(before[:2], now[:2], strict=True))


def test_two_files_renamed_at_once_are_told_apart_by_what_moves_together() -> None:
    before = [f"tests/{file}::{name}" for file, names in {
        "test_cart.py": ("test_ok", "test_empty", "test_total"), "test_order.py": ("test_ok", "test_late")
    }.items() for name in names]  # fmt: skip
    now = [one.replace("test_cart.py", "test_basket.py").replace("test_order.py", "test_purchase.py") for one in before]
    assert followed(before, now) == dict(zip(before, now, strict=True))


def test_a_class_that_is_renamed_takes_its_tests_along() -> None:
    before = ["::shop.CartTest::adds", "::shop.CartTest::removes", "::shop.TaxTest::adds"]
    now = ["::shop.BasketTest::adds", "::shop.BasketTest::removes", "::shop.TaxTest::adds"]
    assert followed(before, now) == dict(zip(before[:2], now[:2], strict=True))


def test_a_near_name_at_the_same_place_of_the_same_file_is_the_same_test() -> None:
    before = ["a.py::test_first", "a.py::test_total_of_the_cart", "a.py::test_last"]
    now = ["a.py::test_first", "a.py::test_total_of_a_cart", "a.py::test_last"]
    assert followed(before, now) == {before[1]: now[1]}


@pytest.mark.parametrize(
    ("before", "now"),
    [
        (["a.py::test_x", "a.py::test_add", "a.py::test_y"], ["a.py::test_x", "a.py::test_sub", "a.py::test_y"]),
        (
            ["a.py::test_x", "a.py::test_total_1", "a.py::test_y"],
            ["a.py::test_x", "a.py::test_y", "a.py::test_total_2"],
        ),
        (["a.py::test_total_of_cart"], ["b.py::test_total_of_a_cart"]),
        (["a.py::test_gone", "a.py::test_y"], ["a.py::test_y"]),
        (["a.py::test_y"], ["a.py::test_y", "b.py::test_new"]),
    ],
)
def test_another_name_another_place_or_nothing_in_its_stead_is_no_rename(before: Tests, now: Tests) -> None:
    assert followed(before, now) == {}


def test_a_name_that_may_have_gone_to_two_places_goes_to_none() -> None:
    assert followed(["a.py::test_ok"], ["b.py::test_ok", "c.py::test_ok"]) == {}
    assert followed(["b.py::test_ok", "c.py::test_ok"], ["a.py::test_ok"]) == {}


def test_a_hundred_tests_of_one_name_move_by_their_files() -> None:
    before = [f"tests/test_{number}.py::test_ok" for number in range(100)]
    now = [f"tests/unit/test_{number}.py::test_ok" for number in range(100)]
    assert followed(before, now) == dict(zip(before, now, strict=True))


NAMES = st.lists(st.sampled_from([f"test_{word}" for word in ("ok", "total", "empty", "late", "order")]), unique=True)
FILES = st.dictionaries(st.sampled_from(["cart", "order", "tax", "user"]), NAMES, max_size=4)


@given(FILES, st.sampled_from(["tests/unit", "spec", "packages/shop/tests"]))
def test_a_folder_that_moves_loses_no_history(files: dict[str, list[str]], folder: str) -> None:
    before = [f"tests/test_{file}.py::{name}" for file, names in files.items() for name in names]
    now = [f"{folder}/{one.removeprefix('tests/')}" for one in before]
    assert followed(before, now) == dict(zip(before, now, strict=True))


RUNS = st.lists(
    st.builds(
        lambda file, name: f"{file}::{name}",
        st.sampled_from(["a.py", "b.py", "c/a.py"]),
        st.sampled_from(["test_total_1", "test_total_2", "test_totals", "test_tax"]),
    ),
    unique=True,
)


@given(RUNS, RUNS)
def test_no_case_is_followed_twice_and_none_that_still_runs(before: Tests, now: Tests) -> None:
    found = followed(before, now)
    assert len(set(found.values())) == len(found)
    assert not set(found) & set(now)
    assert not set(found.values()) & set(before)
