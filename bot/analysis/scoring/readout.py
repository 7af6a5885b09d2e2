"""What follows from the filter's state: probabilities, the rate with its interval, the ranking, the status."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import numpy as np

from bot.analysis.model import Status
from bot.analysis.scoring import constants as c
from bot.analysis.scoring.state import ActiveCases, Floats

BROKEN_FROM = 0.9
FLAKY_FROM = 0.8
FLAKY_FAILURES = 2
SUSPECT_FROM = 0.5
INFRA_SECONDS = 14 * 24 * 3600.0
SUFFICIENT_RUNS = 5


@dataclass(frozen=True, slots=True)
class Score:
    """The read-out of one active case; `rate` and `interval` are shares of executions, 0 to 1.

    `infra_share` is the part of its recent failures that outages explain, 0 to 1.
    """

    case_id: int
    status: Status
    p_flaky: float
    p_broken: float
    score: float
    rate: float
    interval: tuple[float, float]
    runs: int
    failures: int
    mixed_commits: int
    infra_share: float


def inactive_status(passes: int) -> Status:
    """The status of a case that never failed."""
    return Status.HEALTHY if passes >= SUFFICIENT_RUNS else Status.INSUFFICIENT


def readout(active: ActiveCases, at: datetime) -> list[Score]:
    """The scores of active cases at a time."""
    records = active.records
    if not len(records):
        return []
    w = records["w"]
    p_flaky = 1 - w[:, 0]
    p_broken = (w * records["bad"]).sum(axis=1)
    given = w[:, 1:] / np.maximum(w[:, 1:].sum(axis=1, keepdims=True), 1e-300)
    rate = given @ c.GRID[1:]
    cumulated = given.cumsum(axis=1)
    low = c.GRID[1:][_quantile(cumulated, 0.05)]
    high = c.GRID[1:][_quantile(cumulated, 0.95)]
    bounded = np.clip(p_flaky, 1e-12, 1 - 1e-12)
    score = (
        np.log(bounded / (1 - bounded))
        + np.log(np.clip(1 - p_broken, 1e-12, 1))
        + 0.5 * np.maximum(0, records["episodes"] - 2)
    )
    mass = records["mass"].sum(axis=1)
    infra_share = records["mass"][:, 2] / np.maximum(mass, 1e-300)
    recent = at.timestamp() - records["failed_at"] <= INFRA_SECONDS
    infra = (mass > 0.5) & (records["mass"][:, 2] > 0.5 * mass) & recent  # noqa: PLR2004  # most of the mass
    scores = []
    for index, case_id in enumerate(active.case_ids.tolist()):
        record = records[index]
        if p_broken[index] >= BROKEN_FROM:
            status = Status.BROKEN
        elif p_flaky[index] >= FLAKY_FROM and record["outside"] >= FLAKY_FAILURES:
            status = Status.FLAKY
        elif p_flaky[index] >= SUSPECT_FROM or record["mixed"] >= 1:
            status = Status.SUSPECT
        elif infra[index]:
            status = Status.INFRA
        else:
            status = inactive_status(int(record["runs"]))
        scores.append(
            Score(
                case_id,
                status,
                float(p_flaky[index]),
                float(p_broken[index]),
                float(score[index]),
                float(rate[index]),
                (float(low[index]), float(high[index])),
                int(record["runs"]),
                int(record["failures"]),
                int(record["mixed"]),
                float(infra_share[index]),
            )
        )
    return scores


def _quantile(cumulated: Floats, share: float) -> np.ndarray[tuple[int], np.dtype[np.int_]]:
    places: np.ndarray[tuple[int], np.dtype[np.int_]] = np.minimum(
        (cumulated < share).sum(axis=1), cumulated.shape[1] - 1
    )
    return places
