"""What quarantines masked: when, and which regressions, read from the audit trail and the failures."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

import sqlalchemy as sa

from bot.analysis import impact
from bot.analysis.audit import QUARANTINE, AuditAction
from bot.analysis.impact import Mask
from bot.analysis.incident import LEFT_OUT
from bot.analysis.learning.error_ledger import MaskedRegression
from bot.analysis.learning.label import LabelVerdict
from bot.analysis.model import Outcome, RepositoryId, Status
from bot.analysis.quarantine.lifecycle import State
from bot.store import relation
from bot.store.database import Session
from bot.store.runs.result import CODES, FAILED
from bot.store.tables.deciding import audit, quarantines
from bot.store.tables.judging import labels, status_changes
from bot.store.tables.results import cases, failures, run_results, runs

_REAL = (LabelVerdict.BUG, LabelVerdict.MINE)
_OVER = (State.LIFTED, State.EXPIRED, State.SUSPENDED)
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
        audit.c.repository_id.in_(repository_ids),
        audit.c.type == AuditAction.SUSPEND,
        audit.c.occurred_at >= since,
        audit.c.occurred_at < until,
        sa.not_(_rested_on_an_incident()),
    )
    over = sa.case((quarantines.c.state.in_(_OVER), quarantines.c.decided_at), else_=quarantines.c.expires_at)
    reported = (
        sa.select(quarantines.c.id.label("quarantine_id"), labels.c.created_at.label("detected_at"))
        .join(labels, sa.and_(relation.same_case(labels, quarantines), labels.c.verdict.in_(_REAL)))
        .where(
            quarantines.c.repository_id.in_(repository_ids),
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
        .join(run_results, relation.run_of(run_results))
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
            relation.same_case(failures, quarantines),
            failures.c.outcome.in_(FAILED),
            failures.c.occurred_at.between(noticed.c.detected_at - _LOOK_BACK, noticed.c.detected_at),
            failures.c.occurred_at > sa.func.coalesce(last_pass, quarantines.c.proposed_at),
        )
        .correlate(quarantines, noticed)
        .scalar_subquery()
    )
    rows = session.execute(
        sa.select(
            quarantines.c.repository_id,
            quarantines.c.id.label("quarantine_id"),
            quarantines.c.case_id,
            cases.c.title,
            sa.func.coalesce(first, noticed.c.detected_at).label("first_failure_at"),
            noticed.c.detected_at,
        )
        .join(noticed, noticed.c.quarantine_id == quarantines.c.id)
        .join(cases, relation.case_of(quarantines))
        .where(quarantines.c.repository_id.in_(repository_ids))
        .order_by(noticed.c.detected_at, quarantines.c.id)
    )
    regressions: dict[RepositoryId, list[MaskedRegression]] = {repository_id: [] for repository_id in repository_ids}
    for row in rows.mappings():
        regression = dict(row)
        regressions[regression.pop("repository_id")].append(MaskedRegression(**regression))
    return regressions


def _rested_on_an_incident() -> sa.ColumnElement[bool]:
    """Whether the run in which the case of an entry of the trail turned broken has left the scores since."""
    return (
        sa.select(sa.literal(value=True))
        .select_from(status_changes)
        .join(runs, relation.run_of(status_changes))
        .where(
            relation.same_case(status_changes, audit),
            status_changes.c.after == Status.BROKEN,
            status_changes.c.occurred_at == audit.c.occurred_at,
            runs.c.outage >= LEFT_OUT,
        )
        .correlate(audit)
        .exists()
    )


def list_masks(
    session: Session, repository_ids: Collection[RepositoryId], since: datetime, until: datetime
) -> list[Mask]:
    """The times since `since` in which a quarantine masked a case, by its moves in the audit trail."""
    rows = session.execute(
        sa.select(*quarantines.c, audit.c.type, audit.c.occurred_at)
        .join(
            audit,
            sa.and_(
                audit.c.repository_id == quarantines.c.repository_id,
                audit.c.aggregate_type == QUARANTINE,
                audit.c.aggregate_id == quarantines.c.id,
            ),
        )
        .where(
            quarantines.c.repository_id.in_(repository_ids),
            audit.c.type.in_([*impact.MASKING, *impact.UNMASKING]),
            quarantines.c.expires_at >= since,
        )
        .order_by(quarantines.c.id, audit.c.id)
    ).all()
    moves: dict[int, list[tuple[AuditAction, datetime]]] = {}
    quarantined = {}
    for row in rows:
        quarantined[row.id] = row
        moves.setdefault(row.id, []).append((row.type, row.occurred_at))
    return [
        Mask(row.case_id, row.scope, row.variant, row.fingerprint_id, begin, end)
        for number, row in quarantined.items()
        for begin, end in impact.masked_times(moves[number], min(until, row.expires_at))
        if end > since
    ]
