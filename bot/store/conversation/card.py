"""Which case has a card where, posted or about to be, and the cards on which nobody has decided."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from bot.analysis.model import CaseId, Channel, QuarantineId, RepositoryId, Status, WorkspaceId
from bot.analysis.notice import CardNotice
from bot.analysis.quarantine.lifecycle import State
from bot.store import record, relation
from bot.store.database import Session
from bot.store.tables.conversation import messages, notices
from bot.store.tables.deciding import audit, mutes, quarantines
from bot.store.tables.judging import scores, status_changes
from bot.store.tables.results import cases


def list_of_cases(
    session: Session, repository_ids: Collection[RepositoryId], case_ids: Collection[CaseId]
) -> set[tuple[CaseId, Channel]]:
    """The cards of some cases of these repositories, with their channels."""
    to_send = _cards_in(notices).where(
        notices.c.kind == CardNotice.kind, relation.is_of_cases(notices, repository_ids, case_ids)
    )
    posted = _cards_in(messages).where(relation.is_of_cases(messages, repository_ids, case_ids))
    rows = session.execute(sa.union(to_send, posted))
    return {(case_id, Channel(*channel)) for case_id, *channel in rows}


def list_posted(
    session: Session, repository_id: RepositoryId, case_ids: Iterable[CaseId]
) -> list[tuple[CaseId, Channel]]:
    """The posted cards of some cases."""
    query = _cards_in(messages).where(relation.is_of_cases(messages, [repository_id], case_ids))
    rows = session.execute(query.order_by(messages.c.case_id, messages.c.workspace_id, messages.c.channel))
    return [(case_id, Channel(*channel)) for case_id, *channel in rows]


def _cards_in(table: sa.Table) -> sa.Select[Any]:
    return sa.select(table.c.case_id, table.c.workspace_id, table.c.channel)


def count_opened(session: Session, repository_id: RepositoryId, channel: Channel, since: datetime) -> int:
    """How many cards of a repository were opened in a channel since a time."""
    is_card = sa.and_(notices.c.kind == CardNotice.kind, notices.c.repository_id == repository_id)
    return record.count(session, is_card, relation.is_channel(notices, channel), notices.c.created_at > since)


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenCard:
    """A card and what happened to its case; times are None where it did not happen.

    `flaky_at` is when it last turned flaky, `acted_at` when a person last did anything about it.
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
    acted_at: datetime | None


def list_cards(session: Session, after: datetime, before: datetime, now: datetime) -> Sequence[OpenCard]:
    """The cards posted or proposed on in a period whose case is flaky, or waits for an approver; not the muted ones."""
    latest = (
        sa.select(quarantines)
        .where(relation.same_case(quarantines, messages))
        .order_by(quarantines.c.id.desc())
        .limit(1)
        .lateral("latest")
    )
    flaky_at = (
        sa.select(sa.func.max(status_changes.c.occurred_at))
        .where(relation.same_case(status_changes, messages), status_changes.c.after == Status.FLAKY)
        .scalar_subquery()
    )
    acted_at = (
        sa.select(sa.func.max(audit.c.occurred_at))
        .where(relation.same_case(audit, messages), audit.c.actor["kind"].astext != "system")
        .scalar_subquery()
    )
    is_flaky = sa.exists().where(relation.same_case(scores, messages), scores.c.status == Status.FLAKY)
    is_muted = sa.exists().where(relation.same_case(mutes, messages), mutes.c.until > now)
    query = (
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
            acted_at.label("acted_at"),
        )
        .join(cases, relation.case_of(messages))
        .outerjoin(latest, sa.true())
        .where(
            messages.c.case_id.is_not(None),
            messages.c.posted_at < before,
            sa.not_(is_muted),
            sa.or_(latest.c.state == State.PROPOSED, sa.and_(messages.c.posted_at > after, is_flaky)),
        )
        .order_by(messages.c.posted_at, messages.c.key)
    )
    return record.list_all(session, _read, query)


def _read(workspace_id: WorkspaceId, channel: str, **row: Any) -> OpenCard:  # noqa: ANN401  # columns
    return OpenCard(**row, channel=Channel(workspace_id, channel))
