from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.analysis.identity import case_identity
from bot.analysis.model import Outcome
from bot.analysis.reports.reported_case import ReportedCase


def case(
    name: str = "test_total",
    *,
    file: str = "",
    class_name: str = "",
    suites: tuple[str, ...] = (),
    host: str = "",
) -> ReportedCase:
    return ReportedCase(
        suites=suites,
        file=file,
        class_name=class_name,
        name=name,
        duration=0.0,
        outcome=Outcome.PASSED,
        host=host,
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
        "/home/runner/work/shop/tests/a.py",
        "/usr/src/app/tests/a.py",
        "/home/circleci/project/tests/a.py",
        "/go/src/github.com/acme/shop/tests/a.py",
        "/var/jenkins_home/workspace/shop/tests/a.py",
        "/home/jenkins/agent/workspace/shop/tests/a.py",
        "/codebuild/output/src123/src/tests/a.py",
        "/opt/atlassian/pipelines/agent/build/tests/a.py",
        "/var/lib/buildkite-agent/builds/agent-1/acme/shop/tests/a.py",
        "/home/travis/build/acme/shop/tests/a.py",
        "/workspaces/shop/tests/a.py",
        "tests/a.py:12",
        "tests/a.py:12:3",
    ],
)
def test_a_file_has_one_name_wherever_it_was_checked_out(file: str) -> None:
    assert case_identity.identify(case(file=file)).key == case_identity.identify(case(file="tests/a.py")).key


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("t[3f2b8c1e-0000-4000-8000-1234567890ab]", "t[aaaabbbb-0000-4000-8000-1234567890ab]"),
        ("t[<object at 0x7f01aa>]", "t[<object at 0x7f99bb>]"),
        ("t[<object at 0x7f0>]", "t[<object at 0x7f1>]"),
        ("t[/tmp/pytest-of-me/pytest-1/x]", "t[/tmp/pytest-of-me/pytest-22/x]"),
        ("t[2024-01-01T10:00:00Z]", "t[2025-12-31T23:59:59.123Z]"),
        ("t[1700000000]", "t[1712345678]"),
        ("t[1700000000123456789]", "t[1712345678123456789]"),
        ("t[20240101T101010Z]", "t[20251231T235959Z]"),
        ("t[http://localhost:40123/a]", "t[http://localhost:51999/a]"),
        ("t[http://10.0.3.17:40123/a]", "t[http://10.0.3.17:51999/a]"),
        ("t[[::1]:40123]", "t[[::1]:51999]"),
        ("t[127.0.0.1:8123]", "t[127.0.0.1:40123]"),
        ("t[port=40123]", "t[port=51999]"),
        ("t[seed=17]", "t[seed=99]"),
        ("t[seed: 17]", "t[seed: 99]"),
        ("t (seed 171717)", "t (seed 999999)"),
        ("t[1700000000.125]", "t[1712345678.5]"),
        ("t[20240101-101010]", "t[20251231-235959]"),
        ("t[20240101101010]", "t[20251231235959]"),
        ("t[Tue Jan  2 03:04:05 2024]", "t[Wed Feb 13 23:14:15 2025]"),
        ("t[Tue, 02 Jan 2024 03:04:05 GMT]", "t[Wed, 13 Feb 2025 23:14:15 GMT]"),
        ("t[03:04:05.123]", "t[23:14:15.999]"),
        ("t[pid=4321]", "t[pid=87]"),
        ("t[3f4e5d6c7b8a]", "t[9a8b7c6d5e4f]"),
        ("t[<Cart id='140234866'>]", "t[<Cart id='139999999'>]"),
        ("t[d41d8cd98f00b204e9800998ecf8427e]", "t[0cc175b9c0f1b6a831c399e269772661]"),
        ("t[/home/runner/work/shop/shop/d.json]", "t[/__w/shop/shop/d.json]"),
        ("opens 0x7f01aa (fast)", "opens 0x7f99bb (fast)"),
        ("TestServe/127.0.0.1:40123", "TestServe/127.0.0.1:51999"),  # a Go subtest
        ("TestSave//tmp/TestSave1234/001", "TestSave//tmp/TestSave999/001"),
        ("TestHash/d41d8cd98f00b204e9800998ecf8427e", "TestHash/0cc175b9c0f1b6a831c399e269772661"),
        ("[1] com.shop.Cart@5e2de80c", "[1] com.shop.Cart@1b28cdfa"),  # a JUnit 5 display name
        ("rates(Path)[2] /tmp/junit8123/a", "rates(Path)[2] /tmp/junit99/a"),
        ('Shop.Tests.Cart.Adds(at: "2024-01-01 10:00:00")', 'Shop.Tests.Cart.Adds(at: "2025-06-07 11:12:13")'),
        ("Cart connects to http://localhost:40123 when empty", "Cart connects to http://localhost:51999 when empty"),
        ("t[caf\u00e9]", "t[cafe\u0301]"),  # one letter, composed and decomposed
        ("  test_total ", "test_total"),
    ],
)
def test_what_changes_from_run_to_run_is_masked(one: str, other: str) -> None:
    assert case_identity.identify(case(one)).key == case_identity.identify(case(other)).key


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("t[1]", "t[2]"),
        ("t[8080]", "t[8081]"),
        ("t[v1]", "t[v2]"),
        ("t[2024-01-01]", "t[2024-02-29]"),
        ("t[10:30]", "t[10:45]"),
        ("t[http://localhost:80]", "t[http://localhost:443]"),
        ("t[0x1000]", "t[0x2000]"),
        ("adds 2 items", "adds 3 items"),
        ("t[a]", "t[b]"),
        ("t (x)", "t(x)"),
        ("t[/tmp/a1/orders.json]", "t[/tmp/a1/items.json]"),
        ("TestCart/empty", "TestCart/full"),
        ("TestCart/a#01", "TestCart/a#02"),
        ("adds(int, List<String>)[1]", "adds(int, List<String>)[2]"),
        ('Adds(value: 3, name: "x")', 'Adds(value: 4, name: "x")'),
        ("Shop > Cart > is empty", "Shop > Cart > is full"),
        ("commit d41d8cd98f00b204e9800998ecf8427e is kept", "commit 0cc175b9c0f1b6a831c399e269772661 is kept"),
        ("t[\u540d]", "t[\u524d]"),
        ("t[\U0001f600]", "t[\U0001f601]"),
    ],
)
def test_names_that_an_author_chose_stay_apart(one: str, other: str) -> None:
    assert case_identity.identify(case(one)).key != case_identity.identify(case(other)).key


def test_the_suite_tells_cases_apart_only_where_neither_file_nor_class_does() -> None:
    bare = [case_identity.identify(case(suites=(suite,))).key for suite in ("a", "b")]
    classed = [case_identity.identify(case(class_name="C", suites=(suite,))).key for suite in ("a", "b")]
    assert bare[0] != bare[1]
    assert classed[0] == classed[1]


def test_the_suites_tell_the_cases_of_node_apart_whose_class_says_nothing() -> None:
    cart, orders = (
        case_identity.identify(case("adds", class_name="test", suites=suites))
        for suites in (("Cart",), ("Orders", "new"))
    )
    assert (cart.title, orders.title) == ("test::adds [Cart]", "test::adds [Orders > new]")
    alone = case_identity.identify(
        case("adds", class_name="test", suites=("pytest tests", "pytest"))
    )  # of a file test.py
    assert alone.title == "test::adds"


def test_suites_of_one_name_in_other_suites_are_other_suites() -> None:
    found = [case_identity.identify(case("works", suites=("all", outer, "#index"))) for outer in ("Array", "String")]
    assert found[0].key != found[1].key
    assert found[0].title == "all > Array > #index::works"


def test_what_a_suite_says_beyond_its_class_tells_cases_apart_in_every_run() -> None:
    plain, chrome, other = (
        case_identity.identify(case(class_name="CartTest", suites=(suite,)))
        for suite in ("CartTest", "CartTest: chrome", "CartTest: internet explorer")
    )
    assert len({plain.key, chrome.key, other.key}) == 3
    assert (plain.scope, chrome.scope) == ("", "chrome")
    assert chrome.title == "CartTest::test_total [chrome]"
    assert case_identity.identify(case(class_name="Cart", suites=("CartTest",))).scope == ""


def test_the_browser_of_playwright_is_part_of_a_case_and_the_machine_of_another_runner_is_not() -> None:
    def keys(suites: tuple[str, ...], class_name: str) -> set[bytes]:
        hosts = ("chromium", "webkit")
        return {case_identity.identify(case(suites=suites, class_name=class_name, host=host)).key for host in hosts}

    assert len(keys(("cart.spec.ts",), "cart.spec.ts")) == 2
    assert len(keys(("vitest tests", "cart.test.ts"), "cart.test.ts")) == 1
    assert len(keys(("shop.CartTest",), "shop.CartTest")) == 1


def test_a_newer_browser_is_the_same_browser_to_karma() -> None:
    old, new = (
        case_identity.identify(case(class_name=f"Chrome_Headless_{version}_0_0_0_(Linux_x86_64).Cart"))
        for version in (119, 120)
    )
    assert old.key == new.key
    assert old.class_name == "Chrome_Headless.Cart"


@pytest.mark.parametrize("root", ["/home/ana/code/shop", "/data/17/shop", "C:/dev/shop", "/tmp/x/y/shop"])  # noqa: S108
def test_a_checkout_in_an_unknown_place_is_told_by_the_name_of_the_repository(root: str) -> None:
    found = case_identity.identify(case(file=f"{root}/tests/shop/a.py"), "shop")
    assert found.key == case_identity.identify(case(file="tests/shop/a.py")).key


def test_a_file_of_an_unknown_place_begins_where_its_module_does() -> None:
    found = case_identity.identify(
        case(file="/srv/ci/1/shop/tests/unit/test_a.py", class_name="tests.unit.test_a.TestCart")
    )
    assert found.file == "tests/unit/test_a.py"


def test_a_class_that_is_a_file_has_one_name_on_every_system() -> None:
    one, other = (case_identity.identify(case(class_name=name)) for name in ("src\\cart.test.ts", "src/cart.test.ts"))
    assert one == other
    assert case_identity.identify(case(class_name="App\\Tests\\CartTest")).class_name == "App\\Tests\\CartTest"


def test_a_class_inside_a_class_keeps_its_whole_name() -> None:
    nested = case_identity.identify(case(file="tests/test_a.py", class_name="tests.test_a.TestCart.TestEmpty"))
    java = case_identity.identify(case("is empty()", class_name="shop.CartTest$Empty"))
    assert nested.title == "tests/test_a.py::TestCart.TestEmpty::test_total"
    assert java.title == "shop.CartTest$Empty::is empty()"


def test_the_published_id_is_twelve_lowercase_letters_and_digits_of_the_key() -> None:
    found = case_identity.identify(case(file="tests/a.py", class_name="C"))
    assert len(found.key) == 16
    assert found.uid == "h4nhbfr3apxq"
    assert found.long_uid.startswith(found.uid)
    assert len(found.long_uid) == 26


def test_a_scoped_identity_is_another_one_and_says_so() -> None:
    first = case_identity.identify(case("t[0x7f01aa]", class_name="C"))
    second = case_identity.with_scope(first, "#2")
    assert second.title == "C::t[<address>] [#2]"
    assert len({first.key, second.key, case_identity.identify(case("t[<address>] [#2]", class_name="C")).key}) == 3


@pytest.mark.parametrize(
    "unit",
    ["/", "/a", "a/", "0x", "1:", "::", "@a", "[", "seed=", "C:/x", "C:\\Users\\", "-", "1.1.1.", "/..", "/a.b."],
)
def test_a_name_made_to_be_slow_is_identified_like_any_other(unit: str) -> None:
    text = unit * (500_000 // len(unit))
    found = case_identity.identify(case(text, file=text, class_name=text, suites=(text,)))
    assert len(found.key) == 16


def test_a_long_name_is_cut_for_show_but_not_for_the_key() -> None:
    one, other = (case_identity.identify(case("x" * 5000 + end)) for end in "ab")
    assert len(one.name) == case_identity.MAX_LENGTH
    assert one.key != other.key


@given(name=st.text(max_size=80), class_name=st.text(max_size=40), file=st.text(max_size=40))
def test_identifying_what_was_identified_changes_nothing(name: str, class_name: str, file: str) -> None:
    once = case_identity.identify(
        case(name.replace("\0", ""), file=file.replace("\0", ""), class_name=class_name.replace("\0", ""))
    )
    assert case_identity.identify(case(once.name, file=once.file, class_name=once.class_name)).key == once.key
