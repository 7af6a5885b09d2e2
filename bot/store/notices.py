"""What must be said, once each: stored under a natural key with the fact it announces, rendered when sent."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from bot import telemetry
from bot.analysis.model import RepositoryId
from bot.errors import NotFoundError
from bot.store import queue
from bot.store.database import Session
from bot.store.tables import messages, notices


class Kind(StrEnum):
    """What a notice says."""

    CARD = "card"
    HISTORY = "history"
    STATUS = "status"
    IMPORTED = "imported"
    INCIDENT = "incident"
    UNREADABLE = "unreadable"
    CHECK = "check"


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One thing to say; `ref` and `detail` name what it speaks of, `revision` grows when that changes."""

    id: int
    key: str
    kind: Kind
    repository_id: RepositoryId
    ref: int
    detail: str
    channel: str
    revision: int
    sent_revision: int
    correlation_id: str


def put(
    session: Session,
    *,
    kind: Kind,
    key: str,
    repository_id: RepositoryId,
    now: datetime,
    ref: int = 0,
    detail: str = "",
    channel: str = "",
    again: bool = False,
    at: datetime | None = None,
) -> None:
    """Ask for something to be said, in the caller's transaction.

    A key that exists already says nothing new, unless `again`: then what was said is brought up to date.
    `at` is the earliest time it is sent.
    """
    statement = insert(notices).values(
        key=key,
        kind=kind.value,
        repository_id=repository_id,
        ref=ref,
        detail=detail,
        channel=channel,
        correlation_id=telemetry.current_id(),
        created_at=now,
    )
    if again:
        statement = statement.on_conflict_do_update(
            index_elements=["key"],
            set_={
                "revision": notices.c.revision + 1,
                "error": None,
                "correlation_id": statement.excluded.correlation_id,
            },
        )
    else:
        statement = statement.on_conflict_do_nothing()
    row = session.execute(statement.returning(notices.c.id)).first()
    if row is not None:
        queue.defer(
            session,
            queue.NOTICE,
            lock=channel or f"check:{repository_id}",
            key=f"notice:{key}",
            at=at,
            notice_id=row[0],
        )


def get(session: Session, notice_id: int) -> Notice:
    """The notice of this id.

    Raises:
        NotFoundError: not stored.
    """
    row = session.execute(sa.select(notices).where(notices.c.id == notice_id)).mappings().one_or_none()
    if row is None:
        message = f"No notice {notice_id} is stored."
        raise NotFoundError(message)
    return Notice(
        id=row["id"],
        key=row["key"],
        kind=Kind(row["kind"]),
        repository_id=row["repository_id"],
        ref=row["ref"],
        detail=row["detail"],
        channel=row["channel"],
        revision=row["revision"],
        sent_revision=row["sent_revision"],
        correlation_id=row["correlation_id"],
    )


def set_sent(session: Session, notice: Notice, now: datetime, error: str | None = None) -> None:
    """Record that this revision of a notice was said, or why it never will be."""
    session.execute(
        sa.update(notices)
        .where(notices.c.id == notice.id, notices.c.sent_revision < notice.revision)
        .values(sent_revision=notice.revision, sent_at=now, error=error)
    )


def find_message(session: Session, key: str) -> tuple[str, str] | None:
    """Channel and timestamp of the message posted under a key."""
    row = session.execute(sa.select(messages.c.channel, messages.c.ts).where(messages.c.key == key)).one_or_none()
    return None if row is None else (row[0], row[1])


def put_message(
    session: Session,
    key: str,
    *,
    channel: str,
    ts: str,
    now: datetime,
    repository_id: RepositoryId | None = None,
    case_id: int | None = None,
) -> bool:
    """Remember where the message of a key stands; False where one is remembered already, which then stays."""
    statement = insert(messages).values(
        key=key, channel=channel, ts=ts, posted_at=now, repository_id=repository_id, case_id=case_id
    )
    return session.execute(statement.on_conflict_do_nothing().returning(messages.c.key)).first() is not None


def forget_message(session: Session, key: str) -> None:
    """Forget a message that is no longer there, so that the next one is posted anew."""
    session.execute(sa.delete(messages).where(messages.c.key == key))


def list_card_channels(session: Session, repository_id: RepositoryId, case_id: int) -> list[str]:
    """The channels that have a card of the case."""
    rows = session.execute(
        sa.select(messages.c.channel).where(messages.c.repository_id == repository_id, messages.c.case_id == case_id)
    )
    return [row[0] for row in rows]
