"""The order of the cases of the latest whole run of each workflow on the default branch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from bot.analysis.model import RepositoryId, RunId
from bot.store.database import Session
from bot.store.tables.judging import baselines


@dataclass(frozen=True, slots=True)
class Baseline:
    """The run, and by variant its cases in the order in which they ran."""

    run_id: RunId
    orders: Mapping[str, Sequence[int]]


def find(session: Session, repository_id: RepositoryId, workflow_path: str) -> Baseline | None:
    """The baseline of a workflow; None before its first whole run."""
    rows = session.execute(
        sa.select(baselines.c.run_id, baselines.c.variant, baselines.c.case_ids).where(
            baselines.c.repository_id == repository_id, baselines.c.workflow_path == workflow_path
        )
    ).all()
    return Baseline(RunId(rows[0][0]), {row[1]: row[2] for row in rows}) if rows else None


def put(session: Session, repository_id: RepositoryId, workflow_path: str, baseline: Baseline) -> None:
    """Store the baseline of a workflow in the place of the one before."""
    session.execute(
        sa.delete(baselines).where(
            baselines.c.repository_id == repository_id, baselines.c.workflow_path == workflow_path
        )
    )
    if baseline.orders:
        session.execute(
            sa.insert(baselines),
            [
                {
                    "repository_id": repository_id,
                    "workflow_path": workflow_path,
                    "variant": variant,
                    "run_id": baseline.run_id,
                    "case_ids": list(order),
                }
                for variant, order in baseline.orders.items()
            ],
        )
