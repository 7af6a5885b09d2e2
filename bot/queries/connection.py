"""Whether each part of the installation does its work, from what is stored, without a network call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from bot.analysis.connection import AccountConnection, Component, Connection, Queue, ServiceConnection, Setup
from bot.analysis.model import Channel, RepositoryId
from bot.store import queue
from bot.store.conversation import channel_pause as channel_pause_store
from bot.store.conversation import notice as notice_store
from bot.store.database import Session
from bot.store.runs import delivery as delivery_store
from bot.store.runs import run as run_store
from bot.store.workspaces import account_link as account_link_store

_SETTINGS: Mapping[Component, Sequence[str]] = {
    Component.SLACK: ("SLACK_BOT_TOKEN", "SLACK_SIGNING_SECRET"),
    Component.GITHUB_APP: ("GITHUB_APP_ID", "GITHUB_APP_PRIVATE_KEY"),
    Component.GITHUB_WEBHOOK: ("GITHUB_WEBHOOK_SECRET",),
}


def of_person(
    session: Session, person: Channel, repository_ids: Sequence[RepositoryId], setup: Setup, now: datetime
) -> tuple[Connection, ...]:
    """The account of a person and each part; `repository_ids` are what they may see."""
    last_at = {
        Component.SLACK: notice_store.last_sent(session, person.workspace_id),
        Component.GITHUB_APP: run_store.last_ingested(session, repository_ids),
        Component.GITHUB_WEBHOOK: delivery_store.last_received(session),
    }
    paused = {Component.SLACK: channel_pause_store.count(session, person.workspace_id)}
    services = [
        ServiceConnection(
            part=part,
            missing=tuple(setting for setting in settings if setting in setup.missing),
            last_at=last_at[part],
            paused_channels=paused.get(part, 0),
        )
        for part, settings in _SETTINGS.items()
    ]
    due, oldest = queue.due(session, now)
    jobs = Queue(due, timedelta() if oldest is None else now - oldest)
    if not setup.linking:
        return (*services, jobs)
    link = account_link_store.find(session, person.workspace_id, person.id)
    return (AccountConnection(link.github_login if link else None), *services, jobs)
