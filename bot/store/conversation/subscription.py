"""Subscriptions of channels to repositories, and the hours of each channel."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from bot.analysis.channel_schedule import DigestTime, Hours, QuietHours
from bot.analysis.model import Actor, Channel, RepositoryId, WorkspaceId
from bot.analysis.subscription import Event, Filters, Subscription
from bot.errors import NotFoundError
from bot.store import actor as actor_codec
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
    row = {
        "events": sorted(filters.events),
        "branch": filters.branch,
        "minimum": filters.minimum,
        "owner": filters.owner,
        "path": filters.path,
    }
    statement = insert(subscriptions).values(
        workspace_id=channel.workspace_id,
        channel=channel.id,
        repository_id=repository_id,
        created_by=actor_codec.encode(actor),
        created_at=now,
        **row,
    )
    number: int = session.execute(
        statement.on_conflict_do_update(
            index_elements=["workspace_id", "channel", "repository_id"], set_=row
        ).returning(subscriptions.c.id)
    ).scalar_one()
    return number


def delete(session: Session, channel: Channel, repository_id: RepositoryId) -> bool:
    """Unsubscribe a channel from a repository; False if it was not subscribed."""
    result = session.execute(
        sa.delete(subscriptions).where(_at(subscriptions, channel), subscriptions.c.repository_id == repository_id)
    )
    return bool(result.rowcount)


def get(session: Session, number: int) -> Subscription:
    """The subscription of this number.

    Raises:
        NotFoundError: not known.
    """
    row = session.execute(sa.select(subscriptions).where(subscriptions.c.id == number)).mappings().one_or_none()
    if row is None:
        message = "This subscription does not exist any more."
        raise NotFoundError(message)
    return _read(row)


def find_creator(session: Session, channel: Channel) -> Actor | None:
    """Who subscribed a channel last."""
    row = session.execute(
        sa.select(subscriptions.c.created_by)
        .where(_at(subscriptions, channel))
        .order_by(subscriptions.c.created_at.desc())
        .limit(1)
    ).one_or_none()
    return None if row is None else actor_codec.decode(row[0])


def list_of_channel(session: Session, channel: Channel) -> Sequence[Subscription]:
    """The subscriptions of a channel, oldest first."""
    rows = session.execute(sa.select(subscriptions).where(_at(subscriptions, channel)).order_by(subscriptions.c.id))
    return [_read(row) for row in rows.mappings()]


def list_created(session: Session, workspace_id: WorkspaceId, user: str, limit: int) -> Sequence[Subscription]:
    """What somebody subscribed channels of a workspace to, by channel."""
    rows = session.execute(
        sa.select(subscriptions)
        .where(subscriptions.c.workspace_id == workspace_id, subscriptions.c.created_by["id"].astext == user)
        .order_by(subscriptions.c.channel, subscriptions.c.id)
        .limit(limit)
    )
    return [_read(row) for row in rows.mappings()]


def list_repository(session: Session, repository_id: RepositoryId) -> Sequence[Subscription]:
    """Who asked for a repository, in channels that are paused too."""
    rows = session.execute(
        sa.select(subscriptions).where(subscriptions.c.repository_id == repository_id).order_by(subscriptions.c.id)
    )
    return [_read(row) for row in rows.mappings()]


def list_subscribed(session: Session, repository_ids: Collection[RepositoryId]) -> set[RepositoryId]:
    """Those of the repositories that some channel subscribed to, one that is paused too."""
    rows = session.execute(
        sa.select(subscriptions.c.repository_id).where(subscriptions.c.repository_id.in_(list(repository_ids)))
    )
    return {RepositoryId(repository_id) for repository_id in rows.scalars()}


def get_channel(session: Session, channel: Channel) -> ChannelHours:
    """A channel with its hours; one never told anything has none."""
    row = session.execute(sa.select(channels).where(_at(channels, channel))).mappings().one_or_none()
    return ChannelHours(channel=channel, hours=Hours()) if row is None else _read_channel(row)


def list_channels(session: Session, wanted_channels: Sequence[Channel]) -> dict[Channel, ChannelHours]:
    """Channels with their hours; those never told anything are left out."""
    if not wanted_channels:
        return {}
    wanted = sa.tuple_(channels.c.workspace_id, channels.c.channel).in_(
        [(channel.workspace_id, channel.id) for channel in wanted_channels]
    )
    found = (_read_channel(row) for row in session.execute(sa.select(channels).where(wanted)).mappings())
    return {channel.channel: channel for channel in found}


def list_with_digest(session: Session) -> Sequence[ChannelHours]:
    """The channels that have a digest."""
    rows = session.execute(
        sa.select(channels)
        .where(channels.c.digest_at.is_not(None))
        .order_by(channels.c.workspace_id, channels.c.channel)
    )
    return [_read_channel(row) for row in rows.mappings()]


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
    session.execute(
        insert(channels)
        .values(workspace_id=channel.workspace_id, channel=channel.id, **row)
        .on_conflict_do_update(index_elements=["workspace_id", "channel"], set_=row)
    )


def _at(table: sa.Table, channel: Channel) -> sa.ColumnElement[bool]:
    return sa.and_(table.c.workspace_id == channel.workspace_id, table.c.channel == channel.id)


def _read(row: sa.RowMapping) -> Subscription:
    return Subscription(
        id=row["id"],
        channel=Channel(WorkspaceId(row["workspace_id"]), row["channel"]),
        repository_id=RepositoryId(row["repository_id"]),
        filters=Filters(
            events=frozenset(Event(word) for word in row["events"]),
            branch=row["branch"],
            minimum=row["minimum"],
            owner=row["owner"],
            path=row["path"],
        ),
    )


def _read_channel(row: sa.RowMapping) -> ChannelHours:
    digest = DigestTime(row["digest_at"], frozenset(row["digest_days"])) if row["digest_at"] else None
    quiet = None
    if row["quiet_begin"] is not None:
        quiet = QuietHours(row["quiet_begin"], row["quiet_end"], frozenset(row["quiet_days"]))
    return ChannelHours(
        channel=Channel(WorkspaceId(row["workspace_id"]), row["channel"]),
        hours=Hours(zone=ZoneInfo(row["zone"]), digest=digest, digest_since=row["digest_since"], quiet=quiet),
    )
