"""What people's verdicts taught: the labels to learn from, and what the learned model says of cases."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from bot.analysis.learning import feature, learned_model, training
from bot.analysis.learning.label import Label
from bot.analysis.learning.learned_model import TrainingReport
from bot.analysis.model import CaseId, RepositoryId
from bot.store.database import Session
from bot.store.scores import evidence as evidence_store
from bot.store.scores import label as label_store
from bot.store.scores import learned_model as learned_model_store

MAX_LABELS = 5000
"""The newest labels that are learned from."""


def list_labels(session: Session, repository_id: RepositoryId) -> tuple[list[Label], int]:
    """The labels to learn from, and how many the repository has in all."""
    return label_store.list_newest(session, repository_id, MAX_LABELS), label_store.count(session, repository_id)


def report(session: Session, repository_id: RepositoryId) -> TrainingReport:
    """Whether a model helps the filter in a repository, how well it does against it, and why it is used or not."""
    stored = learned_model_store.find_latest(session, repository_id)
    if stored is None:
        return training.untrained(training.examples(label_store.list_newest(session, repository_id, MAX_LABELS)))
    latest = learned_model.read_report(stored.document, stored.trained_at)
    if not latest.is_used or learned_model.read_model(stored.document) is not None:
        return latest
    return replace(latest, is_used=False, reason="The features have changed since; it will be trained again.")


def predict(
    session: Session, repository_id: RepositoryId, case_ids: Sequence[CaseId], now: datetime
) -> dict[CaseId, float]:
    """The chance that each case is flaky by the model, 0 to 1; empty where no model is better than the filter."""
    stored = learned_model_store.find_latest(session, repository_id)
    learned = None if stored is None else learned_model.read_model(stored.document)
    if learned is None or not case_ids:
        return {}
    figures = evidence_store.gather(session, repository_id, case_ids, now)
    return {case_id: learned.predict(feature.extract(evidence)) for case_id, evidence in figures.items()}
