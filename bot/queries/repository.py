"""How repositories do, read in nine statements however many there are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from bot.analysis import scoring
from bot.analysis.case_state import INACTIVE_ORDER
from bot.analysis.model import RepositoryId, Status
from bot.analysis.quarantine.lifecycle import State
from bot.analysis.repository_summary import RepositorySummary
from bot.queries import policy
from bot.store.cases import case as case_store
from bot.store.database import Session
from bot.store.decisions import quarantine as quarantine_store
from bot.store.runs import run as run_store
from bot.store.scores import score as score_store
from bot.store.scores import scorer as scorer_store
from bot.store.scores import status_change as status_change_store
from bot.store.workspaces.repository import Repository

_WEEK = timedelta(days=7)


def summarize(session: Session, repositories: Sequence[Repository], now: datetime) -> list[RepositorySummary]:
    """The summary of each repository, in their order."""
    ids = [repository.id for repository in repositories]
    counts = count_statuses(session, ids, now)
    runs = run_store.count_since(session, ids, now - timedelta(days=1))
    changes_this_week = status_change_store.count_turns(session, ids, now - _WEEK, now)
    changes_last_week = status_change_store.count_turns(session, ids, now - 2 * _WEEK, now - _WEEK)
    open_quarantines: dict[RepositoryId, Counter[bool]] = {repository_id: Counter() for repository_id in ids}
    for quarantine in quarantine_store.list_open(session, ids):
        open_quarantines[quarantine.repository_id][quarantine.state is State.PROPOSED] += 1
    return [
        RepositorySummary(
            repository=repository.full_name,
            repository_id=repository.id,
            counts=counts[repository.id],
            quarantined=open_quarantines[repository.id][False],
            proposed=open_quarantines[repository.id][True],
            runs_last_day=runs[repository.id].started,
            failed_runs_last_day=runs[repository.id].failed,
            last_run_at=runs[repository.id].last_at,
            changes_this_week=changes_this_week[repository.id],
            changes_last_week=changes_last_week[repository.id],
        )
        for repository in repositories
    ]


def count_statuses(
    session: Session, repository_ids: Collection[RepositoryId], now: datetime
) -> dict[RepositoryId, Mapping[Status, int]]:
    """How many cases of each repository have each status; one without any result has too few runs."""
    scored = score_store.count_statuses(session, repository_ids)
    inactive = _count_inactive(session, repository_ids, now)
    totals = case_store.count(session, repository_ids)
    counts: dict[RepositoryId, Mapping[Status, int]] = {}
    for repository_id in repository_ids:
        counted = Counter(scored[repository_id]) + Counter(inactive[repository_id])
        counted[Status.INSUFFICIENT] += max(0, totals[repository_id] - counted.total())
        counts[repository_id] = counted
    return counts


def _count_inactive(
    session: Session, repository_ids: Collection[RepositoryId], now: datetime
) -> dict[RepositoryId, Counter[Status]]:
    """How many cases that are inactive in every variant have each status."""
    policies = policy.of_repositories(session, repository_ids)
    last = len(INACTIVE_ORDER)
    rank_of = np.array(
        [INACTIVE_ORDER.index(status) if status in INACTIVE_ORDER else last for status in scoring.status.CODES]
    )
    ranks: dict[tuple[RepositoryId, int], NDArray[np.intp]] = {}
    for repository_id, block, counts in scorer_store.list_blocks(session, repository_ids):
        thresholds = policies[repository_id].thresholds
        rank = rank_of[scoring.status.decide_inactive(counts, now.timestamp(), thresholds)]
        rank[~counts.any(axis=0)] = last
        key = (repository_id, block)
        ranks[key] = np.minimum(ranks[key], rank) if key in ranks else rank
    for repository_id, case_ids in score_store.list_scored_cases(session, repository_ids).items():
        for case_id in case_ids:
            if (key := (repository_id, case_id // scorer_store.BLOCK)) in ranks:
                ranks[key][case_id % scorer_store.BLOCK] = last
    totals: dict[RepositoryId, Counter[Status]] = {repository_id: Counter() for repository_id in repository_ids}
    for (repository_id, _), rank in ranks.items():
        numbers = np.bincount(rank, minlength=last + 1).tolist()
        totals[repository_id].update({status: numbers[place] for place, status in enumerate(INACTIVE_ORDER)})
    return totals
