"""Replay labelled histories through the filter: the published model agrees with its recorded read-out.

    python -m tests.acceptance.histories FOLDER

FOLDER has histories/*.csv.gz and reference/*.csv. Exit status 1 where a case differs by more than 1e-4 in p_flaky,
p_broken or score: the machinery is then another than the published one. What the model in use makes of the same
histories is for FOLDER's scorecard.
"""

from __future__ import annotations

import csv
import gzip
import sys
from pathlib import Path

from bot.analysis import scoring
from bot.analysis.case_state import VariantScore
from bot.analysis.runs.history_file import Reader
from bot.analysis.runs.recorded_history import History
from bot.analysis.scoring.replay import Replay

TOLERANCE = 1e-4


def read(path: Path) -> History:
    """The history in a file."""
    with gzip.open(path, "rt", newline="", encoding="utf-8") as stream:
        return Reader().read(stream)


def replay(history: History, model: scoring.Model) -> dict[str, VariantScore]:
    """Every case after the last execution, without hysteresis."""
    judging = Replay(len(history.cases), history.keys, hysteresis=False, model=model)
    for entry in history.entries:
        judging.observe(entry.execution)
    return {history.cases[one.case_id]: one for one in judging.scores(history.entries[-1].execution.started_at)}


def main(folder: Path) -> int:
    """Compare every history; returns the exit status."""
    wrong = total = 0
    for path in sorted((folder / "histories").glob("*.csv.gz")):
        name = path.name.removesuffix(".csv.gz")
        found = replay(read(path), scoring.REFERENCE)
        with (folder / "reference" / f"{name}.csv").open(newline="") as stream:
            reference = list(csv.DictReader(stream))
        apart = sum(
            any(
                abs(figure - float(row[column])) > TOLERANCE
                for score in (found[row["case"]],)
                for column, figure in (
                    ("p_flaky", score.p_flaky),
                    ("p_broken", score.p_broken),
                    ("score", score.ranking),
                )
            )
            for row in reference
        )
        print(f"{name}: {len(reference)} cases, {apart} differ")  # noqa: T201
        wrong += apart
        total += len(reference)
    print(f"{total - wrong} passed, {wrong} failed")  # noqa: T201
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
