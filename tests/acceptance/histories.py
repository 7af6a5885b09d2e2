"""Replay labelled histories through the filter and hold its read-out against the reference's.

    python -m tests.acceptance.histories FOLDER

FOLDER has histories/*.csv.gz and reference/*.csv. Exit status 1 where a case differs by more than 1e-4 in
p_flaky, or in status.
"""

from __future__ import annotations

import csv
import gzip
import itertools
import sys
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from bot.analysis import scoring

TOLERANCE = 1e-4


def replay(path: Path) -> tuple[dict[str, scoring.Score], dict[str, int]]:
    """The scores of the cases that ever failed after the last execution, and the passes of the others."""
    with gzip.open(path, "rt", newline="") as stream:
        rows = list(csv.DictReader(stream))
    names = sorted({row["case"] for row in rows})
    numbers = {name: number for number, name in enumerate(names)}
    suites = {name: number for number, name in enumerate(sorted({row["suite"] for row in rows}))}
    repository = scoring.RepositoryState.new()
    active = scoring.ActiveCases.empty()
    passes = np.zeros(len(names), dtype=np.int32)
    at = datetime.now(UTC)
    for _, group in itertools.groupby(
        rows, lambda row: (row["run_id"], row["run_attempt"], row["job"], row["variant"])
    ):
        results: dict[int, tuple[int, list[bool]]] = {}
        tries = list(group)
        head = tries[0]
        for row in tries:
            if row["outcome"] == "skipped":
                continue
            results.setdefault(numbers[row["case"]], (suites[row["suite"]], []))[1].append(row["outcome"] != "passed")
        at = datetime.fromisoformat(head["started_at"])
        ids = np.array(sorted(results), dtype=np.int32)
        execution = scoring.Execution(
            variant=head["variant"],
            branch=head["branch"],
            on_default_branch=head["branch"] == head["default_branch"],
            sha=head["sha"],
            base_sha=head["base_sha"] or None,
            event_kind="pull_request" if head["event"] == "pull_request" else "push",
            started_at=at,
            case_ids=ids,
            suites=np.array([results[i][0] for i in ids.tolist()], dtype=np.int32),
            failed=np.array([results[i][1][0] for i in ids.tolist()], dtype=np.bool_),
            retries={i: tuple(ran[1:]) for i, (_, ran) in results.items() if len(ran) > 1},
        )
        inside = np.isin(active.case_ids, ids)
        observation = scoring.observe(
            execution, repository, active.take(np.flatnonzero(inside)), passes[ids], len(names)
        )
        passes[ids] = observation.passes
        rest = active.take(np.flatnonzero(~inside))
        merged = scoring.ActiveCases(
            np.concatenate([rest.case_ids, observation.active.case_ids]),
            np.concatenate([rest.records, observation.active.records]),
            [*rest.commits, *observation.active.commits],
            [*rest.branches, *observation.active.branches],
        )
        active = merged.take(np.argsort(merged.case_ids, kind="stable"))
    scores = {names[score.case_id]: score for score in scoring.readout(active, at)}
    return scores, {name: int(passes[number]) for name, number in numbers.items()}


def main(folder: Path) -> int:
    """Compare every history; returns the exit status."""
    wrong = total = 0
    for path in sorted((folder / "histories").glob("*.csv.gz")):
        name = path.name.removesuffix(".csv.gz")
        scores, passes = replay(path)
        with (folder / "reference" / f"{name}.csv").open(newline="") as stream:
            reference = list(csv.DictReader(stream))
        apart = states = 0
        for row in reference:
            score = scores.get(row["case"])
            never_failed = scoring.constants.ALL_PASS[min(passes[row["case"]], scoring.constants.ALL_PASS_LENGTH)]
            p_flaky = score.p_flaky if score else 1 - never_failed[0]
            status = score.status if score else scoring.inactive_status(passes[row["case"]])
            apart += abs(p_flaky - float(row["p_flaky"])) > TOLERANCE
            states += status.value != row["status"]
        print(f"{name}: {len(reference)} cases, {apart} differ in p_flaky, {states} in status")  # noqa: T201
        wrong += max(apart, states)
        total += len(reference)
    print(f"{total - wrong} passed, {wrong} failed")  # noqa: T201
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
