from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.analysis import identity
from bot.analysis.junit import ReportedCase
from bot.analysis.model import Outcome


def case(
    name: str = "test_total", *, file: str = "", class_name: str = "", suites: tuple[str, ...] = ()
) -> ReportedCase:
    return ReportedCase(
        suites=suites, file=file, class_name=class_name, name=name, duration=0.0, outcome=Outcome.PASSED, tries=()
    )


@pytest.mark.parametrize(
    "file",
    [
        "tests/a.py",
        "./tests//a.py",
        "tests\\a.py",
        "/home/runner/work/shop/shop/tests/a.py",
        "/Users/runner/work/shop/shop/tests/a.py",
        "D:\\a\\shop\\shop\\tests\\a.py",
        "/d/a/shop/shop/tests/a.py",
        "/__w/shop/shop/tests/a.py",
        "/github/workspace/tests/a.py",
        "/home/ci/actions-runner/_work/shop/shop/tests/a.py",
        "/builds/group/shop/tests/a.py",
        "/home/vsts/work/1/s/tests/a.py",
        "/tmp/build-8f2/tests/a.py",  # noqa: S108  # a name, nothing is opened
        "file:///home/runner/work/shop/shop/tests/a.py",
    ],
)
def test_a_file_has_one_name_wherever_it_was_checked_out(file: str) -> None:
    assert identity.identify(case(file=file)).key == identity.identify(case(file="tests/a.py")).key


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("t[3f2b8c1e-0000-4000-8000-1234567890ab]", "t[aaaabbbb-0000-4000-8000-1234567890ab]"),
        ("t[<object at 0x7f01aa>]", "t[<object at 0x7f99bb>]"),
        ("t[/tmp/pytest-of-me/pytest-1/x]", "t[/tmp/pytest-of-me/pytest-22/x]"),
        ("t[2024-01-01T10:00:00Z]", "t[2025-12-31T23:59:59.123Z]"),
        ("t[1700000000]", "t[1712345678]"),
        ("t[http://localhost:40123/a]", "t[http://localhost:51999/a]"),
        ("t[seed=17]", "t[seed=99]"),
        ("t[d41d8cd98f00b204e9800998ecf8427e]", "t[0cc175b9c0f1b6a831c399e269772661]"),
        ("t[/home/runner/work/shop/shop/d.json]", "t[/__w/shop/shop/d.json]"),
        ("opens 0x7f01aa (fast)", "opens 0x7f99bb (fast)"),
    ],
)
def test_what_changes_from_run_to_run_is_masked(one: str, other: str) -> None:
    assert identity.identify(case(one)).key == identity.identify(case(other)).key


@pytest.mark.parametrize(
    ("one", "other"),
    [("t[1]", "t[2]"), ("t[8080]", "t[8081]"), ("adds 2 items", "adds 3 items"), ("t[a]", "t[b]"), ("t (x)", "t(x)")],
)
def test_names_that_an_author_chose_stay_apart(one: str, other: str) -> None:
    assert identity.identify(case(one)).key != identity.identify(case(other)).key


def test_the_suite_tells_cases_apart_only_where_neither_file_nor_class_does() -> None:
    bare = [identity.identify(case(suites=(suite,))).key for suite in ("a", "b")]
    classed = [identity.identify(case(class_name="C", suites=(suite,))).key for suite in ("a", "b")]
    assert bare[0] != bare[1]
    assert classed[0] == classed[1]


def test_the_published_id_is_twelve_lowercase_letters_and_digits_of_the_key() -> None:
    found = identity.identify(case(file="tests/a.py", class_name="C"))
    assert len(found.key) == 16
    assert found.uid == "kjq4yuk4s2no"


def test_a_numbered_identity_is_another_one_and_says_so() -> None:
    first = identity.identify(case("t[0x7f01aa]"))
    second = identity.numbered(first, 2)
    assert second.name == "t[<address>] #2"
    assert len({first.key, second.key, identity.identify(case("t[<address>] #2")).key}) == 3


def test_a_long_name_is_cut_for_show_but_not_for_the_key() -> None:
    one, other = (identity.identify(case("x" * 5000 + end)) for end in "ab")
    assert len(one.name) == identity.MAX_LENGTH
    assert one.key != other.key


@given(name=st.text(max_size=80), class_name=st.text(max_size=40), file=st.text(max_size=40))
def test_identifying_what_was_identified_changes_nothing(name: str, class_name: str, file: str) -> None:
    once = identity.identify(
        case(name.replace("\0", ""), file=file.replace("\0", ""), class_name=class_name.replace("\0", ""))
    )
    assert identity.identify(case(once.name, file=once.file, class_name=once.class_name)).key == once.key
