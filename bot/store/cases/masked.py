"""Regressions that a quarantine masked, read from the audit trail and the failures."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

import sqlalchemy as sa

from bot.analysis.audit import AuditAction
from bot.analysis.incident import LEFT_OUT
from bot.analysis.learning.error_ledger import MaskedRegression
from bot.analysis.learning.label import LabelVerdict
from bot.analysis.model import CaseId, Outcome, QuarantineId, RepositoryId, Status
from bot.analysis.quarantine.lifecycle import State
from bot.store.database import Session
from bot.store.runs.result import CODES, FAILED
from bot.store.tables.deciding import audit, quarantines
from bot.store.tables.judging import labels, status_changes
from bot.store.tables.results import cases, failures, run_results, runs

_REAL = (LabelVerdict.BUG.value, LabelVerdict.MINE.value)
_OVER = (State.LIFTED.value, State.EXPIRED.value, State.SUSPENDED.value)
_LOOK_BACK = timedelta(days=14)


def list_since(
    session: Session, repository_ids: Collection[RepositoryId], since: datetime, until: datetime
) -> dict[RepositoryId, list[MaskedRegression]]:
    """The regressions of each repository noticed in a period, oldest first.

    A quarantine was suspended as broken, or a person said so.

    One per quarantine, the first time; none where the run that suspended it lies in an incident somebody marked. Its
    first failure is the earliest after the last pass on the default branch, looked for in the two weeks before it was
    noticed; where there is none, the time it was noticed.
    """
    suspended = sa.select(audit.c.aggregate_id.label("quarantine_id"), audit.c.occurred_at.label("detected_at")).where(
        audit.c.repository_id.in_(list(repository_ids)),
        audit.c.type == AuditAction.SUSPEND.value,
        audit.c.occurred_at >= since,
        audit.c.occurred_at < until,
        sa.not_(_rested_on_an_incident()),
    )
    over = sa.case((quarantines.c.state.in_(_OVER), quarantines.c.decided_at), else_=quarantines.c.expires_at)
    reported = (
        sa.select(quarantines.c.id.label("quarantine_id"), labels.c.created_at.label("detected_at"))
        .join(
            labels,
            sa.and_(
                labels.c.repository_id == quarantines.c.repository_id,
                labels.c.case_id == quarantines.c.case_id,
                labels.c.verdict.in_(_REAL),
            ),
        )
        .where(
            quarantines.c.repository_id.in_(list(repository_ids)),
            quarantines.c.expires_at.is_not(None),
            labels.c.created_at.between(quarantines.c.proposed_at, over),
            labels.c.created_at >= since,
            labels.c.created_at < until,
        )
    )
    both = sa.union_all(suspended, reported).subquery()
    noticed = (
        sa.select(both.c.quarantine_id, sa.func.min(both.c.detected_at).label("detected_at"))
        .group_by(both.c.quarantine_id)
        .subquery()
    )
    position = sa.func.array_position(run_results.c.case_ids, quarantines.c.case_id)
    last_pass = (
        sa.select(sa.func.max(runs.c.started_at))
        .join(
            run_results, sa.and_(run_results.c.repository_id == runs.c.repository_id, run_results.c.run_id == runs.c.id)
        )
        .where(
            runs.c.repository_id == quarantines.c.repository_id,
            runs.c.on_default_branch,
            runs.c.started_at.between(noticed.c.detected_at - _LOOK_BACK, noticed.c.detected_at),
            position.is_not(None),
            sa.func.get_byte(run_results.c.outcomes, position - 1) == CODES[Outcome.PASSED],
        )
        .correlate(quarantines, noticed)
        .scalar_subquery()
    )
    first = (
        sa.select(sa.func.min(failures.c.occurred_at))
        .where(
            failures.c.repository_id == quarantines.c.repository_id,
            failures.c.case_id == quarantines.c.case_id,
            failures.c.outcome.in_(FAILED),
            failures.c.occurred_at.between(noticed.c.detected_at - _LOOK_BACK, noticed.c.detected_at),
            failures.c.occurred_at > sa.func.coalesce(last_pass, quarantines.c.proposed_at),
        )
        .correlate(quarantines, noticed)
        .scalar_subquery()
    )
    rows = session.execute(
        sa.select(
            quarantines.c.id,
            quarantines.c.case_id,
            cases.c.title,
            sa.func.coalesce(first, noticed.c.detected_at),
            noticed.c.detected_at,
            quarantines.c.repository_id,
        )
        .join(noticed, noticed.c.quarantine_id == quarantines.c.id)
        .join(
            cases,
            sa.and_(cases.c.repository_id == quarantines.c.repository_id, cases.c.id == quarantines.c.case_id),
        )
        .where(quarantines.c.repository_id.in_(list(repository_ids)))
        .order_by(noticed.c.detected_at, quarantines.c.id)
    )
    regressions: dict[RepositoryId, list[MaskedRegression]] = {repository_id: [] for repository_id in repository_ids}
    for row in rows:
        regressions[RepositoryId(row[5])].append(
            MaskedRegression(
                quarantine_id=QuarantineId(row[0]),
                case_id=CaseId(row[1]),
                title=row[2],
                first_failure_at=row[3],
                detected_at=row[4],
            )
        )
    return regressions


def _rested_on_an_incident() -> sa.ColumnElement[bool]:
    """Whether the run in which the case of an entry of the trail turned broken has left the scores since."""
    return (
        sa.select(sa.literal(value=True))
        .select_from(status_changes)
        .join(
            runs, sa.and_(runs.c.repository_id == status_changes.c.repository_id, runs.c.id == status_changes.c.run_id)
        )
        .where(
            status_changes.c.repository_id == audit.c.repository_id,
            status_changes.c.case_id == audit.c.case_id,
            status_changes.c.after == Status.BROKEN.value,
            status_changes.c.occurred_at == audit.c.occurred_at,
            runs.c.outage >= LEFT_OUT,
        )
        .correlate(audit)
        .exists()
    )
