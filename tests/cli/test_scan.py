"""`flakeguard scan` over folders as people have them."""

from __future__ import annotations

import gzip
import json
import os
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.cli.command import flakeguard


def _report(results: Mapping[str, bool], started_at: str = "") -> bytes:
    cases = "".join(
        f'<testcase classname="shop.test_cart" name="{name}" time="0.1">'
        f"{'' if passed else '<failure message=&quot;boom&quot;>x</failure>'.replace('&quot;', chr(34))}</testcase>"
        for name, passed in results.items()
    )
    stamp = f' timestamp="{started_at}"' if started_at else ""
    return f'<testsuite name="pytest"{stamp}>{cases}</testsuite>'.encode()


def _runs(number: int, *, at: str = "") -> bytes:
    """Run 0 to 29: `flaky` fails in every 6th, `broken` from run 20 on, twenty others pass."""
    others = {f"test_{other}": True for other in range(20)}
    return _report({"test_flaky": number % 6 != 4, "test_broken": number < 20, **others}, at)


def _statuses(*arguments: str) -> dict[str, str]:
    ran = flakeguard("scan", "--json", *arguments)
    assert ran.returncode == 0, ran.stderr
    return {one["case"].rpartition("::")[2]: one["status"] for one in map(json.loads, ran.stdout.splitlines())}


def test_a_file_per_run_is_ordered_by_the_times_in_the_reports(tmp_path: Path) -> None:
    for number in range(30):
        # Names sort the other way round.
        (tmp_path / f"{'z' * (30 - number)}.xml").write_bytes(_runs(number, at=f"2026-03-{number + 1:02}T10:00:00"))
    found = _statuses(str(tmp_path))
    assert (found["test_broken"], found["test_7"]) == ("broken", "healthy")
    ran = flakeguard("scan", "--json", str(tmp_path))
    assert "Ordered by" not in ran.stderr
    first = json.loads(ran.stdout.splitlines()[0])
    assert list(first) == [
        "case", "variant", "status", "p_flaky", "p_broken", "score", "rate", "interval", "runs", "failures",
    ]  # fmt: skip


def test_archives_and_folders_per_run_read_the_same_as_plain_files(tmp_path: Path) -> None:
    for layout in ("plain", "packed", "folders"):
        (tmp_path / layout).mkdir()
    for number in range(30):
        report = _runs(number)
        (tmp_path / "plain" / f"build-{number}.xml").write_bytes(report)
        if number % 2:
            (tmp_path / "packed" / f"build-{number}.xml.gz").write_bytes(gzip.compress(report))
        else:
            with zipfile.ZipFile(tmp_path / "packed" / f"build-{number}.zip", "w") as packed:
                packed.writestr("out/junit.xml", report)
        inside = tmp_path / "folders" / "ci" / f"build-{number}" / "target"
        inside.mkdir(parents=True)
        (inside / "junit.xml").write_bytes(report)
    plain = _statuses(str(tmp_path / "plain"))
    assert plain == _statuses(str(tmp_path / "packed"))
    folders = _statuses(str(tmp_path / "folders"))
    assert plain == folders
    assert plain["test_broken"] == "broken"


def test_runs_whose_names_hold_one_commit_are_runs_of_the_same_code(tmp_path: Path) -> None:
    for number in range(30):
        sha = f"{number // 3:06x}a1" if number // 3 else "0f3a9c1d"
        (tmp_path / f"{number}-{sha}.xml").write_bytes(_runs(number))
    ran = flakeguard("scan", "--timeline", str(tmp_path))
    turns = [json.loads(line) for line in ran.stdout.splitlines()]
    assert "No name has a commit" not in ran.stderr
    assert "flaky" in {turn["to"] for turn in turns if turn["case"].endswith("test_flaky")}
    assert list(turns[0]) == ["case", "variant", "run_id", "started_at", "from", "to"]


def test_a_test_that_was_moved_keeps_its_past_and_one_that_comes_back_is_another(tmp_path: Path) -> None:
    for number in range(30):
        report = _runs(number)
        if number >= 25:
            report = report.replace(b'"shop.test_cart" name="test_broken"', b'"shop.test_orders" name="test_broken"')
        if 10 <= number < 12:
            report = report.replace(b'name="test_7"', b'name="test_77"')
        (tmp_path / f"build-{number}.xml").write_bytes(report)
    ran = flakeguard("scan", "--json", str(tmp_path))
    runs = {
        row["case"].partition("::")[0] + "::" + row["case"].rpartition("::")[2]: row
        for row in map(json.loads, ran.stdout.splitlines())
    }
    assert "shop.test_cart::test_broken" not in runs
    moved = runs["shop.test_orders::test_broken"]
    assert (moved["status"], moved["runs"], moved["failures"]) == ("broken", 30, 10)
    assert (runs["shop.test_cart::test_7"]["runs"], runs["shop.test_cart::test_77"]["runs"]) == (28, 2)
    assert "note: shop.test_cart::test_broken is shop.test_orders::test_broken now." in ran.stderr


def test_what_passed_in_a_run_that_was_read_in_part_is_no_evidence(tmp_path: Path) -> None:
    """`test_flaky` fails eight times, then passes in runs that say it was mended only where they are whole."""
    found = {}
    for name, cut in (("whole", b""), ("in-part", b"<testcase name=")):
        (tmp_path / name).mkdir()
        for number in range(30):
            report = _report({"test_flaky": number > 7, "test_other": True})
            if number > 7:
                report = report.replace(b"</testsuite>", cut or b"</testsuite>")
            (tmp_path / name / f"build-{number}.xml").write_bytes(report)
        found[name] = _statuses(str(tmp_path / name))["test_flaky"]
    assert found == {"whole": "healthy", "in-part": "broken"}


def test_what_cannot_be_read_is_said_and_the_rest_is_judged(tmp_path: Path) -> None:
    for number in range(6):
        (tmp_path / f"{number}.xml").write_bytes(_runs(number, at=f"2026-03-0{number + 1}T10:00:00"))
    (tmp_path / "6.xml").write_bytes(b"<testsuite><testcase name='x'")
    (tmp_path / "7.zip").write_bytes(b"PK\x03\x04 damaged")
    ran = flakeguard("scan", str(tmp_path))
    assert ran.returncode == 0
    assert "runs read, 2026-03-01 10:00 to 2026-03-0" in ran.stdout
    assert "not read: 6.xml" in ran.stderr
    assert "not read: 7.zip" in ran.stderr


def test_without_times_and_numbers_the_age_of_the_files_is_taken_with_a_warning(tmp_path: Path) -> None:
    for number, name in enumerate(("after", "before", "between")):
        path = tmp_path / f"{name}.xml"
        path.write_bytes(_runs(number))
        os.utime(path, (1_772_000_000 + number * 3600,) * 2)
    ran = flakeguard("scan", str(tmp_path))
    assert "the age of their files was taken" in ran.stderr


@pytest.mark.parametrize("content", [None, b"no report"])
def test_a_folder_without_a_report_is_a_sentence(tmp_path: Path, content: bytes | None) -> None:
    if content:
        (tmp_path / "notes.txt").write_bytes(content)
    ran = flakeguard("scan", str(tmp_path))
    assert ran.returncode == 2
    assert "has no file that may be a test report" in ran.stderr
    assert "Traceback" not in ran.stderr
