"""Run the suite several times in random order and judge the reports with FlakeGuard: `python -m tests.flakes [RUNS]`.

It takes RUNS times as long as `make test`. It ends with 1 if a test failed in any of the runs.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

RUNS = 5
_FLAKEGUARD = (sys.executable, "-c", "from bot.cli import main; main()")
_HEALTHY = {"healthy", "insufficient"}
"""A test that never failed is healthy, or has too few runs for that."""


def main() -> None:
    """Run the suite, print what `flakeguard scan` says, and end with 1 unless every test is healthy."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else RUNS
    with tempfile.TemporaryDirectory(prefix="flakeguard-flakes-") as name:
        folder = Path(name)
        for number in range(1, runs + 1):
            _run_suite(folder / f"run-{number}-{_commit()}.xml")
        subprocess.run([*_FLAKEGUARD, "scan", name], check=True)  # our own command
        suspected = _suspected(folder)
    sys.exit(f"not healthy: {', '.join(suspected)}" if suspected else 0)


def _run_suite(report: Path) -> None:
    arguments = ("-q", "-n", "auto", "--dist", "loadfile", f"--junitxml={report}")
    subprocess.run([sys.executable, "-m", "pytest", *arguments], check=False)  # a failure is in the report
    if not report.is_file():
        sys.exit("the suite wrote no report")


def _commit() -> str:
    command = ("git", "rev-parse", "HEAD")
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def _suspected(folder: Path) -> list[str]:
    command = [*_FLAKEGUARD, "scan", "--json", str(folder)]
    lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    judged = [json.loads(line) for line in lines]
    return [f"{case['case']} is {case['status']}" for case in judged if case["status"] not in _HEALTHY]


if __name__ == "__main__":
    main()
