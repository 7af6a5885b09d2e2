"""What authors say of failures ("It is me"), weighed by the filter at once, and at the same place in a rebuild."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import numpy as np

from bot.analysis import scoring
from bot.analysis.audit import RecordedEvent
from bot.analysis.learning.label import LabelVerdict
from bot.analysis.model import CaseId, RepositoryId
from bot.queries import policy
from bot.store.database import Session
from bot.store.runs import result as result_store
from bot.store.runs import run as run_store
from bot.store.scores import label as label_store
from bot.store.scores import score as score_store
from bot.store.scores import scorer as scorer_store

FACTOR = 1 / 6
"""How many times as likely a person is to say it of a flaky case as of one that is not.

An author owns up to a failure of their own nine times in ten, and takes a flake for their own in three of twenty.
"""
MAX_APPLIED = 2
WINDOW = timedelta(days=30)
"""The feedback of one person on one case is weighed so often in this time; more is kept, and weighs nothing."""


def apply(session: Session, events: Sequence[RecordedEvent]) -> None:
    """Weigh the feedback of an author on the failures of a commit: a subscriber of `event`, after the labels.

    Locks the repository's scorer until the transaction ends, so that its place among the runs is certain.
    """
    given = [event for event in events if event.verdict is LabelVerdict.MINE and event.head_sha is not None]
    if not given:
        return
    repository_id, actor, head_sha, now = given[0].repository_id, given[0].actor, given[0].head_sha or "", given[0].at
    case_ids = [event.case_id for event in given if event.case_id is not None]
    stored = scorer_store.lock(session, repository_id)
    applied = label_store.count_applied(session, repository_id, case_ids, actor, now - WINDOW)
    failed = result_store.list_failed_variants(session, repository_id, case_ids, head_sha)
    variants = {case_id: names for case_id, names in failed.items() if applied.get(case_id, 0) < MAX_APPLIED}
    if not variants:
        return
    after = run_store.last_ordinal(session, repository_id)
    label_store.set_applied(session, repository_id, head_sha, actor, after, variants)
    # Scores of another model are about to be recomputed, and the rebuild applies the label.
    if stored is not None and stored.model == scoring.MODEL.version:
        _weigh(session, repository_id, stored, variants, now)


class FeedbackReplay:
    """The feedback given in a repository after the label of number `after`, for a rebuild to weigh at its place."""

    def __init__(self, session: Session, repository_id: RepositoryId, after: int) -> None:
        self._waiting = deque(label_store.list_applied(session, repository_id, after))

    def apply_until(self, scorer: scoring.Scorer, ordinal: int | None, last: int) -> int:
        """Weigh what was given before the run of this place, or (None) the rest; returns the last label's number."""
        while self._waiting and (ordinal is None or self._waiting[0].after < ordinal):
            feedback = self._waiting.popleft()
            for variant in feedback.variants:
                scorer.apply_feedback(variant, feedback.case_id, FACTOR, feedback.given_at)
            last = feedback.label_id
        return last


def _weigh(
    session: Session,
    repository_id: RepositoryId,
    stored: scorer_store.StoredScorer,
    variants: Mapping[CaseId, Sequence[str]],
    now: datetime,
) -> None:
    model = scoring.MODEL
    thresholds = policy.of_repository(session, repository_id).thresholds
    scorer = scoring.Scorer(scoring.RepositoryMemory.from_bytes(stored.state, model), thresholds)
    names = sorted({name for of_case in variants.values() for name in of_case})
    known = score_store.list_stored(session, repository_id, variants=names, case_ids=variants.keys())
    rows = {name: [row for row in known if row.score.variant == name] for name in names}
    ids = {name: np.array([row.score.case_id for row in rows[name]], dtype=np.int32) for name in names if rows[name]}
    counts = scorer_store.get_counts(session, repository_id, ids)
    changed: list[score_store.StoredScore] = []
    for name, case_ids in ids.items():
        active = scoring.ActiveCases.unpack([(row.score.case_id, row.state) for row in rows[name]], model)
        scorer.variant(name).load(case_ids, counts[name].get(case_ids), active)
        weighed = [row.score.case_id for row in rows[name] if name in variants[row.score.case_id]]
        for case_id in weighed:
            scorer.apply_feedback(name, case_id, FACTOR, now)
        changed += score_store.read_out(scorer, name, np.array(weighed, dtype=np.int32))
    score_store.put(session, repository_id, changed, now)
