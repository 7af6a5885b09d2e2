"""Which case has a card where: posted, or about to be."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime

import sqlalchemy as sa

from bot.analysis.model import CaseId, Channel, RepositoryId, WorkspaceId
from bot.analysis.notice import CardNotice
from bot.store.database import Session
from bot.store.tables.conversation import messages, notices


def list_of_cases(
    session: Session, repository_ids: Collection[RepositoryId], case_ids: Collection[CaseId]
) -> set[tuple[CaseId, Channel]]:
    """The cards of some cases of these repositories, with their channels."""
    asked = sa.select(notices.c.case_id, notices.c.workspace_id, notices.c.channel).where(
        notices.c.kind == CardNotice.kind,
        notices.c.repository_id.in_(list(repository_ids)),
        notices.c.case_id == sa.any_(sa.bindparam("asked", list(case_ids))),
    )
    posted = sa.select(messages.c.case_id, messages.c.workspace_id, messages.c.channel).where(
        messages.c.repository_id.in_(list(repository_ids)),
        messages.c.case_id == sa.any_(sa.bindparam("posted", list(case_ids))),
    )
    rows = session.execute(sa.union(asked, posted))
    return {(CaseId(row[0]), Channel(WorkspaceId(row[1]), row[2])) for row in rows}


def list_posted(
    session: Session, repository_id: RepositoryId, case_ids: Iterable[CaseId]
) -> list[tuple[CaseId, Channel]]:
    """The posted cards of some cases."""
    rows = session.execute(
        sa.select(messages.c.case_id, messages.c.workspace_id, messages.c.channel)
        .where(
            messages.c.repository_id == repository_id,
            messages.c.case_id == sa.any_(sa.bindparam("wanted", [*case_ids])),
        )
        .order_by(messages.c.case_id, messages.c.workspace_id, messages.c.channel)
    )
    return [(CaseId(row[0]), Channel(WorkspaceId(row[1]), row[2])) for row in rows]


def count_opened(session: Session, repository_id: RepositoryId, channel: Channel, since: datetime) -> int:
    """How many cards of a repository were opened in a channel since a time."""
    return session.execute(
        sa.select(sa.func.count())
        .select_from(notices)
        .where(
            notices.c.kind == CardNotice.kind,
            notices.c.repository_id == repository_id,
            notices.c.workspace_id == channel.workspace_id,
            notices.c.channel == channel.id,
            notices.c.created_at > since,
        )
    ).scalar_one()
