"""What is worked out in the background from what is stored: clusters of cases, and models learned from labels."""

from __future__ import annotations

from bot.analysis.model import RepositoryId
from bot.jobs.context import Context, now
from bot.services import clusters


def refresh_clusters(context: Context, repository_id: int) -> None:
    """Find the clusters of a repository anew."""
    with context.db.begin() as session:
        clusters.refresh(session, RepositoryId(repository_id), now())
