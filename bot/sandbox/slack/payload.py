"""The payloads that Slack sends to the bot, by their names in Slack's documentation.

See https://docs.slack.dev/reference/interaction-payloads and https://docs.slack.dev/apis/events-api.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Sequence

from bot.sandbox import json_object
from bot.sandbox.json_object import JsonObject
from bot.sandbox.slack import block_kit, model, view_state
from bot.sandbox.slack.directory import Directory
from bot.sandbox.slack.model import Channel, Message, View

_TOKEN = "sandbox"  # noqa: S105  # the deprecated verification token, which the bot must not rely on
_DOMAIN = "acme"


def slash_command(
    workspace: Directory, user: str, channel: Channel, line: str, *, response_url: str, trigger_id: str
) -> JsonObject:
    """Return the form fields of a slash command."""
    command, _, text = line.strip().partition(" ")
    fields: JsonObject = {
        "token": _TOKEN,
        "team_id": workspace.team_id,
        "team_domain": _DOMAIN,
        "channel_id": channel.id,
        "channel_name": _channel_name(channel),
        "user_id": user,
        "user_name": workspace.users[user].name,
        "command": command,
        "text": text.strip(),
        "api_app_id": model.APP_ID,
        "is_enterprise_install": str(workspace.is_organisation).lower(),
        "response_url": response_url,
        "trigger_id": trigger_id,
    }
    return fields | ({"enterprise_id": workspace.enterprise_id} if workspace.enterprise_id else {})


def interaction(workspace: Directory, kind: str, user: str, trigger_id: str) -> JsonObject:
    """Return what all interaction payloads have in common."""
    name = workspace.users[user].name
    enterprise = {"id": workspace.enterprise_id, "name": workspace.name} if workspace.enterprise_id else None
    team_id = workspace.external_users.get(user, workspace.team_id)
    return {
        "type": kind,
        "user": {"id": user, "username": name, "name": name, "team_id": team_id},
        "api_app_id": model.APP_ID,
        "token": _TOKEN,
        "team": {"id": workspace.team_id, "domain": _DOMAIN},
        "enterprise": enterprise,
        "is_enterprise_install": workspace.is_organisation,
        "trigger_id": trigger_id,
    }


def message_container(workspace: Directory, message: Message) -> JsonObject:
    """Return the fields of an interaction with a message; the content of an ephemeral one is not sent."""
    container: JsonObject = {
        "type": "message",
        "message_ts": message.ts,
        "channel_id": message.channel,
        "is_ephemeral": message.only_for is not None,
    }
    if message.thread_ts:
        container["thread_ts"] = message.thread_ts
    channel = workspace.channels[message.channel]
    fields: JsonObject = {"container": container, "channel": {"id": channel.id, "name": _channel_name(channel)}}
    return fields | ({"message": message.as_json()} if message.only_for is None else {})


def view_container(view: View, state_values: JsonObject | None = None) -> JsonObject:
    """Return the fields of an interaction with a view."""
    return {"container": {"type": "view", "view_id": view.id}, "view": view.as_json(state_values)}


def action(
    blocks: Sequence[JsonObject],
    action_id: str,
    *,
    block_id: str | None = None,
    value: str | None = None,
    selected: str | Sequence[str] | None = None,
) -> JsonObject:
    """Return the entry in `actions` for an element: a button with this value, or a menu with this option selected.

    Raises:
        LookupError: the blocks have no such element.
    """
    for block, element in _elements(blocks):
        if element.get("action_id") != action_id or block_id not in (None, block.get("block_id")):
            continue
        if value is not None and element.get("value") != value:
            continue
        fields: JsonObject = {
            "action_id": action_id,
            "block_id": block.get("block_id"),
            "action_ts": f"{time.time():.6f}",
        }
        if element.get("type") != "button":
            return fields | view_state.element_value(element, selected)
        button = {key: element[key] for key in ("text", "value", "style", "url") if key in element}
        return fields | {"type": "button"} | button
    action_ids = ", ".join(json_object.string(element, "action_id") for _, element in _elements(blocks))
    problem = f"There is no element {action_id}, only: {action_ids}"
    raise LookupError(problem)


def suggestion(blocks: Sequence[JsonObject], action_id: str, text: str) -> JsonObject:
    """Return the fields of a block_suggestion for what was typed into an external_select."""
    by_action = {element.get("action_id"): block.get("block_id", "") for block, element in _elements(blocks)}
    return {"action_id": action_id, "block_id": by_action.get(action_id, ""), "value": text}


def event_callback(workspace: Directory, event: JsonObject) -> JsonObject:
    """Return an event in its envelope."""
    authorization = {
        "enterprise_id": workspace.enterprise_id or None,
        "team_id": workspace.team_id,
        "user_id": model.BOT_USER_ID,
        "is_bot": True,
        "is_enterprise_install": workspace.is_organisation,
    }
    return {
        "token": _TOKEN,
        "team_id": workspace.team_id,
        "api_app_id": model.APP_ID,
        "event": event,
        "type": "event_callback",
        "event_id": f"Ev0{secrets.token_hex(5).upper()}",
        "event_time": int(time.time()),
        "authorizations": [authorization],
        "is_ext_shared_channel": False,
    } | ({"enterprise_id": workspace.enterprise_id} if workspace.enterprise_id else {})


def event_ts() -> str:
    """Return the time of an event that happens now."""
    return f"{time.time():.6f}"


def _elements(blocks: Sequence[JsonObject]) -> list[tuple[JsonObject, JsonObject]]:
    return [(block, element) for block in blocks for element in block_kit.elements(block)]


def _channel_name(channel: Channel) -> str:
    return "directmessage" if channel.user else channel.name
