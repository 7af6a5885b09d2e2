"""What a card shows of the latest failure of a case."""

from __future__ import annotations

from collections.abc import Collection

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from bot.analysis.case_profile import FailureExcerpt
from bot.analysis.model import CaseId, RepositoryId, RunId
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
        .where(
            failures.c.repository_id == cases.c.repository_id,
            failures.c.case_id == cases.c.id,
            failures.c.outcome.in_(FAILED),
        )
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
            fingerprints.c.message,
            fingerprints.c.text,
            fingerprints.c.category,
            fingerprints.c.evidence,
            runs.c.head_sha,
            runs.c.number,
            runs.c.url,
            _RED.label("red_run"),
        )
        .select_from(cases)
        .join(latest, sa.true())
        .join(runs, sa.and_(runs.c.repository_id == latest.c.repository_id, runs.c.id == latest.c.run_id))
        .outerjoin(
            fingerprints,
            sa.and_(
                fingerprints.c.repository_id == latest.c.repository_id, fingerprints.c.id == latest.c.fingerprint_id
            ),
        )
        .where(
            cases.c.repository_id.in_(list(repository_ids)),
            cases.c.id == sa.any_(sa.bindparam("case_ids", list(case_ids), type_=ARRAY(sa.Integer))),
        )
    )
    return {
        CaseId(row["id"]): FailureExcerpt(
            message=row["message"] or "",
            text=row["text"] or "",
            fingerprint_id=row["fingerprint_id"],
            variant=row["variant"],
            sha=row["head_sha"],
            run_number=row["number"],
            run_url=row["url"],
            occurred_at=row["occurred_at"],
            category=row["category"] or "",
            evidence=row["evidence"] or "",
            red_run=None if row["red_run"] is None else RunId(row["red_run"]),
        )
        for row in rows.mappings()
    }


_later = runs.alias()
_RED = sa.case(
    (
        sa.and_(
            run_store.HAS_FAILED,
            ~sa.exists().where(
                _later.c.repository_id == runs.c.repository_id,
                _later.c.github_run_id == runs.c.github_run_id,
                _later.c.attempt > runs.c.attempt,
            ),
            ~sa.exists().where(
                reruns.c.repository_id == runs.c.repository_id,
                reruns.c.github_run_id == runs.c.github_run_id,
                reruns.c.attempt >= runs.c.attempt,
            ),
        ),
        runs.c.id,
    )
)
