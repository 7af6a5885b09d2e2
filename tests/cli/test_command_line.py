"""The command line, as a user calls it."""

from __future__ import annotations

import json
from pathlib import Path

from tests.cli.command import flakeguard, flakeguard_process
from tests.unit.mixed_report import MIXED


def test_inspect_prints_one_object_per_file_and_exits_2_where_one_is_refused(tmp_path: Path) -> None:
    good, bad = tmp_path / "good.xml", tmp_path / "bad.xml"
    good.write_bytes(MIXED)
    bad.write_bytes(b"<html/>")
    ran = flakeguard("inspect", "--json", str(good), str(bad))
    first, second = (json.loads(line) for line in ran.stdout.splitlines())
    assert ran.returncode == 2
    assert (first["cases"], first["flaky"], first["complete"], first["warnings"]) == (5, 1, True, [])
    counted = {name: first[name] for name in ("format", "distinct_cases", "results", "flaky_by_repetition")}
    assert counted == {"format": "junit", "distinct_cases": 5, "results": 6, "flaky_by_repetition": 1}
    assert "not a test report" in second["error"]
    assert flakeguard("inspect", str(good)).returncode == 0


def test_inspect_says_which_tests_are_told_apart_by_their_suite_alone(tmp_path: Path) -> None:
    report = tmp_path / "r.xml"
    suites = "".join(f"<testsuite name='{name}'><testcase classname='C' name='t'/></testsuite>" for name in "ab")
    report.write_text(f"<testsuites>{suites}</testsuites>", encoding="utf-8")
    figures = json.loads(flakeguard("inspect", "--json", str(report)).stdout)
    assert (figures["distinct_cases"], figures["complete"]) == (2, True)
    assert "distinguished by their suite" in figures["warnings"][0]


def test_only_commands_that_work_are_listed() -> None:
    listed = flakeguard_process("--help").stdout
    for name in ("serve", "worker", "migrate", "demo", "inspect", "rebuild", "replay", "scan"):
        assert name in listed
    for name in ("doctor", "upload", "gate"):
        assert name not in listed


def test_a_wrong_setting_is_one_sentence_and_exit_status_2() -> None:
    ran = flakeguard_process("serve", PORT="99999", HOME="/tmp")  # noqa: S108
    assert ran.returncode == 2
    assert "PORT" in ran.stderr
    assert "Traceback" not in ran.stderr
