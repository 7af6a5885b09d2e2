"""Models learned from labels: each as a document of numbers, the newest counts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from bot.analysis.model import RepositoryId
from bot.store import record
from bot.store.database import Session
from bot.store.tables.judging import models

_KEPT = 20


@dataclass(frozen=True, slots=True)
class StoredModel:
    """A model with its report; `labels` is how many labels there were when it was trained."""

    document: Mapping[str, object]
    labels: int
    trained_at: datetime


def insert(
    session: Session, repository_id: RepositoryId, document: Mapping[str, object], labels: int, now: datetime
) -> None:
    """Keep a model; the oldest beyond the twenty newest are forgotten."""
    session.execute(
        sa.insert(models).values(repository_id=repository_id, document=dict(document), labels=labels, trained_at=now)
    )
    newest = (
        sa.select(models.c.id)
        .where(models.c.repository_id == repository_id)
        .order_by(models.c.id.desc())
        .limit(_KEPT)
        .scalar_subquery()
    )
    session.execute(sa.delete(models).where(models.c.repository_id == repository_id, models.c.id.not_in(newest)))


def find_latest(session: Session, repository_id: RepositoryId) -> StoredModel | None:
    """The newest model of a repository."""
    of_repository = sa.select(*record.columns(models, StoredModel)).where(models.c.repository_id == repository_id)
    return record.find(session, StoredModel, of_repository.order_by(models.c.id.desc()).limit(1))
