"""What is worked out in the background from what is stored: clusters of cases, and models learned from labels."""

from __future__ import annotations

from bot import telemetry
from bot.analysis.learning import learned_model, training
from bot.analysis.model import RepositoryId
from bot.jobs.context import Context
from bot.queries import learned_model as learned_model_query
from bot.services import cluster, learning
from bot.store.scores import learned_model as learned_model_store

_log = telemetry.logger(__name__)


def refresh_clusters(context: Context, repository_id: RepositoryId) -> None:
    """Find the clusters of a repository again."""
    with context.db.begin() as session:
        cluster.refresh(session, repository_id, context.clock())


def compute_features(context: Context, repository_id: RepositoryId) -> None:
    """Add features to the labels of a repository that have none yet."""
    with context.db.begin() as session:
        learning.compute_features(session, repository_id, context.clock())


def learn(context: Context, repository_id: RepositoryId) -> None:
    """Train the model of a repository; no transaction is open meanwhile."""
    with context.db.begin() as session:
        labels, count = learned_model_query.list_labels(session, repository_id)
    model, report = training.train(training.examples(labels))
    document = learned_model.to_document(model, report)
    with context.db.begin() as session:
        learned_model_store.insert(session, repository_id, document, count, context.clock())
    _log.info("model trained", repository_id=repository_id, is_used=report.is_used, labels=report.labels)
