"""Reading a report of 500,000 cases and 190 MB, beside two other parsers, each in a process of its own.

Every parser has to hand over file, class, name, duration, outcome and failure texts of every case, which are added up;
a parser that hands over objects is asked for each of these. Peers: `pip install '.[bench]'`.
"""

from __future__ import annotations

import importlib.util
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

CASES = 500_000
PER_SUITE = 500
FAILING = 0.05
ROUNDS = 3
PARSERS = {"flakeguard": "bot", "test-results-parser": "test_results_parser", "junitparser": "junitparser"}


def main() -> None:
    """Print seconds and peak growth of memory of each parser, the best of three rounds."""
    with tempfile.TemporaryDirectory(prefix="flakeguard-bench-") as folder:
        path = Path(folder) / "junit.xml"
        _write(path)
        size = path.stat().st_size / 1e6
        there = [name for name, module in PARSERS.items() if importlib.util.find_spec(module)]
        figures: dict[str, list[tuple[float, float]]] = {name: [] for name in there}
        for _ in range(ROUNDS):
            for name in there:
                command = [sys.executable, "-m", "tests.bench.reader", name, str(path)]
                seconds, grown = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
                figures[name].append((seconds, grown))
    ours = min(figures["flakeguard"])[0]
    for name, rounds in figures.items():
        seconds, grown = min(rounds)
        print(  # noqa: T201
            f"read {CASES:,} cases, {size:.0f} MB, {name}: {seconds:.2f} s ({seconds / ours:.2f} x), "
            f"{grown:.0f} MB above the interpreter"
        )
    for name in PARSERS.keys() - set(there):
        print(f"{name} is not installed: pip install '.[bench]'")  # noqa: T201


def measure(name: str, path: Path) -> tuple[float, float]:
    """Seconds to read and add up, and how far the peak of memory is above the bare interpreter's, in MB."""
    bare = _peak()
    add_up = {"flakeguard": _flakeguard, "test-results-parser": _test_results_parser, "junitparser": _junitparser}[name]
    seconds, cases = add_up(path)
    assert cases == CASES, cases
    return seconds, _peak() - bare


def _flakeguard(path: Path) -> tuple[float, int]:
    from bot.analysis.model import Outcome  # noqa: PLC0415
    from bot.analysis.reports import reader  # noqa: PLC0415  # so that each process has one parser only
    from bot.analysis.reports.reported_case import ReportedCase  # noqa: PLC0415

    passed, characters, total = Outcome.PASSED, 0, 0.0
    ended = 0

    def take(cases: Iterable[ReportedCase]) -> None:
        nonlocal characters, total, ended
        for _, file, class_name, name, duration, outcome, _, failure, _ in cases:
            characters += len(file) + len(class_name) + len(name)
            total += duration
            ended += outcome is passed
            if failure is not None:
                characters += len(failure.message) + len(failure.text)

    started = time.perf_counter()
    with path.open("rb") as stream:
        cases = reader.read(stream, take).cases
    return time.perf_counter() - started, cases


def _test_results_parser(path: Path) -> tuple[float, int]:
    import test_results_parser  # noqa: PLC0415

    passed, characters, total = test_results_parser.Outcome.Pass, 0, 0.0
    ended = cases = 0
    started = time.perf_counter()
    for run in test_results_parser.parse_junit_xml(path.read_bytes()).testruns:
        characters += len(run.filename or "") + len(run.classname) + len(run.name)
        total += run.duration or 0.0
        ended += run.outcome == passed
        characters += len(run.failure_message or "")
        cases += 1
    return time.perf_counter() - started, cases


def _junitparser(path: Path) -> tuple[float, int]:
    import junitparser  # noqa: PLC0415

    characters, total = 0, 0.0
    ended = cases = 0
    started = time.perf_counter()
    for suite in junitparser.JUnitXml.fromfile(str(path)):
        for case in suite:
            characters += len(case._elem.get("file") or "") + len(case.classname or "") + len(case.name or "")
            total += case.time or 0.0
            results = case.result
            ended += not results
            characters += sum(len(result.message or "") + len(result.text or "") for result in results)
            cases += 1
    return time.perf_counter() - started, cases


def _peak() -> float:
    status = Path("/proc/self/status")
    if status.exists():  # ru_maxrss begins at what the process had that started this one
        return int(status.read_text().partition("VmHWM:")[2].split()[0]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _write(path: Path) -> None:
    chance = random.Random(1)  # noqa: S311  # the same report every time
    frames = [
        f'  File "/home/runner/work/shop/shop/src/shop/module_{number}.py", line {number * 7}, in {where}\n'
        f"    return self.repository.find(order_id=order.id, lines=[line for line in order])\n"
        for number, where in enumerate(["find"] * 190 + ["&lt;lambda&gt;"] * 10)
    ]
    with path.open("w", encoding="utf-8") as out:
        out.write('<?xml version="1.0" encoding="utf-8"?>\n<testsuites name="all">\n')
        for suite in range(CASES // PER_SUITE):
            out.write(f'<testsuite name="shop.suite_{suite}" tests="{PER_SUITE}" hostname="runner" time="1.5">\n')
            for number in range(PER_SUITE):
                shown = f"&lt;x&gt;-{number}" if number % 3 == 0 else f"case-{number}"
                out.write(
                    f'<testcase classname="tests.integration.module_{suite}.TestOrderService" '
                    f'name="test_the_total_of_an_order_is_kept_when_lines_change[{shown}]" '
                    f'file="tests/integration/module_{suite}/test_order_service.py" line="{number * 9}" '
                    f'time="{chance.random():.3f}"'
                )
                if chance.random() >= FAILING:
                    out.write("/>\n")
                    continue
                out.write(f'><failure message="AssertionError: {number} != 3" type="AssertionError">')
                out.write("".join(chance.choices(frames, k=chance.randint(8, 24))))
                out.write("</failure></testcase>\n")
            out.write("</testsuite>\n")
        out.write("</testsuites>\n")


if __name__ == "__main__":
    print(json.dumps(measure(sys.argv[1], Path(sys.argv[2]))))  # noqa: T201
