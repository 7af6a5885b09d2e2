"""Which case has a card where: posted, or about to be."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import sqlalchemy as sa

from bot.analysis.model import CaseId, Channel, RepositoryId, WorkspaceId
from bot.store.conversation.notice import Kind
from bot.store.database import Session
from bot.store.tables import messages, notices


def list_of_cases(
    session: Session, repository_id: RepositoryId, case_ids: Iterable[CaseId]
) -> set[tuple[CaseId, Channel]]:
    """The cards of some cases, with their places."""
    wanted = list(case_ids)
    told = sa.select(notices.c.ref, notices.c.workspace_id, notices.c.channel).where(
        notices.c.kind == Kind.CARD.value,
        notices.c.repository_id == repository_id,
        notices.c.ref == sa.any_(sa.bindparam("told", wanted)),
    )
    posted = sa.select(messages.c.case_id, messages.c.workspace_id, messages.c.channel).where(
        messages.c.repository_id == repository_id, messages.c.case_id == sa.any_(sa.bindparam("posted", wanted))
    )
    rows = session.execute(sa.union(told, posted))
    return {(CaseId(row[0]), Channel(WorkspaceId(row[1]), row[2])) for row in rows}


def list_posted(
    session: Session, repository_id: RepositoryId, case_ids: Iterable[CaseId]
) -> list[tuple[CaseId, Channel]]:
    """The cards of some cases that stand in their places already."""
    rows = session.execute(
        sa.select(messages.c.case_id, messages.c.workspace_id, messages.c.channel)
        .where(
            messages.c.repository_id == repository_id,
            messages.c.case_id == sa.any_(sa.bindparam("wanted", [*case_ids])),
        )
        .order_by(messages.c.case_id, messages.c.workspace_id, messages.c.channel)
    )
    return [(CaseId(row[0]), Channel(WorkspaceId(row[1]), row[2])) for row in rows]


def list_channels(session: Session, repository_id: RepositoryId, case_id: CaseId) -> list[Channel]:
    """The places that have a card of a case."""
    return sorted(channel for _, channel in list_of_cases(session, repository_id, [case_id]))


def count_opened(session: Session, repository_id: RepositoryId, channel: Channel, since: datetime) -> int:
    """How many cards of a repository were opened in a place since a time."""
    return session.execute(
        sa.select(sa.func.count())
        .select_from(notices)
        .where(
            notices.c.kind == Kind.CARD.value,
            notices.c.repository_id == repository_id,
            notices.c.workspace_id == channel.workspace_id,
            notices.c.channel == channel.id,
            notices.c.created_at > since,
        )
    ).scalar_one()
