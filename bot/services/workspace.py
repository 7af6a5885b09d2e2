"""Slack workspaces come and go: what is kept of them, and what is forgotten with them."""

from __future__ import annotations

from datetime import datetime

from bot import telemetry
from bot.analysis.model import ActorKind, Channel
from bot.analysis.notice import ChannelPauseNotice
from bot.store.conversation import channel_pause as channel_pause_store
from bot.store.conversation import notice as notice_store
from bot.store.conversation import subscription as subscription_store
from bot.store.database import Session
from bot.store.workspaces import account_link as account_link_store
from bot.store.workspaces import token as token_store
from bot.store.workspaces import workspace as workspace_store
from bot.store.workspaces.workspace import Workspace

_log = telemetry.logger(__name__)


def uninstall(session: Session, workspace: Workspace, now: datetime) -> None:
    """Forget the token, the people and the installations of a workspace that removed the app.

    The token in the settings is not ours to forget: its workspace is known again when it installs the app again.
    """
    token_store.delete(session, workspace.id)
    account_link_store.delete_workspace(session, workspace.id)
    workspace_store.remove(session, workspace.id, now)


def pause(session: Session, channel: Channel, reason: str, now: datetime) -> None:
    """Stop posting to a channel, and notify the person responsible for it."""
    if not channel_pause_store.put(session, channel, reason, now):
        return
    person = _find_keeper(session, channel)
    if person is None:
        _log.warning("a channel is paused, and nobody is known to tell", channel=str(channel), reason=reason)
        return
    recipient = Channel(channel.workspace_id, person)
    notice_store.put(session, ChannelPauseNotice(paused=channel, paused_at=now, reason=reason, channel=recipient), now)


def _find_keeper(session: Session, channel: Channel) -> str | None:
    """Who subscribed a channel, else who installed the app, else who connected the repositories of its workspace."""
    creator = subscription_store.find_creator(session, channel)
    if creator is not None and creator.kind is ActorKind.SLACK:
        return creator.id
    token = token_store.find(session, channel.workspace_id)
    if token is not None and token.installer:
        return token.installer
    binder = workspace_store.find_binder(session, channel.workspace_id)
    return binder.id if binder is not None and binder.kind is ActorKind.SLACK else None
