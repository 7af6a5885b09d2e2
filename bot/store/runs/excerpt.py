"""What a card shows of the latest failure of a case."""

from __future__ import annotations

from collections.abc import Collection

import sqlalchemy as sa

from bot.analysis.case_profile import FailureExcerpt
from bot.analysis.model import CaseId, RepositoryId
from bot.store import record, relation
from bot.store.database import Session
from bot.store.runs import run as run_store
from bot.store.runs.result import FAILED
from bot.store.tables.deciding import reruns
from bot.store.tables.results import cases, failures, fingerprints, runs


def list_latest(
    session: Session, repository_ids: Collection[RepositoryId], case_ids: Collection[CaseId]
) -> dict[CaseId, FailureExcerpt]:
    """The latest failure of each case, with the text of its fingerprint; cases that never failed are left out."""
    latest = (
        sa.select(failures)
        .where(relation.case_of(failures), failures.c.outcome.in_(FAILED))
        .order_by(failures.c.occurred_at.desc(), failures.c.id.desc())
        .limit(1)
        .lateral("latest")
    )
    rows = session.execute(
        sa.select(
            cases.c.id,
            latest.c.variant,
            latest.c.fingerprint_id,
            latest.c.occurred_at,
            *(sa.func.coalesce(fingerprints.c[name], "").label(name) for name in _TEXTS),
            runs.c.head_sha.label("sha"),
            runs.c.number.label("run_number"),
            runs.c.url.label("run_url"),
            _RED.label("red_run"),
        )
        .select_from(cases)
        .join(latest, sa.true())
        .join(runs, relation.run_of(latest))
        .outerjoin(fingerprints, relation.fingerprint_of(latest))
        .where(cases.c.repository_id.in_(repository_ids), record.is_any(cases.c.id, case_ids))
    )
    excerpts = [dict(row) for row in rows.mappings()]
    return {excerpt.pop("id"): FailureExcerpt(**excerpt) for excerpt in excerpts}


_TEXTS = ("message", "text", "category", "evidence")
_later = runs.alias()
_RED = sa.case(
    (
        sa.and_(
            run_store.HAS_FAILED,
            ~sa.exists().where(relation.same_run(_later, runs), _later.c.attempt > runs.c.attempt),
            ~sa.exists().where(relation.same_run(reruns, runs), reruns.c.attempt >= runs.c.attempt),
        ),
        runs.c.id,
    )
)
