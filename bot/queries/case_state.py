"""The state of cases, read in four statements however many there are."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

import numpy as np

from bot.analysis import case_state, scoring
from bot.analysis.case_state import CaseState, VariantScore
from bot.analysis.model import CaseId, RepositoryId
from bot.queries import policy
from bot.store.cases import case as case_store
from bot.store.cases.case import Case
from bot.store.database import Session
from bot.store.scores import score as score_store
from bot.store.scores import scorer as scorer_store


def get(session: Session, repository_id: RepositoryId, case_id: CaseId, now: datetime) -> CaseState:
    """The state of one case."""
    return list_states(session, {repository_id: [case_id]}, now)[case_id]


def list_states(
    session: Session, case_ids: Mapping[RepositoryId, Collection[CaseId]], now: datetime
) -> dict[CaseId, CaseState]:
    """The state of cases of any number of repositories."""
    all_ids = [case_id for of_repository in case_ids.values() for case_id in of_repository]
    scored = score_store.list_of_cases(session, case_ids.keys(), all_ids)
    return case_state.by_case(all_ids, scored, _inactive(session, case_ids, scored, now))


def list_scored(
    session: Session, repository_ids: Collection[RepositoryId], case_ids: Collection[CaseId]
) -> dict[CaseId, CaseState]:
    """The state of cases by the variants in which they failed, in one statement; the others are left out."""
    return case_state.by_case(case_ids, score_store.list_of_cases(session, repository_ids, case_ids))


def _inactive(
    session: Session,
    case_ids: Mapping[RepositoryId, Collection[CaseId]],
    scored: Sequence[VariantScore],
    now: datetime,
) -> list[VariantScore]:
    """The scores of cases in the variants where they never failed outside an outage."""
    active = {(score.case_id, score.variant) for score in scored}
    policies = policy.of_repositories(session, case_ids.keys())
    inactive: list[VariantScore] = []
    for repository_id, variant, numbers, counts in scorer_store.list_counts(session, case_ids):
        is_inactive = np.array([counts[:, i].any() and (case, variant) not in active for i, case in enumerate(numbers)])
        if is_inactive.any():
            inactive += scoring.readout.inactive(
                variant,
                np.array(numbers, dtype=np.int32)[is_inactive],
                counts[:, is_inactive],
                now,
                policies[repository_id].thresholds,
                scoring.MODEL,
            )
    return inactive


def rank(
    session: Session, repository_id: RepositoryId, case_ids: Collection[CaseId], limit: int
) -> list[tuple[Case, CaseState]]:
    """Cases with what is concluded from their failures, those that fail most in front, at most `limit`."""
    states = list_scored(session, [repository_id], case_ids)
    cases = case_store.list_by_id(session, [repository_id], list(case_ids))
    cases.sort(key=lambda case: (-states[case.id].rate, case.id))
    return [(case, states[case.id]) for case in cases[:limit]]
