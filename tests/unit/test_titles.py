"""Finding a case by a part of its name."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bot.analysis.identity.title_index import TitleIndex

TITLES = (
    "tests/api/test_cart.py::test_total",
    "tests/api/test_cart.py::test_total_with_discount",
    "tests/web/test_page.py::TestPage::test_total",
    "tests/web/test_page.py::TestPage::test_title",
    "src/cart.test.ts > cart > adds up the total",
)
INDEX = TitleIndex.of([3, 5, 8, 13, 21], TITLES)


def test_words_stand_anywhere_in_any_order_and_case() -> None:
    assert INDEX.find("TOTAL cart", 9)[0] == 3
    assert set(INDEX.find("total cart", 9)) == {3, 5, 21}
    assert INDEX.find("page title", 9) == [13]


def test_the_test_whose_name_it_is_comes_alone() -> None:
    assert INDEX.find("tests/api/test_cart.py::test_total", 9) == [3]


def test_whole_words_come_before_parts_of_words() -> None:
    assert INDEX.find("test_total", 9)[-1] == 5


def test_nothing_typed_finds_the_first_of_all() -> None:
    assert len(INDEX.find("", 3)) == 3
    assert len(INDEX.find("   ", 99)) == 5


def test_what_nothing_holds_finds_nothing() -> None:
    assert INDEX.find("nothing", 9) == []
    assert INDEX.find("total nothing", 9) == []


def test_words_do_not_reach_over_two_titles() -> None:
    assert INDEX.find("test_total tests/web test_cart", 9) == []


def test_an_extended_index_finds_what_came_later() -> None:
    longer = INDEX.extended([34, 55], ["tests/new.py::test_it", "tests/new.py::test_total"])
    assert longer.newest == 55
    assert longer.find("new", 9) == [34, 55]
    assert INDEX.newest == 21
    assert INDEX.find("new", 9) == []


def test_an_empty_index_finds_nothing() -> None:
    empty = TitleIndex.of([], [])
    assert empty.newest == 0
    assert empty.find("x", 9) == []
    assert empty.find("", 9) == []


@given(st.lists(st.text(max_size=40), min_size=1, max_size=30), st.data())
def test_every_title_is_found_by_a_part_of_it(titles: list[str], data: st.DataObject) -> None:
    index = TitleIndex.of(list(range(1, len(titles) + 1)), titles)
    position = data.draw(st.integers(0, len(titles) - 1))
    words = titles[position].split()
    part = data.draw(st.sampled_from(words)) if words else ""
    found = index.find(part, len(titles))
    exact = [number for number, title in enumerate(titles, 1) if title.replace("\n", " ").lower() == part.lower()]
    assert position + 1 in found or exact == found or "\n" in titles[position] or len(part.split()) != 1
