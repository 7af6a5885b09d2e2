"""What a card shows of the latest failure of a case."""

from __future__ import annotations

import sqlalchemy as sa

from bot.analysis.model import CaseId, FailureExcerpt, RepositoryId, RunId
from bot.store.database import Session
from bot.store.runs.fingerprint import OF_FAILURE
from bot.store.runs.result import FAILED
from bot.store.tables import failures, fingerprints, reruns, runs


def find(session: Session, repository_id: RepositoryId, case_id: CaseId) -> FailureExcerpt | None:
    """The latest failure of a case, with the text of its fingerprint."""
    row = (
        session.execute(
            sa.select(
                failures.c.variant,
                failures.c.fingerprint_id,
                failures.c.occurred_at,
                fingerprints.c.message,
                fingerprints.c.text,
                fingerprints.c.category,
                fingerprints.c.evidence,
                runs.c.head_sha,
                runs.c.number,
                runs.c.url,
                _RED.label("red_run"),
            )
            .join(runs, sa.and_(runs.c.repository_id == failures.c.repository_id, runs.c.id == failures.c.run_id))
            .outerjoin(
                fingerprints,
                OF_FAILURE,
            )
            .where(
                failures.c.repository_id == repository_id,
                failures.c.case_id == case_id,
                failures.c.outcome.in_(FAILED),
            )
            .order_by(failures.c.occurred_at.desc(), failures.c.id.desc())
            .limit(1)
        )
        .mappings()
        .first()
    )
    if row is None:
        return None
    return FailureExcerpt(
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


_later = runs.alias()
_RED = sa.case(
    (
        sa.and_(
            runs.c.conclusion == "failure",
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
