"""Learning from people: their verdicts are kept as labels, and a model is trained from them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from bot.analysis.audit import AuditAction, RecordedEvent
from bot.analysis.case_state import CaseState
from bot.analysis.learning import feature, training
from bot.analysis.learning.label import LabelSource, NewLabel
from bot.analysis.model import CaseId, RepositoryId, Status
from bot.queries import case_state
from bot.store import queue
from bot.store.database import Session
from bot.store.scores import evidence as evidence_store
from bot.store.scores import label as label_store
from bot.store.scores import learned_model as learned_model_store

RETRAIN_AFTER = 10
"""New labels after which a new model is trained."""
DELAY = timedelta(minutes=5)
_SOURCES = {
    AuditAction.PROPOSE: LabelSource.PROPOSAL,
    AuditAction.APPROVE: LabelSource.APPROVAL,
    AuditAction.REJECT: LabelSource.REJECTION,
}


def record_labels(session: Session, events: Sequence[RecordedEvent]) -> None:
    """Keep the verdicts that events hold, with the belief at this moment: a subscriber of `event`.

    Their features are computed by a job, since the event may hold locks; the clock queues it.
    """
    verdicts = [event for event in events if event.verdict is not None]
    if not verdicts:
        return
    repository_id, now = verdicts[0].repository_id, verdicts[0].at
    case_ids = {event.case_id for event in verdicts if event.case_id is not None}
    states = _states(session, repository_id, case_ids, now)
    label_store.insert(
        session,
        [
            NewLabel(
                repository_id=repository_id,
                case_id=event.case_id,
                verdict=event.verdict,
                source=_source(event),
                actor=event.actor,
                status=states[event.case_id].status,
                p_flaky=states[event.case_id].p_flaky if states[event.case_id].scored else 0.0,
                head_sha=event.head_sha,
                created_at=event.at,
            )
            for event in verdicts
            if event.case_id is not None and event.verdict is not None
        ],
    )


def enqueue_features(session: Session) -> int:
    """Queue the job that computes features for every repository with labels that have none; returns how many."""
    repository_ids = label_store.list_repositories_without_features(session)
    queue.defer_each(session, queue.FEATURES, repository_ids)
    return len(repository_ids)


def compute_features(session: Session, repository_id: RepositoryId, now: datetime) -> int:
    """Add the features of the cases to the labels that have none yet, and request training; returns how many."""
    pending = label_store.list_without_features(session, repository_id)
    figures = evidence_store.gather(session, repository_id, [label.case_id for label in pending], now)
    features = {}
    for label in pending:
        known = figures.get(label.case_id)
        # The verdict may have moved the belief since: the features are of the belief it was given on.
        features[label.id] = None if known is None else feature.extract(replace(known, p_flaky=label.p_flaky))
    label_store.set_features(session, repository_id, features, feature.VERSION)
    _request_training(session, repository_id, now)
    return len(features)


def _source(event: RecordedEvent) -> LabelSource:
    of_card = LabelSource.CARD if event.head_sha is None else LabelSource.AUTHOR
    return _SOURCES.get(event.action, of_card)


def _states(
    session: Session, repository_id: RepositoryId, case_ids: Collection[CaseId], now: datetime
) -> dict[CaseId, CaseState]:
    """The states of cases; the variants in which one never failed are only read if they can change its status."""
    states = case_state.list_scored(session, [repository_id], case_ids)
    unsure = [case_id for case_id, state in states.items() if state.status in {Status.HEALTHY, Status.INSUFFICIENT}]
    return states | (case_state.list_states(session, {repository_id: unsure}, now) if unsure else {})


def _request_training(session: Session, repository_id: RepositoryId, now: datetime) -> None:
    """Have a model trained soon if there are enough new labels."""
    count = label_store.count(session, repository_id)
    stored = learned_model_store.find_latest(session, repository_id)
    if count < training.MIN_LABELS or (stored is not None and count < stored.labels + RETRAIN_AFTER):
        return
    queue.defer_each(session, queue.LEARN, [repository_id], at=now + DELAY)
