"""What happens to the app itself: removed from a workspace, its tokens taken back, its channels closed to it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from slack_bolt import BoltContext

from bot import telemetry
from bot.analysis.model import Channel
from bot.commands.context import Entrance, Part, now
from bot.services import subscription
from bot.services import workspace as workspaces
from bot.store.database import Session
from bot.store.runs import delivery as delivery_store
from bot.store.workspaces.workspace import Workspace

_log = telemetry.logger(__name__)


class _Tokens(Part):
    bot: tuple[str, ...] = ()


class _Event(Part):
    type: str = ""
    channel: str = ""
    user: str = ""
    tokens: _Tokens = _Tokens()


class _Body(Part):
    event_id: str = ""
    event_time: int = 0
    event: _Event = _Event()


Handler = Callable[[Session, Workspace, _Event], None]


def _on_uninstalled(session: Session, workspace: Workspace, _event: _Event) -> None:
    workspaces.uninstall(session, workspace, now())
    _log.warning("the app was removed from a workspace", workspace=workspace.id, team=workspace.team_id)


def _on_revoked(session: Session, workspace: Workspace, event: _Event) -> None:
    if event.tokens.bot:
        workspaces.revoke(session, workspace)
        _log.warning("a workspace took its token back", workspace=workspace.id, team=workspace.team_id)


def _closing(reason: str) -> Handler:
    def on_closed(session: Session, workspace: Workspace, event: _Event) -> None:
        workspaces.pause(session, Channel(workspace.id, event.channel), reason, now())

    return on_closed


def _on_opened(session: Session, workspace: Workspace, event: _Event) -> None:
    subscription.resume(session, Channel(workspace.id, event.channel))


def _on_joined(session: Session, workspace: Workspace, event: _Event) -> None:
    if event.user == workspace.bot_user_id:
        _on_opened(session, workspace, event)


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


def take(session: Session, event_id: str) -> bool:
    """Whether an event about an installation was not taken before, whichever workspace it was then of."""
    return delivery_store.insert_slack_event(session, f"lifecycle:{event_id}", now())


def listener(entrance: Entrance, handler: Handler) -> Callable[..., None]:
    """A handler as Bolt's listener: each event once, and none that is older than the installation it speaks of."""

    def on_event(body: Mapping[str, object], context: BoltContext) -> None:
        said = _Body.model_validate(body)
        workspace: Workspace = context["workspace"]
        if datetime.fromtimestamp(said.event_time + 1, UTC) < workspace.installed_at:
            _log.info("event of a former installation", event_name=said.event.type, workspace=workspace.id)
            return
        with telemetry.correlated(telemetry.new_id(), workspace=workspace.id), entrance.db.begin() as session:
            if take(session, said.event_id):
                handler(session, workspace, said.event)

    return on_event
