"""What happens to the app itself: removed from a workspace, its tokens taken back, its channels closed to it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from bot import telemetry
from bot.analysis.model import Channel
from bot.services import workspace as workspaces
from bot.slack.event_payloads import LifecycleEvent
from bot.store.conversation import channel_pause as channel_pause_store
from bot.store.database import Session
from bot.store.runs import delivery as delivery_store
from bot.store.workspaces import token as token_store
from bot.store.workspaces.workspace import Workspace

_log = telemetry.logger(__name__)
Handler = Callable[[Session, Workspace, LifecycleEvent, datetime], None]


def handle(session: Session, workspace: Workspace, event: LifecycleEvent, now: datetime) -> None:
    """Follow an event, once, unless it is older than the installation: then it is about a former one."""
    if datetime.fromtimestamp(event.event_time + 1, UTC) < workspace.installed_at:
        _log.info("event of a former installation", event_name=event.event.type, workspace=workspace.id)
        return
    if claim(session, event.event_id, now):
        HANDLERS[event.event.type](session, workspace, event, now)


def claim(session: Session, event_id: str, now: datetime) -> bool:
    """Whether an event about an installation was not taken before, whichever workspace it was then of."""
    return delivery_store.insert_slack_event(session, f"lifecycle:{event_id}", now)


def _on_uninstalled(session: Session, workspace: Workspace, _event: LifecycleEvent, now: datetime) -> None:
    workspaces.uninstall(session, workspace, now)
    _log.warning("the app was removed from a workspace", workspace=workspace.id, team=workspace.team_id)


def _on_revoked(session: Session, workspace: Workspace, event: LifecycleEvent, _now: datetime) -> None:
    if event.event.tokens.bot:
        token_store.delete(session, workspace.id)
        _log.warning("a workspace took its token back", workspace=workspace.id, team=workspace.team_id)


def _closing(reason: str) -> Handler:
    def on_closed(session: Session, workspace: Workspace, event: LifecycleEvent, now: datetime) -> None:
        workspaces.pause(session, Channel(workspace.id, event.event.channel), reason, now)

    return on_closed


def _on_opened(session: Session, workspace: Workspace, event: LifecycleEvent, _now: datetime) -> None:
    channel_pause_store.delete(session, Channel(workspace.id, event.event.channel))


def _on_joined(session: Session, workspace: Workspace, event: LifecycleEvent, now: datetime) -> None:
    if event.event.user == workspace.bot_user_id:
        _on_opened(session, workspace, event, now)


_ARCHIVED = _closing("it was archived")
_DELETED = _closing("it was deleted")
_LEFT = _closing("FlakeGuard was removed from it")
HANDLERS: Mapping[str, Handler] = {
    "app_uninstalled": _on_uninstalled,
    "tokens_revoked": _on_revoked,
    "channel_archive": _ARCHIVED,
    "group_archive": _ARCHIVED,
    "channel_deleted": _DELETED,
    "group_deleted": _DELETED,
    "channel_left": _LEFT,
    "group_left": _LEFT,
    "channel_unarchive": _on_opened,
    "group_unarchive": _on_opened,
    "member_joined_channel": _on_joined,
}
