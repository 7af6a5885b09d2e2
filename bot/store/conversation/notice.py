"""What must be said, once each: stored under a natural key with the fact it announces, rendered when sent."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from bot import telemetry
from bot.analysis.model import Channel, RepositoryId, WorkspaceId
from bot.errors import NotFoundError
from bot.store import queue
from bot.store.conversation import channel_schedule as channel_schedule_store
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
    STORM = "storm"
    DIGEST = "digest"
    ESCALATION = "escalation"
    REMINDER = "reminder"
    AUTHOR = "author"
    CHECK = "check"
    HOME = "home"
    PAUSED = "paused"


NO_REPOSITORY = RepositoryId(0)
"""What a digest is about: a channel, which may hear of several repositories."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One thing to say; `ref` and `detail` name what it speaks of, `revision` grows when that changes.

    `asked_at` is when Slack was asked to post it, while it is not known what came of that.
    """

    id: int
    key: str
    kind: Kind
    repository_id: RepositoryId
    ref: int
    detail: str
    channel: Channel | None
    revision: int
    sent_revision: int
    attempts: int
    asked_at: datetime | None
    correlation_id: str

    @property
    def is_said(self) -> bool:
        """Whether its latest revision was said."""
        return self.sent_revision >= self.revision


def put(
    session: Session,
    *,
    kind: Kind,
    key: str,
    repository_id: RepositoryId,
    now: datetime,
    ref: int = 0,
    detail: str = "",
    channel: Channel | None = None,
    again: bool = False,
    at: datetime | None = None,
    pause: timedelta | None = None,
) -> bool:
    """Ask for something to be said, in the caller's transaction; False where nothing new is to be said.

    A key that exists already says nothing new, unless `again`: then what was said is brought up to date.
    `at` is the earliest time it is sent; `pause` is how long after its last sending it rests, so that
    a burst of changes becomes one. What waits already waits no longer for being asked again.
    """
    due_at = at or now
    statement = insert(notices).values(
        key=key,
        kind=kind.value,
        repository_id=repository_id,
        ref=ref,
        detail=detail,
        workspace_id=channel.workspace_id if channel else None,
        channel=channel.id if channel else "",
        correlation_id=telemetry.current_id(),
        created_at=now,
        due_at=due_at,
    )
    if again:
        rested = sa.func.greatest(statement.excluded.due_at, notices.c.sent_at + pause) if pause else due_at
        statement = statement.on_conflict_do_update(
            index_elements=["key"],
            set_={
                "revision": notices.c.revision + 1,
                "due_at": sa.case(
                    (notices.c.sent_revision < notices.c.revision, sa.func.least(notices.c.due_at, rested)),
                    else_=rested,
                ),
                "attempts": 0,
                "error": None,
                "correlation_id": statement.excluded.correlation_id,
            },
        )
    else:
        statement = statement.on_conflict_do_nothing()
    row = session.execute(statement.returning(notices.c.id, notices.c.due_at)).first()
    if row is None:
        return False
    if row[1] <= now:
        _wake(session, row[0], key, channel, repository_id)
    return True


def _wake(
    session: Session, notice_id: int, key: str, channel: Channel | None, repository_id: RepositoryId | None
) -> None:
    if channel:
        channel_schedule_store.wake(session, channel)
    else:
        queue.defer(session, queue.NOTICE, lock=f"check:{repository_id}", key=f"notice:{key}", notice_id=notice_id)


def wake_all(session: Session, now: datetime) -> None:
    """Wake every notice to GitHub that is due and has no job that would say it."""
    rows = session.execute(
        sa.select(notices.c.id, notices.c.key, notices.c.repository_id).where(
            notices.c.sent_revision < notices.c.revision, notices.c.channel == "", notices.c.due_at <= now
        )
    )
    for notice_id, key, repository_id in rows.all():
        _wake(session, notice_id, key, None, repository_id)


def get(session: Session, notice_id: int) -> Notice:
    """The notice of this id.

    Raises:
        NotFoundError: not stored.
    """
    row = session.execute(sa.select(notices).where(notices.c.id == notice_id)).mappings().one_or_none()
    if row is None:
        message = f"No notice {notice_id} is stored."
        raise NotFoundError(message)
    return _read(row)


def lock(session: Session, notice_id: int) -> None:
    """Keep a notice from everybody else until the transaction ends, so that two clicks on it come one after another."""
    session.execute(sa.select(notices.c.id).where(notices.c.id == notice_id).with_for_update())


def find_due(session: Session, channel: Channel, now: datetime) -> Notice | None:
    """What is to be said next in a channel."""
    row = (
        session.execute(
            _WAITING.where(
                notices.c.workspace_id == channel.workspace_id,
                notices.c.channel == channel.id,
                notices.c.due_at <= now,
            )
            .order_by(notices.c.due_at, notices.c.id)
            .limit(1)
        )
        .mappings()
        .first()
    )
    return None if row is None else _read(row)


def postpone(session: Session, notice: Notice, at: datetime) -> None:
    """Try a notice again later, without holding up what else is to be said."""
    session.execute(
        sa.update(notices).where(notices.c.id == notice.id).values(due_at=at, attempts=notices.c.attempts + 1)
    )


_WAITING = sa.select(notices).where(notices.c.sent_revision < notices.c.revision)


def _read(row: sa.RowMapping) -> Notice:
    return Notice(
        id=row["id"],
        key=row["key"],
        kind=Kind(row["kind"]),
        repository_id=row["repository_id"],
        ref=row["ref"],
        detail=row["detail"],
        channel=Channel(WorkspaceId(row["workspace_id"]), row["channel"]) if row["channel"] else None,
        revision=row["revision"],
        sent_revision=row["sent_revision"],
        attempts=row["attempts"],
        asked_at=row["asked_at"],
        correlation_id=row["correlation_id"],
    )


def set_asked(session: Session, notice: Notice, at: datetime | None) -> None:
    """Record that Slack is about to be asked to post a notice, or (None) that it is known what came of that."""
    session.execute(sa.update(notices).where(notices.c.id == notice.id).values(asked_at=at))


def set_sent(session: Session, notice: Notice, now: datetime, error: str | None = None) -> None:
    """Record that this revision of a notice was said, or why it never will be."""
    session.execute(
        sa.update(notices)
        .where(notices.c.id == notice.id, notices.c.sent_revision < notice.revision)
        .values(sent_revision=notice.revision, sent_at=now, error=error, asked_at=None)
    )


def last_sent(session: Session, workspace_id: WorkspaceId) -> datetime | None:
    """When something was last said in a workspace."""
    said = sa.and_(notices.c.workspace_id == workspace_id, notices.c.error.is_(None))
    found: datetime | None = session.execute(sa.select(sa.func.max(notices.c.sent_at)).where(said)).scalar_one()
    return found


def find_message(session: Session, key: str) -> tuple[Channel, str] | None:
    """Place and timestamp of the message posted under a key."""
    row = session.execute(
        sa.select(messages.c.workspace_id, messages.c.channel, messages.c.ts).where(messages.c.key == key)
    ).one_or_none()
    return None if row is None else (Channel(WorkspaceId(row[0]), row[1]), row[2])


def put_message(
    session: Session,
    key: str,
    *,
    channel: Channel,
    ts: str,
    now: datetime,
    repository_id: RepositoryId | None = None,
    case_id: int | None = None,
) -> bool:
    """Remember where the message of a key stands; False where one is remembered already, which then stays."""
    statement = insert(messages).values(
        key=key,
        workspace_id=channel.workspace_id,
        channel=channel.id,
        ts=ts,
        posted_at=now,
        repository_id=repository_id,
        case_id=case_id,
    )
    return session.execute(statement.on_conflict_do_nothing().returning(messages.c.key)).first() is not None


def forget_message(session: Session, key: str) -> None:
    """Forget a message that is no longer there, so that the next one is posted anew."""
    session.execute(sa.delete(messages).where(messages.c.key == key))
