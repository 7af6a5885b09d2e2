from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.analysis.identity import collision
from bot.analysis.identity.collision import Merged, Source
from bot.analysis.model import Outcome, Verdict
from bot.analysis.reports.reported_case import ReportedCase

PASSED, FAILED = Outcome.PASSED, Outcome.FAILED
Member = tuple[Source, int, ReportedCase]


def member(
    name: str = "t",
    outcome: Outcome = PASSED,
    *,
    path: str = "junit.xml",
    number: int = 0,
    shard: str = "",
    suites: tuple[str, ...] = ("s",),
    host: str = "",
) -> Member:
    case = ReportedCase(
        suites=suites,
        file="",
        class_name="C",
        name=name,
        duration=0.0,
        outcome=outcome,
        host=host,
    )
    return Source(f"junit-{shard}", shard, path), number, case


def merge(members: list[Member]) -> Merged:
    """Merge the reports that hold these cases, each at its number."""
    reports: dict[Source, list[tuple[int, ReportedCase]]] = {}
    for source, number, case in members:
        reports.setdefault(source, []).append((number, case))
    return collision.merge(
        (source, [case for _, case in sorted(cases, key=lambda one: one[0])]) for source, cases in reports.items()
    )


def told(members: list[Member]) -> dict[str, list[Outcome]]:
    return {one.identity.title: [each.outcome for each in one.results] for one in merge(members).cases}


def test_the_same_test_in_a_later_file_is_a_further_try_in_the_order_of_the_files() -> None:
    files = [("junit-10.xml", PASSED), ("junit-2.xml", FAILED), ("junit.xml", FAILED)]
    merged = merge([member(outcome=outcome, path=path) for path, outcome in files])
    (only,) = merged.cases
    assert [one.outcome for one in only.results] == [FAILED, FAILED, PASSED]
    assert [result.retry for result in only.results] == [0, 1, 2]
    assert only.verdict is Verdict.FLAKY
    assert merged.notes == ()


@pytest.mark.parametrize(
    ("first", "again"),
    [
        ("attempt-1/junit.xml", "attempt-2/junit.xml"),
        ("out/junit.xml", "out/rerun/junit.xml"),
        ("first-run/junit.xml", "retry_2/junit.xml"),
        ("pkg/test.xml", "pkg/test_attempts/attempt_1.xml"),
        ("1/junit.xml", "2/junit.xml"),
        ("junit-shard-1-of-2/a.xml", "junit-shard-2-of-2/a.xml"),
    ],
)
def test_folders_of_tries_and_shards_hold_the_same_tests(first: str, again: str) -> None:
    assert len(merge([member(path=first), member(outcome=FAILED, path=again)]).cases) == 1


def test_one_name_in_two_modules_of_a_build_is_two_tests_and_that_is_said() -> None:
    merged = merge([member(path="cart/target/TEST-C.xml"), member(outcome=FAILED, path="orders/target/TEST-C.xml")])
    assert {one.identity.title: one.verdict for one in merged.cases} == {
        "C::t [cart/target]": Verdict.PASSED,
        "C::t [orders/target]": Verdict.FAILED,
    }
    (note,) = merged.notes
    assert note == (
        "1 name belongs to tests in the reports of several folders or platforms (C::t); "
        "these tests are distinguished by their folder or platform."
    )


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("junit-py311.xml", "junit-py312.xml"),
        ("Shop.Tests.net6.0.xml", "Shop.Tests.net8.0.xml"),
        ("out/chrome.xml", "out/firefox.xml"),
        ("report_windows.xml", "report_linux.xml"),
    ],
)
def test_reports_of_two_platforms_hold_tests_of_their_own(one: str, other: str) -> None:
    assert [found.verdict for found in merge([member(path=one), member(outcome=FAILED, path=other)]).cases] != [
        Verdict.FLAKY
    ]


@pytest.mark.parametrize(
    ("one", "other"), [("junit.xml", "junit-retry.xml"), ("a.xml", "b.xml"), ("go-1.xml", "go-2.xml")]
)
def test_reports_of_one_folder_that_name_no_platform_hold_tries(one: str, other: str) -> None:
    assert len(merge([member(path=one), member(outcome=FAILED, path=other)]).cases) == 1


def test_one_name_under_two_suites_of_a_file_is_two_tests_whichever_comes_first() -> None:
    here, there = member(suites=("here",)), member(outcome=FAILED, suites=("there",), number=1)
    expected = {"C::t [here]": [PASSED], "C::t [there]": [FAILED]}
    assert told([here, there]) == expected
    assert told([(here[0], 1, here[2]), (there[0], 0, there[2])]) == expected


def test_names_that_only_masking_makes_alike_are_told_by_their_order_and_keep_it_in_the_next_try() -> None:
    files = [
        member("t[0x7faaaa]"),
        member("t[0x7fbbbb]", FAILED, number=1),
        member("t[0x7fcccc]", path="junit-retry.xml"),
        member("t[0x7fdddd]", path="junit-retry.xml", number=1),
    ]
    assert told(files) == {"C::t[<address>] [#1 of 2]": [PASSED, PASSED], "C::t[<address>] [#2 of 2]": [FAILED, PASSED]}


def test_a_name_that_did_not_change_is_the_same_test_in_the_next_try_wherever_it_stands() -> None:
    files = [
        member("t[0x7faaaa]"),
        member("t[0x7fbbbb]", FAILED, number=1),
        member("t[0x7fbbbb]", PASSED, path="junit-retry.xml"),
    ]
    assert told(files) == {"C::t[<address>] [#1 of 2]": [PASSED], "C::t[<address>] [#2 of 2]": [FAILED, PASSED]}


def test_names_that_only_masking_makes_alike_are_other_tests_in_another_shard() -> None:
    found = told([member("t[0x7faaaa]", shard="1"), member("t[0x7fbbbb]", FAILED, shard="2")])
    assert found == {"C::t[<address>] [#1 of 2]": [PASSED], "C::t[<address>] [#2 of 2]": [FAILED]}


def test_a_run_of_some_of_the_tests_that_masking_makes_alike_gives_none_the_name_of_another() -> None:
    rows = [f"t[2024-0{month}-01T10:00:00]" for month in (1, 2, 3)]
    names = [set(told([member(row, number=number) for number, row in enumerate(rows[:some])])) for some in (1, 2, 3)]
    assert names == [
        {"C::t[<time>]"},
        {f"C::t[<time>] [#{number} of 2]" for number in (1, 2)},
        {f"C::t[<time>] [#{number} of 3]" for number in (1, 2, 3)},
    ]


def test_values_that_an_author_may_have_chosen_are_numbered_alike_in_a_shuffled_run() -> None:
    rows = {f"t[http://localhost:{port}]": outcome for port, outcome in ((8080, FAILED), (9090, PASSED))}
    runs = [
        told([member(row, rows[row], number=number) for number, row in enumerate(order)])
        for order in (list(rows), list(reversed(rows)))
    ]
    assert (
        runs[0]
        == runs[1]
        == {
            "C::t[http://localhost:<port>] [#1 of 2]": [FAILED],
            "C::t[http://localhost:<port>] [#2 of 2]": [PASSED],
        }
    )


def test_many_names_that_masking_makes_alike_are_told_apart_in_linear_time() -> None:
    members = [member(f"t[0x{number:08x}]", number=number) for number in range(20_000)]
    assert len(merge(members).cases) == len(members)


def test_how_many_names_collide_is_said_once() -> None:
    members = [member(f"t{number % 3}", number=number, suites=(f"s{number // 3}",)) for number in range(6)]
    (note,) = merge(members).notes
    assert note == (
        "3 names belong to tests in several suites of one report (such as C::t0); "
        "these tests are distinguished by their suite."
    )


MEMBERS = st.builds(
    lambda name, path, number, shard, suite, host: member(
        name, path=path, number=number, shard=shard, suites=(suite,), host=host
    ),
    st.sampled_from(["t", "u", "t[0x7faaaa]", "t[0x7fbbbb]", ""]),
    st.sampled_from(["junit.xml", "a/junit.xml", "b/junit.xml", "retry/junit.xml"]),
    st.integers(0, 5),
    st.sampled_from(["", "1", "2"]),
    st.sampled_from(["s", "z"]),
    st.sampled_from(["", "chromium"]),
)


@given(st.lists(MEMBERS, max_size=12, unique_by=lambda one: one[:2]), st.randoms())
def test_no_case_is_lost_no_identity_is_given_twice_and_the_order_of_reading_is_nothing(
    members: list[Member], random: object
) -> None:
    merged = merge(members)
    assert sum(len(one.results) for one in merged.cases) == len(members)
    assert len({one.identity.key for one in merged.cases}) == len(merged.cases)
    shuffled = list(members)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert merge(shuffled) == merged


def test_a_case_is_of_the_shard_and_the_host_that_ran_its_first_try() -> None:
    alike = [member(path=path, shard=shard, host=shard) for path, shard in (("junit-1.xml", "2"), ("junit-1.xml", "1"))]
    merged = merge([*alike, member("other", shard="2"), member("third", host="fv-az12")])
    assert {one.identity.name: one.runner for one in merged.cases} == {
        "t": "shard 1 on 1",
        "other": "shard 2",
        "third": "fv-az12",
    }
