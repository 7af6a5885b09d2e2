"""Notices to be sent: stored under their natural key with the fact they speak of, rendered when sent."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

import sqlalchemy as sa
from pydantic import TypeAdapter, ValidationError
from sqlalchemy.dialects.postgresql import insert

from bot import telemetry
from bot.analysis.model import Channel, RepositoryId, WorkspaceId
from bot.analysis.notice import KINDS, CheckRunNotice, HomeNotice, Notice
from bot.errors import FlakeGuardError
from bot.store import queue, record, relation
from bot.store.conversation import channel_schedule as channel_schedule_store
from bot.store.database import Session
from bot.store.tables.conversation import notices

_BATCH = 1000
"""Rows of one insert: PostgreSQL takes 65,535 parameters in a statement."""
_ADAPTERS: Mapping[str, TypeAdapter[Notice]] = {kind.kind: TypeAdapter(kind) for kind in KINDS}
_FIELDS = {kind.kind: frozenset(field.name for field in fields(kind)) for kind in KINDS}
_LIVING = tuple(kind.kind for kind in KINDS if kind.is_living)


class UnknownNoticeError(FlakeGuardError):
    """A stored notice is of a kind or form that this version does not know."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredNotice:
    """A notice as it is stored; `revision` grows when it is to be sent again.

    `asked_at` is when Slack was asked to post it, while it is not known whether it did.
    """

    id: int
    key: str
    kind: str
    payload: Mapping[str, object]
    repository_id: RepositoryId | None
    channel: Channel | None
    revision: int
    sent_revision: int
    attempts: int
    due_at: datetime
    asked_at: datetime | None
    correlation_id: str

    @property
    def is_sent(self) -> bool:
        """Whether its latest revision was sent."""
        return self.sent_revision >= self.revision

    def decode(self) -> Notice:
        """The notice itself.

        Raises:
            UnknownNoticeError: stored by another version.
        """
        if self.kind not in _ADAPTERS:
            message = f"Notice {self.key} is of the unknown kind {self.kind}."
            raise UnknownNoticeError(message)
        if unknown := self.payload.keys() - _FIELDS[self.kind]:
            message = f"Notice {self.key} has unknown fields: {', '.join(sorted(unknown))}."
            raise UnknownNoticeError(message)
        try:
            return _ADAPTERS[self.kind].validate_python(self.payload)
        except ValidationError as error:
            message = f"Notice {self.key} cannot be read: {error}"
            raise UnknownNoticeError(message) from None


def put(
    session: Session, notice: Notice, now: datetime, *, at: datetime | None = None, pause: timedelta | None = None
) -> bool:
    """Ask for a notice to be sent, in the caller's transaction; False where nothing new is to be sent.

    A living notice that exists is brought up to date; any other that exists is nothing new. `at` is the earliest time
    it is sent; `pause` is how long after its last sending it rests, so that a burst of changes becomes one update. One
    that waits already does not wait longer for being asked for again.
    """
    return put_all(session, [notice], now, at=at, pause=pause) == 1


def put_all(
    session: Session,
    new_notices: Iterable[Notice],
    now: datetime,
    *,
    at: datetime | Mapping[Channel, datetime] | None = None,
    pause: timedelta | None = None,
    immediate: Iterable[Notice] = (),
) -> int:
    """Ask for notices to be sent as `put` does, in one statement; returns how many are new or brought up to date.

    `at` may say when for each channel; where it does not, that is now, as it is for those that are `immediate`.
    """
    rows = {notice.key(): _row(notice, now, at) for notice in new_notices}
    rows |= {notice.key(): _row(notice, now, None) for notice in immediate}
    ordered = iter([rows[key] for key in sorted(rows)])  # two transactions lock the same rows in the same order
    changed: list[sa.RowMapping] = []
    while batch := list(islice(ordered, _BATCH)):
        changed += session.execute(_upsert(batch, pause)).mappings()
    _enqueue(session, [row for row in changed if row["due_at"] <= now])
    return len(changed)


def _row(notice: Notice, now: datetime, at: datetime | Mapping[Channel, datetime] | None) -> dict[str, object]:
    channel = None if isinstance(notice, CheckRunNotice) else notice.channel
    due_at = at if isinstance(at, datetime) else at.get(channel) if at and channel else None
    payload = _ADAPTERS[notice.kind].dump_python(notice, mode="json")
    return {
        "key": notice.key(),
        "kind": notice.kind,
        "payload": payload,
        "repository_id": payload.get("repository_id"),
        "case_id": payload.get("case_id"),
        **(relation.key_of(channel) if channel else {"workspace_id": None, "channel": ""}),
        "correlation_id": telemetry.current_id(),
        "created_at": now,
        "due_at": due_at or now,
    }


def enqueue_due(session: Session, now: datetime) -> None:
    """Queue every notice to GitHub that is due and has no job that would send it."""
    is_due = sa.and_(_IS_WAITING, notices.c.channel == "", notices.c.due_at <= now)
    _enqueue(session, session.execute(sa.select(*_ADDRESS).where(is_due)).mappings().all())


def get(session: Session, notice_id: int) -> StoredNotice:
    """The notice of this id.

    Raises:
        NotFoundError: not stored.
    """
    query = sa.select(notices).where(notices.c.id == notice_id)
    return record.get(session, _read, query, f"No notice {notice_id} is stored.")


def lock(session: Session, key: str) -> None:
    """Lock a notice until the transaction ends, so that two clicks on it are handled one after another."""
    session.execute(sa.select(notices.c.id).where(notices.c.key == key).with_for_update())


def find_due(session: Session, channel: Channel, now: datetime) -> StoredNotice | None:
    """The next notice to send in a channel."""
    query = (
        sa.select(notices)
        .where(_IS_WAITING, relation.is_channel(notices, channel), notices.c.due_at <= now)
        .order_by(notices.c.due_at, notices.c.id)
        .limit(1)
    )
    return record.find(session, _read, query)


def postpone(session: Session, notice: StoredNotice, at: datetime) -> None:
    """Try a notice again later, without holding up the others of its channel."""
    session.execute(
        sa.update(notices).where(notices.c.id == notice.id).values(due_at=at, attempts=notices.c.attempts + 1)
    )


def set_asked(session: Session, notice: StoredNotice, at: datetime | None) -> None:
    """Record that Slack is about to be asked to post a notice, or (None) that its answer is known."""
    session.execute(sa.update(notices).where(notices.c.id == notice.id).values(asked_at=at))


def set_sent(session: Session, notice: StoredNotice, now: datetime, error: str | None = None) -> None:
    """Record that this revision of a notice was sent, or why it never will be."""
    session.execute(
        sa.update(notices)
        .where(notices.c.id == notice.id, notices.c.sent_revision < notice.revision)
        .values(sent_revision=notice.revision, sent_at=now, error=error, asked_at=None)
    )


def last_sent(session: Session, workspace_id: WorkspaceId) -> datetime | None:
    """When a notice was last sent in a workspace."""
    is_sent = sa.and_(notices.c.workspace_id == workspace_id, notices.c.error.is_(None))
    return record.find_value(session, sa.select(sa.func.max(notices.c.sent_at)).where(is_sent))


_IS_WAITING = notices.c.sent_revision < notices.c.revision
_ADDRESS = [notices.c[name] for name in ("id", "key", "repository_id", "workspace_id", "channel", "due_at")]


def _upsert(rows: list[dict[str, object]], pause: timedelta | None) -> sa.Executable:
    statement = insert(notices).values(rows)
    new = statement.excluded
    rest = sa.case((new.kind == HomeNotice.kind, HomeNotice.rest), else_=pause or timedelta())
    due_at = sa.func.greatest(new.due_at, notices.c.sent_at + rest)
    return statement.on_conflict_do_update(
        index_elements=["key"],
        where=notices.c.kind.in_(_LIVING),
        set_={
            "revision": notices.c.revision + 1,
            "due_at": sa.case((_IS_WAITING, sa.func.least(notices.c.due_at, due_at)), else_=due_at),
            "attempts": 0,
            "error": None,
            "payload": new.payload,
            "correlation_id": new.correlation_id,
        },
    ).returning(*_ADDRESS)


def _enqueue(session: Session, rows: Collection[sa.RowMapping]) -> None:
    """Queue the jobs that send some notices: one for each channel, and one for each notice to GitHub."""
    channels = {Channel(row["workspace_id"], row["channel"]) for row in rows if row["channel"]}
    jobs = [channel_schedule_store.job(channel) for channel in sorted(channels)]
    jobs += [
        queue.QueuedJob(
            task=queue.NOTICE,
            lock=f"check:{row['repository_id']}",
            key=f"notice:{row['key']}",
            arguments={"notice_id": row["id"]},
        )
        for row in rows
        if not row["channel"]
    ]
    queue.defer_all(session, jobs)


def _read(workspace_id: WorkspaceId, channel: str, **row: Any) -> StoredNotice:  # noqa: ANN401  # columns
    known = {field.name: row[field.name] for field in fields(StoredNotice) if field.name in row}
    return StoredNotice(**known, channel=Channel(workspace_id, channel) if channel else None)
