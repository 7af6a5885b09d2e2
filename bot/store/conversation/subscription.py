"""Subscriptions of channels to repositories, and the hours of each channel."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from bot.analysis.channel_schedule import DigestTime, Hours, QuietHours
from bot.analysis.model import Actor, Channel, RepositoryId, WorkspaceId
from bot.analysis.subscription import Event, Filters, Subscription
from bot.store import record, relation
from bot.store.database import Session
from bot.store.tables.conversation import channels, subscriptions


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelHours:
    """A channel that was told its hours."""

    channel: Channel
    hours: Hours


def put(
    session: Session, channel: Channel, repository_id: RepositoryId, filters: Filters, actor: Actor, now: datetime
) -> int:
    """Subscribe a channel to a repository, or replace its filters; returns the id of the subscription."""
    key = {**relation.key_of(channel), "repository_id": repository_id}
    row = record.values(filters) | {"events": sorted(filters.events)}
    statement = insert(subscriptions).values(**key, **row, created_by=actor, created_at=now)
    statement = statement.on_conflict_do_update(index_elements=list(key), set_=row)
    number: int = session.execute(statement.returning(subscriptions.c.id)).scalar_one()
    return number


def delete(session: Session, channel: Channel, repository_id: RepositoryId) -> bool:
    """Unsubscribe a channel from a repository; False if it was not subscribed."""
    result = session.execute(
        sa.delete(subscriptions).where(
            relation.is_channel(subscriptions, channel), subscriptions.c.repository_id == repository_id
        )
    )
    return bool(result.rowcount)


def get(session: Session, number: int) -> Subscription:
    """The subscription of this number.

    Raises:
        NotFoundError: not known.
    """
    query = sa.select(subscriptions).where(subscriptions.c.id == number)
    return record.get(session, _read, query, "This subscription does not exist any more.")


def find_creator(session: Session, channel: Channel) -> Actor | None:
    """Who subscribed a channel last."""
    of_channel = sa.select(subscriptions.c.created_by).where(relation.is_channel(subscriptions, channel))
    query = of_channel.order_by(subscriptions.c.created_at.desc()).limit(1)
    return record.find_value(session, query)


def list_of_channel(session: Session, channel: Channel) -> Sequence[Subscription]:
    """The subscriptions of a channel, oldest first."""
    query = sa.select(subscriptions).where(relation.is_channel(subscriptions, channel)).order_by(subscriptions.c.id)
    return record.list_all(session, _read, query)


def list_created(session: Session, workspace_id: WorkspaceId, user: str, limit: int) -> Sequence[Subscription]:
    """What somebody subscribed channels of a workspace to, by channel."""
    query = (
        sa.select(subscriptions)
        .where(subscriptions.c.workspace_id == workspace_id, subscriptions.c.created_by["id"].astext == user)
        .order_by(subscriptions.c.channel, subscriptions.c.id)
        .limit(limit)
    )
    return record.list_all(session, _read, query)


def list_repository(session: Session, repository_id: RepositoryId) -> Sequence[Subscription]:
    """Who asked for a repository, in channels that are paused too."""
    of_repository = sa.select(subscriptions).where(subscriptions.c.repository_id == repository_id)
    return record.list_all(session, _read, of_repository.order_by(subscriptions.c.id))


def list_subscribed(session: Session, repository_ids: Collection[RepositoryId]) -> set[RepositoryId]:
    """Those of the repositories that some channel subscribed to, one that is paused too."""
    rows = session.execute(
        sa.select(subscriptions.c.repository_id).where(subscriptions.c.repository_id.in_(repository_ids))
    )
    return {RepositoryId(repository_id) for repository_id in rows.scalars()}


def get_channel(session: Session, channel: Channel) -> ChannelHours:
    """A channel with its hours; one never told anything has none."""
    query = sa.select(channels).where(relation.is_channel(channels, channel))
    return record.find(session, _read_channel, query) or ChannelHours(channel=channel, hours=Hours())


def list_channels(session: Session, wanted: Sequence[Channel]) -> dict[Channel, ChannelHours]:
    """Channels with their hours; those never told anything are left out."""
    if not wanted:
        return {}
    query = sa.select(channels).where(relation.is_one_of(channels, wanted))
    return {hours.channel: hours for hours in record.list_all(session, _read_channel, query)}


def list_with_digest(session: Session) -> Sequence[ChannelHours]:
    """The channels that have a digest."""
    with_digest = sa.select(channels).where(channels.c.digest_at.is_not(None))
    return record.list_all(session, _read_channel, with_digest.order_by(channels.c.workspace_id, channels.c.channel))


def put_hours(session: Session, channel: Channel, hours: Hours) -> None:
    """Keep the hours of a channel."""
    digest, quiet = hours.digest, hours.quiet
    row = {
        "zone": hours.zone.key,
        "digest_at": digest.at if digest else None,
        "digest_days": sorted(digest.days) if digest else [],
        "digest_since": hours.digest_since,
        "quiet_begin": quiet.begin if quiet else None,
        "quiet_end": quiet.end if quiet else None,
        "quiet_days": sorted(quiet.days) if quiet else [],
    }
    record.put(session, channels, relation.key_of(channel), row)


def _read(**row: Any) -> Subscription:  # noqa: ANN401  # columns
    filters = {field.name: row[field.name] for field in fields(Filters)}
    return Subscription(
        id=row["id"],
        channel=Channel(row["workspace_id"], row["channel"]),
        repository_id=row["repository_id"],
        filters=Filters(**filters | {"events": frozenset(map(Event, row["events"]))}),
    )


def _read_channel(**row: Any) -> ChannelHours:  # noqa: ANN401  # columns
    digest = DigestTime(row["digest_at"], frozenset(row["digest_days"])) if row["digest_at"] else None
    quiet = None
    if row["quiet_begin"] is not None:
        quiet = QuietHours(row["quiet_begin"], row["quiet_end"], frozenset(row["quiet_days"]))
    return ChannelHours(
        channel=Channel(row["workspace_id"], row["channel"]),
        hours=Hours(zone=ZoneInfo(row["zone"]), digest=digest, digest_since=row["digest_since"], quiet=quiet),
    )
