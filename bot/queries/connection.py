"""Whether each part FlakeGuard stands on does its work, from what is stored: nothing is asked over the network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.analysis.model import Channel, RepositoryId
from bot.slack.views import phrase
from bot.slack.views.repository import Connection
from bot.store import queue
from bot.store.conversation import channel_pause as channel_pause_store
from bot.store.conversation import notice as notice_store
from bot.store.database import Session
from bot.store.runs import delivery as delivery_store
from bot.store.runs import run as run_store
from bot.store.workspaces import account_link as account_link_store

_STUCK = timedelta(minutes=10)
"""A job that is due for longer says that no worker runs."""
_PARTS: Mapping[str, Sequence[str]] = {
    "Slack": ("SLACK_BOT_TOKEN", "SLACK_SIGNING_SECRET"),
    "GitHub App": ("GITHUB_APP_ID", "GITHUB_APP_PRIVATE_KEY"),
    "GitHub webhook": ("GITHUB_WEBHOOK_SECRET",),
}


@dataclass(frozen=True, slots=True)
class Setup:
    """What the process was started with: the settings it lacks, and whether people can link GitHub accounts."""

    missing: tuple[str, ...] = ()
    linking: bool = False


def of_person(
    session: Session, channel: Channel, present: Sequence[RepositoryId], setup: Setup, now: datetime
) -> tuple[Connection, ...]:
    """The account of a person and each part, with when it last did something.

    The channel of `place` is the person, `present` the repositories they may see.
    """
    seen = {
        "Slack": _ago("message", notice_store.last_sent(session, channel.workspace_id), now)
        + _paused(session, channel),
        "GitHub App": _ago("run read", run_store.last_ingested(session, present), now),
        "GitHub webhook": _ago("delivery", delivery_store.last_received(session), now),
    }
    parts = [_part(name, [one for one in _PARTS[name] if one in setup.missing], seen[name]) for name in _PARTS]
    account = (_account(session, channel),) if setup.linking else ()
    return (*account, *parts, _worker(session, now))


def _account(session: Session, channel: Channel) -> Connection:
    link = account_link_store.find(session, channel.workspace_id, channel.id)
    detail = f"as @{link.github_login}" if link else "type /flakeguard connect"
    return Connection("Your GitHub account", ok=link is not None, detail=detail)


def _part(name: str, absent: Sequence[str], seen: str) -> Connection:
    return Connection(name, ok=not absent, detail=f"set {', '.join(absent)}" if absent else seen)


def _worker(session: Session, now: datetime) -> Connection:
    number, oldest = queue.due(session, now)
    if oldest is None:
        return Connection("Worker", ok=True, detail="no job waits")
    late = now - oldest
    waits = f"{phrase.count(number, 'job waits', 'jobs wait')}, the oldest for {phrase.span(late)}"
    return Connection("Worker", ok=late < _STUCK, detail=waits)


def _ago(what: str, at: datetime | None, now: datetime) -> str:
    return f"last {what} {phrase.span(now - at)} ago" if at else f"no {what} yet"


def _paused(session: Session, channel: Channel) -> str:
    number = channel_pause_store.count(session, channel.workspace_id)
    return f", {phrase.count(number, 'channel')} paused" if number else ""
