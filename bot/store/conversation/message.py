"""Messages that were posted in Slack, by the key of their notice."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from bot.analysis.model import CaseId, Channel, RepositoryId, WorkspaceId
from bot.store.database import Session
from bot.store.tables.conversation import messages


@dataclass(frozen=True, slots=True)
class PostedMessage:
    """Where a message is; `ts` is Slack's name of it, `case_id` is set for the card of a case."""

    channel: Channel
    ts: str
    case_id: CaseId | None = None


def find(session: Session, key: str) -> PostedMessage | None:
    """The message posted under a key."""
    row = session.execute(
        sa.select(messages.c.workspace_id, messages.c.channel, messages.c.ts, messages.c.case_id).where(
            messages.c.key == key
        )
    ).one_or_none()
    return None if row is None else PostedMessage(Channel(WorkspaceId(row[0]), row[1]), row[2], row[3])


def list_posted(session: Session, keys: Collection[str]) -> set[str]:
    """Those of some keys under which a message was posted."""
    return set(session.execute(sa.select(messages.c.key).where(messages.c.key.in_(list(keys)))).scalars())


def insert_if_new(
    session: Session, key: str, message: PostedMessage, repository_id: RepositoryId | None, now: datetime
) -> bool:
    """Record the message of a key; False where one is recorded already, which then stays."""
    statement = insert(messages).values(
        key=key,
        workspace_id=message.channel.workspace_id,
        channel=message.channel.id,
        ts=message.ts,
        posted_at=now,
        repository_id=repository_id,
        case_id=message.case_id,
    )
    return session.execute(statement.on_conflict_do_nothing().returning(messages.c.key)).first() is not None


def delete(session: Session, key: str) -> None:
    """Forget a message that is no longer there, so that the next one is posted as new."""
    session.execute(sa.delete(messages).where(messages.c.key == key))
