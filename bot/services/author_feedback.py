"""What authors say of failures ("It is me"), weighed by the filter at once, and at the same place in a rebuild."""

from __future__ import annotations

from collections import deque
from datetime import datetime, timedelta

import numpy as np

from bot.analysis import scoring
from bot.analysis.model import Actor, CaseId, RepositoryId
from bot.queries import policy
from bot.services import judge, notice
from bot.store.database import Session
from bot.store.runs import result as result_store
from bot.store.runs import run as run_store
from bot.store.scores import label as label_store
from bot.store.scores import score as score_store
from bot.store.scores import scorer as scorer_store

FACTOR = 1 / 6
"""How many times as likely a person is to say it of a flaky case as of one that is not.

An author owns up to a failure of their own nine times in ten, and to a flake for one's own in three of twenty.
"""
MAX_HEARD = 2
WINDOW = timedelta(days=30)
"""One person is heard so often on one case in this time; what they say more is kept, and weighs nothing."""


def hear(
    session: Session, repository_id: RepositoryId, case_id: CaseId, head_sha: str, actor: Actor, now: datetime
) -> tuple[int | None, tuple[str, ...]]:
    """Weigh an author's word on the failures of a case at their commit; its cards and checks follow.

    Returns after which run it was heard and in which variants, as a label keeps it; None where it weighs nothing.
    Keeps the repository's scorer until the transaction ends, so that its place among the runs is certain.
    """
    if label_store.count_heard(session, repository_id, case_id, actor, now - WINDOW) >= MAX_HEARD:
        return None, ()
    stored = scorer_store.lock(session, repository_id)
    variants = tuple(result_store.list_failed_variants(session, repository_id, case_id, head_sha))
    if not variants:
        return None, ()
    position = run_store.last_ordinal(session, repository_id)
    # Scores of another model are about to be computed anew, and that hears it.
    if stored is not None and stored.model == scoring.MODEL.version:
        _weigh(session, repository_id, stored, case_id, variants, now)
    return position, variants


class Hearing:
    """What was said in a repository after the label of number `after`, for a rebuild to weigh at its place."""

    def __init__(self, session: Session, repository_id: RepositoryId, after: int) -> None:
        self._said = deque(label_store.list_heard(session, repository_id, after))

    def until(self, scorer: scoring.Scorer, ordinal: int | None, last: int) -> int:
        """Weigh what was said before the run of this place, or (None) all the rest; returns the last label's number."""
        while self._said and (ordinal is None or self._said[0].after < ordinal):
            one = self._said.popleft()
            for variant in one.variants:
                scorer.apply_feedback(variant, one.case_id, FACTOR, one.given_at)
            last = one.label_id
        return last


def _weigh(
    session: Session,
    repository_id: RepositoryId,
    stored: scorer_store.StoredScorer,
    case_id: CaseId,
    variants: tuple[str, ...],
    now: datetime,
) -> None:
    model = scoring.MODEL
    thresholds = policy.of_repository(session, repository_id).thresholds
    scorer = scoring.Scorer(scoring.RepositoryMemory.from_bytes(stored.state, model), thresholds)
    ids = np.array([case_id], dtype=np.int32)
    counts = scorer_store.get_counts(session, repository_id, dict.fromkeys(variants, ids))
    changed: list[score_store.StoredScore] = []
    for row in score_store.list_stored(session, repository_id, variants=variants, case_ids=[case_id]):
        variant = row.score.variant
        active = scoring.ActiveCases.unpack([(case_id, row.state)], model)
        scorer.variant(variant).load(ids, counts[variant].get(ids), active)
        scorer.apply_feedback(variant, case_id, FACTOR, now)
        changed += judge.read_out(scorer, variant)
    score_store.put(session, repository_id, changed, now)
    notice.cards(session, repository_id, [case_id], now)
    notice.check_runs_of_case(session, repository_id, case_id, now)
