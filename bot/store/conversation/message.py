"""Messages that were posted in Slack, by the key of their notice, and the links to our pages shared lately."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from bot.analysis.model import CaseId, Channel, RepositoryId
from bot.store import record, relation
from bot.store.database import Session
from bot.store.tables.conversation import messages, shared_links


@dataclass(frozen=True, slots=True)
class PostedMessage:
    """Where a message is; `ts` is Slack's name of it, `case_id` is set for the card of a case."""

    channel: Channel
    ts: str
    case_id: CaseId | None = None


def find(session: Session, key: str) -> PostedMessage | None:
    """The message posted under a key."""
    columns = (messages.c.workspace_id, messages.c.channel, messages.c.ts, messages.c.case_id)
    row = session.execute(sa.select(*columns).where(messages.c.key == key)).one_or_none()
    return None if row is None else PostedMessage(Channel(row[0], row[1]), row[2], row[3])


def list_posted(session: Session, keys: Collection[str]) -> set[str]:
    """Those of some keys under which a message was posted."""
    return set(session.execute(sa.select(messages.c.key).where(messages.c.key.in_(keys))).scalars())


def insert_if_new(
    session: Session, key: str, message: PostedMessage, repository_id: RepositoryId | None, now: datetime
) -> bool:
    """Record the message of a key; False where one is recorded already, which then stays."""
    row = {"key": key, "ts": message.ts, "posted_at": now, "repository_id": repository_id, "case_id": message.case_id}
    return record.insert_if_new(session, messages, row | relation.key_of(message.channel))


def delete(session: Session, key: str) -> None:
    """Forget a message that is no longer there, so that the next one is posted as new."""
    session.execute(sa.delete(messages).where(messages.c.key == key))


def put_shared_link(session: Session, channel: Channel, case_id: CaseId, now: datetime) -> datetime | None:
    """Remember that a link to a case was shared; returns when one was before, None where never."""
    is_same = sa.and_(relation.is_channel(shared_links, channel), shared_links.c.case_id == case_id)
    before = record.find_value(session, sa.select(shared_links.c.shared_at).where(is_same))
    record.put(session, shared_links, {**relation.key_of(channel), "case_id": case_id}, {"shared_at": now})
    return before


def forget_shared_links(session: Session, before: datetime) -> None:
    """Forget what was shared before a time."""
    session.execute(sa.delete(shared_links).where(shared_links.c.shared_at < before))
