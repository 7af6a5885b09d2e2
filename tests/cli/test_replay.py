"""`flakeguard replay`, as a user calls it."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from tests.cli.command import flakeguard
from tests.unit.history_rows import row, text


def history(folder: Path) -> Path:
    """Twenty calm runs of thirty cases, then a flake that a re-run clears each time."""
    cases = [f"tests/test_{case % 3}.py::test_{case}" for case in range(30)]
    rows = []
    for run in range(20):
        rows += [row(case, run, started_at=f"2026-01-05T{run:02}:00:00Z") for case in cases]
    for run in range(20, 26):
        for attempt in ("1", "2"):
            at = f"2026-01-06T{run - 20:02}:{'00' if attempt == '1' else '30'}:00Z"
            rows += [
                row(
                    case,
                    run,
                    "failed" if case == cases[7] and attempt == "1" else "passed",
                    run_attempt=attempt,
                    started_at=at,
                )
                for case in cases
            ]
    path = folder / "history.csv.gz"
    path.write_bytes(gzip.compress(text(rows).encode()))
    return path


def test_json_is_one_object_per_case_and_variant(tmp_path: Path) -> None:
    ran = flakeguard("replay", str(history(tmp_path)), "--json")
    found = [json.loads(line) for line in ran.stdout.splitlines()]
    assert ran.returncode == 0
    assert len(found) == 30
    assert set(found[0]) == {
        "case", "variant", "status", "p_flaky", "p_broken", "score", "rate", "interval", "runs", "failures",
    }  # fmt: skip
    (flaky,) = (one for one in found if one["status"] == "flaky")
    assert (flaky["case"], flaky["variant"], flaky["runs"], flaky["failures"]) == (
        "tests/test_1.py::test_7", "linux", 32, 6,
    )  # fmt: skip
    low, high = flaky["interval"]
    assert 0 < low <= flaky["rate"] <= high


def test_the_timeline_is_one_object_per_change_of_status(tmp_path: Path) -> None:
    ran = flakeguard("replay", str(history(tmp_path)), "--timeline", "--json")
    turns = [one for one in map(json.loads, ran.stdout.splitlines()) if one["case"] == "tests/test_1.py::test_7"]
    assert [one["from"] for one in turns[1:]] == [one["to"] for one in turns[:-1]]
    assert turns[0]["from"] == "insufficient"
    assert turns[-1]["to"] == "flaky"
    assert set(turns[0]) == {"case", "variant", "run_id", "started_at", "from", "to"}
    assert turns[0]["started_at"] == "2026-01-05T04:00:00Z"


def test_people_get_a_table(tmp_path: Path) -> None:
    ran = flakeguard("replay", str(history(tmp_path)))
    assert "30 tests: 1 flaky, 29 healthy." in ran.stdout
    assert "tests/test_1.py::test_7" in ran.stdout


def test_a_policy_moves_the_thresholds(tmp_path: Path) -> None:
    policy = tmp_path / ".flakeguard.yml"
    policy.write_text("statuses: {flaky_failures: 50}\n")
    ran = flakeguard("replay", str(history(tmp_path)), "--json", "--policy", str(policy))
    assert "flaky" not in {json.loads(line)["status"] for line in ran.stdout.splitlines()}
    policy.write_text("statuses: {flaky_failure: 50}\n")
    ran = flakeguard("replay", str(history(tmp_path)), "--policy", str(policy))
    assert ran.returncode == 2
    assert "did you mean flaky_failures?" in ran.stderr


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"\x1f\x8bnot gzip at all", "is a damaged gzip file"),
        (gzip.compress(b"case,outcome,sha\n" + b"a,passed,1\n" * 1000)[:-12], "is a damaged gzip file"),
        (b"case,outcome,sha\n\xff\xfe,passed,1\n", "is not UTF-8 text"),
        (b"case,outcome,sha\na,red,1\n", "Row 1: outcome must be passed"),
    ],
)
def test_a_file_that_cannot_be_read_is_one_sentence_and_exit_status_2(tmp_path: Path, data: bytes, says: str) -> None:
    path = tmp_path / "history.csv"
    path.write_bytes(data)
    ran = flakeguard("replay", str(path), "--json")
    assert ran.returncode == 2
    assert says in ran.stderr
    assert "Traceback" not in ran.stderr


def test_a_history_without_a_result_is_a_table_without_a_test(tmp_path: Path) -> None:
    path = tmp_path / "history.csv"
    path.write_text("case,outcome,sha\n")
    assert "No test was judged." in flakeguard("replay", str(path)).stdout


def test_a_file_without_times_and_runs_is_in_order_of_its_commits_and_a_failure_in_it_is_no_outage(
    tmp_path: Path,
) -> None:
    path = tmp_path / "history.csv"
    commits = "97c3b1d280e4"
    rows = [f"{sha},{case},passed" for sha in commits for case in ("t1", "t2")]
    path.write_text("\n".join(["sha,case,outcome", *rows, "5,t1,failed", "5,t2,passed", ""]))
    ran = flakeguard("replay", str(path), "--json")
    assert [json.loads(line)["status"] for line in ran.stdout.splitlines()] == ["broken", "healthy"]
