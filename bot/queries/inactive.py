"""Cases that never failed outside an outage: they have no score of their own, and yet a status."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from bot.analysis import scoring
from bot.analysis.model import CaseId, RepositoryId, Status, VariantScore
from bot.queries import policy
from bot.store.cases import case as case_store
from bot.store.database import Session
from bot.store.scores import scorer as scorer_store

_ORDER = (Status.INFRA, Status.HEALTHY, Status.INSUFFICIENT)
"""Of several variants the first of these counts: one that ran long enough says more than one that is new."""


def list_scores(
    session: Session, repository_id: RepositoryId, case_id: CaseId, now: datetime, *, without: Collection[str]
) -> list[VariantScore]:
    """The scores of a case in the variants where it is inactive, those `without` left out; the worst first."""
    thresholds = policy.of_repository(session, repository_id).thresholds
    found = []
    for variant, counts in scorer_store.list_case_counts(session, repository_id, case_id):
        if variant in without:
            continue
        score = scoring.readout.inactive(np.array([case_id], dtype=np.int32), counts, now, thresholds, scoring.MODEL)
        found.append(
            VariantScore(
                variant=variant,
                status=scoring.status.CODES[int(score.statuses[0])],
                p_flaky=float(score.p_flaky[0]),
                p_broken=0.0,
                rate=float(score.rate[0]),
                interval=(float(score.low[0]), float(score.high[0])),
                runs=int(score.runs[0]),
                failures=int(score.failures[0]),
                mixed_commits=0,
            )
        )
    return sorted(found, key=lambda one: _ORDER.index(one.status))


def status(scored: Sequence[VariantScore], calm: Sequence[VariantScore]) -> Status:
    """The status of a case over the variants that failed and those that did not, each the worst first.

    A variant that is new takes nothing from what another shows.
    """
    worst = scored[0].status if scored else Status.INSUFFICIENT
    if not calm or worst not in {Status.HEALTHY, Status.INSUFFICIENT}:
        return worst
    return Status.HEALTHY if worst is Status.HEALTHY and calm[0].status is Status.INSUFFICIENT else calm[0].status


def count(session: Session, repository_id: RepositoryId, now: datetime) -> Mapping[Status, int]:
    """How many cases that are inactive in every variant have each status."""
    thresholds = policy.of_repository(session, repository_id).thresholds
    ranks: dict[int, NDArray[np.intp]] = {}
    rank_of = np.array([_ORDER.index(one) if one in _ORDER else len(_ORDER) for one in scoring.status.CODES])
    for block, counts in scorer_store.list_counts(session, repository_id):
        rank = rank_of[scoring.status.decide_inactive(counts, now.timestamp(), thresholds)]
        rank[~counts.any(axis=0)] = len(_ORDER)
        ranks[block] = np.minimum(ranks[block], rank) if block in ranks else rank
    for case_id in case_store.list_scored(session, repository_id):
        if (block := case_id // scorer_store.BLOCK) in ranks:
            ranks[block][case_id % scorer_store.BLOCK] = len(_ORDER)
    totals = sum(
        (np.bincount(rank, minlength=len(_ORDER) + 1) for rank in ranks.values()), start=np.zeros(4, dtype=int)
    )
    return {one: int(totals[position]) for position, one in enumerate(_ORDER) if totals[position]}
