"""Recorded histories: what is read, in which order, and what is said of a wrong one."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.analysis.case_state import VariantScore
from bot.analysis.runs.history_file import COLUMNS, Reader
from bot.analysis.runs.recorded_history import History, suite_of
from bot.analysis.scoring.replay import Replay
from bot.errors import InvalidInputError
from tests.unit.history_rows import row, text

START = datetime(2026, 1, 5, tzinfo=UTC)


def read(data: str) -> History:
    return Reader().read(io.StringIO(data, newline=""))


def judged(history: History) -> dict[tuple[str, str], VariantScore]:
    judging = Replay(len(history.cases), history.keys)
    for entry in history.entries:
        judging.observe(entry.execution)
    at = history.entries[-1].execution.started_at
    return {(history.cases[one.case_id], one.variant): one for one in judging.scores(at)}


@pytest.mark.parametrize("quoting", [csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC])
@pytest.mark.parametrize("columns", [COLUMNS, COLUMNS[::-1], (*COLUMNS, "extra")])
def test_every_row_is_read_however_it_is_written(columns: Sequence[str], quoting: Literal[0, 1, 2]) -> None:
    rows = [row(f"t.py::{case}", run) for run in range(3) for case in ("a", "b, c", 'd"', "e\nf")]
    rows[4] = row("t.py::a", 1, "failed")
    rows.insert(5, row("t.py::a", 1, "passed", **{"try": "2"}))
    history = read(text(rows, columns, quoting))
    assert (history.results, history.keys, len(history.entries)) == (13, 4, 3)
    assert list(history.cases) == ["t.py::a", "t.py::b, c", 't.py::d"', "t.py::e\nf"]
    execution = history.entries[1].execution
    assert execution.failed.tolist() == [True, False, False, False]
    assert execution.retries == {0: (False,)}
    assert execution.started_at == START + timedelta(hours=1)


def test_a_message_cannot_pass_for_a_row() -> None:
    rows = [row(f"t.py::{case}", run) for run in range(2) for case in "ab"]
    forged = text([row("t.py::a", 1)]).splitlines()[1]
    rows.append(row("t.py::c", 1, "failed", message=f"x\n{forged}\n{forged}"))
    history = read(text(rows, quoting=csv.QUOTE_ALL))
    assert history.results == 5
    assert not history.entries[1].execution.retries


def test_skipped_rows_say_nothing_and_errored_ones_failed() -> None:
    history = read(text([row("a", 1, "skipped"), row("b", 1, "errored"), row("c", 2, "skipped")]))
    assert len(history.entries) == 1
    assert history.entries[0].execution.failed.tolist() == [True]


def test_what_is_missing_has_a_plain_meaning() -> None:
    history = read(text([row("src/t.py::a", 1), row("src/t.py::a", 2)], ("case", "outcome", "run_id")))
    first, second = (entry.execution for entry in history.entries)
    assert (first.on_default_branch, first.branch, first.base_sha) == (True, "main", None)
    assert first.sha != second.sha


def test_a_runner_that_is_out_accuses_none_of_the_cases_it_ran() -> None:
    columns = (*COLUMNS, "runner")
    cases = [f"suite{number}.py::t" for number in range(60)]
    calm = [row(case, run, runner=f"r{at % 3}") for run in range(8) for at, case in enumerate(cases)]
    out = [
        row(case, run, "failed" if at % 3 == 0 and at < 36 else "passed", runner=f"r{at % 3}")
        for run in range(8, 14)
        for at, case in enumerate(cases)
    ]
    history = read(text(calm + out, columns))
    assert history.entries[0].execution.runners is not None
    assert not {one.status.value for one in judged(history).values()} & {"flaky", "broken"}


def test_master_is_the_default_branch_where_there_is_no_main() -> None:
    columns = [name for name in COLUMNS if name != "default_branch"]
    history = read(text([row("a", 1, branch="master"), row("a", 2, branch="topic")], columns))
    assert [entry.execution.on_default_branch for entry in history.entries] == [True, False]


def test_executions_are_in_order_of_start_and_then_of_run() -> None:
    rows = [row("a", run, started_at="2026-01-05T00:00:00Z") for run in (10, 9, 2)] + [row("a", 1)]
    assert [entry.run_id for entry in read(text(rows)).entries] == ["2", "9", "10", "1"]


@settings(max_examples=30, deadline=None)
@given(st.data())
def test_the_order_of_rows_and_of_equal_time_runs_changes_no_bit(data: st.DataObject) -> None:
    draw = data.draw
    rows = [
        row(
            f"t{case % 3}.py::{case}",
            run,
            draw(st.sampled_from(["passed", "passed", "passed", "failed"])),
            sha=f"c{run // 2}",
            variant=variant,
            started_at=f"2026-01-05T{run // 3:02}:00:00Z",
            branch="main" if run % 4 else "topic",
        )
        for run in range(8)
        for variant in ("linux", "mac")
        for case in range(6)
    ]
    shuffled = draw(st.permutations(rows))
    assert judged(read(text(rows))).keys() == judged(read(text(shuffled))).keys()
    other = judged(read(text(shuffled)))
    for key, one in judged(read(text(rows))).items():
        for name in ("status", "p_flaky", "p_broken", "ranking", "rate", "interval", "runs", "failures"):
            assert getattr(one, name) == getattr(other[key], name)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        ("", "The history is empty"),
        ("case,run_id\na,1\n", "no column 'outcome'"),
        ("case,outcome\na,passed\n", "needs a column 'run_id' or 'sha'"),
        ("case,case,outcome,sha\na,a,passed,1\n", "the column 'case' twice"),
        ("case,outcome,sha\na,passed\n", "Row 1 has 2 values, the header 3 columns"),
        ("case,outcome,sha\na,green,1\n", "Row 1: outcome must be passed, failed, errored or skipped, not 'green'"),
        ("case,outcome,sha\n,passed,1\n", "Row 1: case must be a name"),
        (f"case,outcome,sha\n{'x' * 5000},passed,1\n", "Row 1: case must be a name of 1 to 4000"),
        ("case,outcome,sha,try\na,passed,1,0\n", "Row 1: try must be a whole number from 1"),
        ("case,outcome,sha,try\na,passed,1,²\n", "Row 1: try must be a whole number"),
        ("case,outcome,sha,started_at\na,passed,1,noon\n", "Row 1: started_at must be a time"),
        ("case,outcome,sha,repo\na,passed,1,x\na,passed,1,y\n", "Row 2: a second repository ('y')"),
        (f"case,outcome,sha,message\na,failed,1,{'x' * 200_000}\n", "Row 1 is not CSV: field larger"),
    ],
)
def test_a_wrong_history_is_refused_with_the_row_and_what_is_allowed(data: str, says: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        read(data)
    assert says in str(caught.value)


@pytest.mark.parametrize(
    ("case", "suite"),
    [
        ("tests/api/test_a.py::T::test_b", "tests/api"),
        ("test_a.py::test_b", "test_a.py"),
        ("com.acme.CartTest.adds", "com.acme.CartTest"),
        ("adds", ""),
    ],
)
def test_the_suite_of_a_case_is_told_by_its_name_where_there_is_none(case: str, suite: str) -> None:
    assert suite_of(case) == suite
