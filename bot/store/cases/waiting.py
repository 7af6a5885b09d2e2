"""Cards on which nobody has decided, with everything that tells since when."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from bot.analysis.model import CaseId, Channel, QuarantineId, RepositoryId, Status, WorkspaceId
from bot.analysis.quarantine.lifecycle import State
from bot.store.database import Session
from bot.store.tables.conversation import messages
from bot.store.tables.deciding import audit, mutes, quarantines
from bot.store.tables.judging import scores, status_changes
from bot.store.tables.results import cases


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenCard:
    """A card and what happened to its case; times are None where it did not happen.

    `flaky_at` is when it last turned flaky, `said_at` when a person last did anything about it.
    """

    repository_id: RepositoryId
    case_id: CaseId
    title: str
    channel: Channel
    posted_at: datetime
    is_flaky: bool
    quarantine_id: QuarantineId | None
    state: State | None
    proposed_at: datetime | None
    flaky_at: datetime | None
    said_at: datetime | None


def list_cards(session: Session, after: datetime, before: datetime, now: datetime) -> Sequence[OpenCard]:
    """The cards posted or proposed on in a period whose case is flaky, or waits for an approver; not the muted ones."""
    latest = (
        sa.select(quarantines)
        .where(quarantines.c.repository_id == messages.c.repository_id, quarantines.c.case_id == messages.c.case_id)
        .order_by(quarantines.c.id.desc())
        .limit(1)
        .lateral("latest")
    )
    flaky_at = (
        sa.select(sa.func.max(status_changes.c.occurred_at))
        .where(
            status_changes.c.repository_id == messages.c.repository_id,
            status_changes.c.case_id == messages.c.case_id,
            status_changes.c.after == Status.FLAKY.value,
        )
        .scalar_subquery()
    )
    said_at = (
        sa.select(sa.func.max(audit.c.occurred_at))
        .where(
            audit.c.repository_id == messages.c.repository_id,
            audit.c.case_id == messages.c.case_id,
            audit.c.actor["kind"].astext != "system",
        )
        .scalar_subquery()
    )
    is_flaky = sa.exists().where(
        scores.c.repository_id == messages.c.repository_id,
        scores.c.case_id == messages.c.case_id,
        scores.c.status == Status.FLAKY.value,
    )
    is_muted = sa.exists().where(
        mutes.c.repository_id == messages.c.repository_id,
        mutes.c.case_id == messages.c.case_id,
        mutes.c.until > now,
    )
    rows = session.execute(
        sa.select(
            messages.c.repository_id,
            messages.c.case_id,
            messages.c.workspace_id,
            messages.c.channel,
            messages.c.posted_at,
            cases.c.title,
            is_flaky.label("is_flaky"),
            latest.c.id.label("quarantine_id"),
            latest.c.state,
            latest.c.proposed_at,
            flaky_at.label("flaky_at"),
            said_at.label("said_at"),
        )
        .join(cases, sa.and_(cases.c.repository_id == messages.c.repository_id, cases.c.id == messages.c.case_id))
        .outerjoin(latest, sa.true())
        .where(
            messages.c.case_id.is_not(None),
            messages.c.posted_at < before,
            sa.not_(is_muted),
            sa.or_(latest.c.state == State.PROPOSED.value, sa.and_(messages.c.posted_at > after, is_flaky)),
        )
        .order_by(messages.c.posted_at, messages.c.key)
    ).mappings()
    return [
        OpenCard(
            repository_id=RepositoryId(row["repository_id"]),
            case_id=CaseId(row["case_id"]),
            title=row["title"],
            channel=Channel(WorkspaceId(row["workspace_id"]), row["channel"]),
            posted_at=row["posted_at"],
            is_flaky=row["is_flaky"],
            quarantine_id=None if row["quarantine_id"] is None else QuarantineId(row["quarantine_id"]),
            state=None if row["state"] is None else State(row["state"]),
            proposed_at=row["proposed_at"],
            flaky_at=row["flaky_at"],
            said_at=row["said_at"],
        )
        for row in rows
    ]
