"""The scores of cases: probabilities, the rate with its interval, the ranking and the status."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from bot.analysis.case_state import VariantScore
from bot.analysis.model import CaseId
from bot.analysis.quarantine.policy import Thresholds
from bot.analysis.scoring import belief, status
from bot.analysis.scoring.execution import Execution
from bot.analysis.scoring.inactive import OUTAGES, PASSES
from bot.analysis.scoring.model import ALL_PASS_LENGTH, Floats, Model, Tables, all_pass, tables
from bot.analysis.scoring.scorer import Scorer


@dataclass(frozen=True, slots=True, eq=False)
class Scores:
    """The scores of many cases of one variant as aligned arrays.

    `statuses` are indices of `status.CODES`.
    """

    variant: str
    case_ids: NDArray[np.int32]
    statuses: NDArray[np.uint8]
    p_flaky: Floats
    p_broken: Floats
    ranking: Floats
    rate: Floats
    low: Floats
    high: Floats
    runs: NDArray[np.int32]
    failures: NDArray[np.int32]
    mixed_commits: NDArray[np.int32]

    def __iter__(self) -> Iterator[VariantScore]:
        names = ("p_flaky", "p_broken", "ranking", "rate", "runs", "failures", "mixed_commits")
        intervals = zip(self.low.tolist(), self.high.tolist(), strict=True)
        figures = zip(*(getattr(self, name).tolist() for name in names), strict=True)
        for case_id, code, interval, of_case in zip(
            self.case_ids.tolist(), self.statuses.tolist(), intervals, figures, strict=True
        ):
            yield VariantScore(
                case_id=CaseId(case_id),
                variant=self.variant,
                status=status.CODES[code],
                interval=interval,
                **dict(zip(names, of_case, strict=True)),
            )


def active(scorer: Scorer, variant: str, at: datetime | None, case_ids: NDArray[np.int32] | None = None) -> Scores:
    """The scores of active cases of a variant, all or those in `case_ids`, ascending by case.

    `at` is the time for statuses that end with time; with None they are as of the last run of each case.
    """
    cases = scorer.variant(variant)
    if case_ids is None:
        case_ids = np.sort(cases.active.case_ids[: cases.active.count])
    positions = cases.slots_of(case_ids)
    records = cases.active.records[positions]
    p_flaky, p_broken = belief.summarise(cases.active, positions, scorer.tables)
    statuses = records["status"] if at is None else scorer.decide(cases.active, positions, at.timestamp())
    return Scores(
        variant,
        case_ids,
        statuses,
        p_flaky,
        p_broken,
        belief.ranking(p_flaky, p_broken, records["episodes"]),
        *belief.rates(cases.active.beliefs[0][:, positions], scorer.tables),
        records["runs"],
        records["failures"],
        records["mixed"],
    )


def inactive(
    variant: str,
    case_ids: NDArray[np.int32],
    counts: NDArray[np.int32],
    at: datetime,
    thresholds: Thresholds,
    model: Model,
) -> Scores:
    """The scores of cases that never failed outside an outage; `counts` has shape (COUNTS, cases)."""
    passes = np.minimum(counts[PASSES], ALL_PASS_LENGTH)
    used, of = np.unique(passes, return_inverse=True)
    w = all_pass(model)[:, used]
    arrays: Tables = tables(model, 1)
    p_flaky = 1 - w[0]
    columns = (p_flaky, belief.ranking(p_flaky, np.zeros(len(used)), np.zeros(len(used))), *belief.rates(w, arrays))
    p_flaky, score, rate, low, high = (column[of] for column in columns)
    none = np.zeros(len(case_ids))
    return Scores(
        variant,
        case_ids,
        status.decide_inactive(counts, at.timestamp(), thresholds),
        p_flaky,
        none,
        score,
        rate,
        low,
        high,
        counts[PASSES] + counts[OUTAGES],
        counts[OUTAGES],
        none.astype(np.int32),
    )


def codes(scorer: Scorer, execution: Execution) -> NDArray[np.uint8]:
    """The statuses of the cases of the execution observed last, as indices of `status.CODES`."""
    cases = scorer.variant(execution.variant)
    at = cases.locate(execution.case_ids)
    slots = cases.slots[at]
    statuses = status.decide_inactive(cases.counts[:, at], execution.started_at.timestamp(), scorer.thresholds)
    is_active = slots >= 0
    statuses[is_active] = cases.active.records["status"][slots[is_active]]
    return statuses


def everything(scorer: Scorer, variant: str, at: datetime) -> Scores:
    """The scores of all cases of a variant, ascending by case."""
    cases = scorer.variant(variant)
    is_inactive = cases.slots < 0
    parts = (
        active(scorer, variant, at),
        inactive(
            variant, cases.case_ids[is_inactive], cases.counts[:, is_inactive], at, scorer.thresholds, scorer.model
        ),
    )
    order = np.argsort(np.concatenate([part.case_ids for part in parts]), kind="stable")
    columns = (name for name in Scores.__slots__ if name != "variant")
    return Scores(variant, *(np.concatenate([getattr(part, name) for part in parts])[order] for name in columns))
