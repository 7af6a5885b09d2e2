"""The manifest of the Slack app: everything Slack has to know of FlakeGuard, in one file to paste."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

from bot.slack.block_kit import Json
from bot.slack.ids import ShortcutId

SCOPES: Final = (
    "app_mentions:read",
    "channels:read",
    "chat:write",
    "chat:write.public",
    "commands",
    "groups:read",
    "im:write",
    "links:read",
    "links:write",
    "usergroups:read",
    "users:read",
    "users:read.email",
)
"""What the bot may do; it never reads what people write in channels."""
EVENTS: Final = (
    "app_home_opened",
    "app_mention",
    "app_uninstalled",
    "channel_archive",
    "channel_deleted",
    "channel_left",
    "channel_unarchive",
    "group_archive",
    "group_deleted",
    "group_left",
    "group_unarchive",
    "link_shared",
    "member_joined_channel",
    "tokens_revoked",
)
COMMAND: Final = "/flakeguard"
_DESCRIPTION = "Finds flaky tests, and lets the right people settle them in Slack."
_LONG = (
    "FlakeGuard reads the test reports of your CI, tells a flaky test from a broken one by evidence, and posts one "
    "card with it. A person proposes a quarantine, another one approves it, and it ends by itself. The check run of "
    "a pull request says which failures are not its author's."
)
_SHORTCUTS: Final = {
    ShortcutId.QUARANTINE: ("Quarantine a test…", "global", "Propose to keep a flaky test from failing builds"),
    ShortcutId.RUN: ("Ask about this run", "message", "What failed in the run of this message, and why"),
}


def manifest(public_url: str | None, *, socket_mode: bool = False, distributed: bool = False) -> dict[str, Json]:
    """The manifest for a bot at `public_url`.

    In Socket Mode Slack needs no address: then `public_url` may be None, and only installing by OAuth, links and
    unfurls need it. `distributed`: workspaces install it by OAuth, so organisations may and tokens are rotated.
    """
    base = (public_url or "").rstrip("/")
    endpoint = f"{base}/slack/events"
    command: dict[str, Json] = {
        "command": COMMAND,
        "description": "Ask FlakeGuard, or decide",
        "usage_hint": "status | test <name> | quarantine <name> | help",
        "should_escape": True,
    }
    interactivity: dict[str, Json] = {"is_enabled": True}
    events: dict[str, Json] = {"bot_events": [*EVENTS]}
    if not socket_mode:
        command["url"] = endpoint
        interactivity |= {"request_url": endpoint, "message_menu_options_url": endpoint}
        events["request_url"] = endpoint
    features: dict[str, Json] = {
        "app_home": {"home_tab_enabled": True, "messages_tab_enabled": True, "messages_tab_read_only_enabled": False},
        "bot_user": {"display_name": "FlakeGuard", "always_online": True},
        "shortcuts": [
            {"name": name, "type": kind, "callback_id": shortcut.value, "description": says}
            for shortcut, (name, kind, says) in _SHORTCUTS.items()
        ],
        "slash_commands": [command],
    }
    oauth: dict[str, Json] = {"scopes": {"bot": [*SCOPES]}}
    if base:
        features["unfurl_domains"] = [urlsplit(base).hostname or ""]
        oauth["redirect_urls"] = [f"{base}/slack/oauth_redirect"]
    return {
        "_metadata": {"major_version": 2, "minor_version": 1},
        "display_information": {
            "name": "FlakeGuard",
            "description": _DESCRIPTION,
            "long_description": _LONG,
            "background_color": "#1f2a37",
        },
        "features": features,
        "oauth_config": oauth,
        "settings": {
            "event_subscriptions": events,
            "interactivity": interactivity,
            "org_deploy_enabled": distributed,
            "socket_mode_enabled": socket_mode,
            "token_rotation_enabled": distributed,
        },
    }
