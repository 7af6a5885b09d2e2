"""Digests: requested when they are due, once each."""

from __future__ import annotations

from datetime import datetime

from bot.analysis import channel_schedule
from bot.analysis.model import Channel
from bot.analysis.notice import DigestNotice
from bot.store.conversation import channel_pause as channel_pause_store
from bot.store.conversation import notice as notice_store
from bot.store.conversation import subscription as subscription_store
from bot.store.database import Session


def put_due(session: Session, now: datetime) -> int:
    """Ask for every digest that is due, once each however many processes do so; returns how many were new."""
    channels = subscription_store.list_with_digest(session)
    paused = channel_pause_store.list_of(session, [channel.channel for channel in channels])
    notices = []
    for channel in channels:
        hours = channel.hours
        if hours.digest is None or channel.channel in paused:
            continue
        day = channel_schedule.due_on(hours.digest, hours.zone, now, hours.digest_since or now)
        if day is not None:
            notices.append(DigestNotice(day=day, channel=channel.channel))
    return notice_store.put_all(session, notices, now)


def put_now(session: Session, channel: Channel, key: str, now: datetime) -> None:
    """Ask for the digest of a channel at once; `key` tells one asking from another."""
    notice_store.put(session, DigestNotice(request=key, channel=channel), now)
