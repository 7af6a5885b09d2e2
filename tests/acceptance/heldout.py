"""The model in use and the published one on simulated histories of other shapes: `python -m tests.acceptance.heldout`.

Prints, per world, the area under the ROC curve, the share of flaky cases called flaky, and the shares of the others
that are wrongly. Nothing is bounded here: it is what a change of the model is looked at with.
"""

from __future__ import annotations

import sys

import numpy as np

from bot.analysis import scoring
from bot.analysis.case_state import VariantScore
from bot.analysis.model import Status
from bot.analysis.scoring.replay import Replay
from tests.acceptance import simulator

SEEDS = (101, 102)
COLUMNS = {"AUC": 7, "recall": 8, "healthy": 9, "fixed": 7, "PR only": 9, "broken": 8, "still": 7, "found": 7}


def main(seeds: tuple[int, ...]) -> None:
    """Print a line per world and model."""
    print(f"{'world':16}{'model':>6}" + "".join(f"{name:>{width}}" for name, width in COLUMNS.items()))  # noqa: T201
    models = (scoring.REFERENCE, scoring.MODEL)
    whole: dict[int, list[tuple[str, bool, VariantScore]]] = {model.version: [] for model in models}
    for world in simulator.WORLDS:
        histories = [simulator.make(world, seed) for seed in seeds]
        for model in models:
            rows = [row for labelled in histories for row in _judge(labelled, model)]
            print(f"{world.name:16}{model.version:>6}{_figures(rows)}")  # noqa: T201
            if not world.failures_only:
                whole[model.version] += rows
    for version, rows in whole.items():
        print(f"{'whole reports':16}{version:>6}{_figures(rows)}")  # noqa: T201


def _judge(labelled: simulator.Labelled, model: scoring.Model) -> list[tuple[str, bool, VariantScore]]:
    history = labelled.history
    judging = Replay(len(history.cases), history.keys, model=model)
    for entry in history.entries:
        judging.observe(entry.execution)
    at = history.entries[-1].execution.started_at
    return [(labelled.kinds[one.case_id], labelled.detectable[one.case_id], one) for one in judging.scores(at)]


def _figures(rows: list[tuple[str, bool, VariantScore]]) -> str:
    flaky = [one for kind, detectable, one in rows if kind in simulator.FLAKY and detectable]
    others = [one for kind, _, one in rows if kind not in simulator.FLAKY and kind != "flaky_fixed"]
    shares = [
        _share([one for kind, _, one in rows if kind == wanted], Status.FLAKY)
        for wanted in ("healthy", "broken_fixed", "pr_only", "broken_now", "flaky_fixed")
    ]
    found = _share([one for kind, _, one in rows if kind == "broken_now"], Status.BROKEN)
    healthy, fixed, pulls, broken, still = (f"{share:.3f}" for share in shares)
    area = _area([one.ranking for one in flaky], [one.ranking for one in others])
    recall = _share(flaky, Status.FLAKY)
    return f"{area:7.3f}{recall:8.3f}{healthy:>9}{fixed:>7}{pulls:>9}{broken:>8}{still:>7}{found:7.3f}"


def _share(judged: list[VariantScore], status: Status) -> float:
    return sum(one.status is status for one in judged) / len(judged) if judged else float("nan")


def _area(positive: list[float], negative: list[float]) -> float:
    """Area under the ROC curve: the chance that a flaky case ranks above another, ties counted half."""
    below = np.sort(np.array(negative))
    wins = np.searchsorted(below, positive, side="left") + np.searchsorted(below, positive, side="right")
    return float(wins.mean() / 2 / len(below)) if len(below) and len(positive) else float("nan")


if __name__ == "__main__":
    main(tuple(int(seed) for seed in sys.argv[1:]) or SEEDS)
