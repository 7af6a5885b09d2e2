"""The methods of the Web API, see https://docs.slack.dev/reference/methods."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

from bot.sandbox import json_object
from bot.sandbox.json_object import JsonObject
from bot.sandbox.slack import errors, model
from bot.sandbox.slack.model import Channel, Message, User, View
from bot.sandbox.slack.workspace import SlackWorkspace

Method: TypeAlias = Callable[[SlackWorkspace, JsonObject], JsonObject]
_PAGE_SIZE = 100


def _auth_test(slack: SlackWorkspace, _arguments: JsonObject) -> JsonObject:
    return {
        "url": slack.base_url,
        "team": slack.name,
        "user": slack.users[model.BOT_USER_ID].name,
        "team_id": slack.team_id,
        "enterprise_id": slack.enterprise_id or None,
        "user_id": model.BOT_USER_ID,
        "bot_id": model.BOT_ID,
        "is_enterprise_install": slack.is_organisation,
    }


def _post_message(slack: SlackWorkspace, arguments: JsonObject) -> JsonObject:
    message = slack.post(
        _reachable_channel(slack, arguments),
        json_object.string(arguments, "text"),
        _blocks(arguments),
        thread_ts=json_object.string(arguments, "thread_ts") or None,
        broadcast=json_object.boolean(arguments, "reply_broadcast"),
        metadata=json_object.child(arguments, "metadata"),
        client_msg_id=json_object.string(arguments, "client_msg_id") or None,
    )
    return {"channel": message.channel, "ts": message.ts, "message": message.as_json()}


def _post_ephemeral(slack: SlackWorkspace, arguments: JsonObject) -> JsonObject:
    message = slack.post_ephemeral(
        _reachable_channel(slack, arguments),
        json_object.string(arguments, "user"),
        json_object.string(arguments, "text"),
        _blocks(arguments),
        thread_ts=json_object.string(arguments, "thread_ts") or None,
    )
    return {"message_ts": message.ts}


def _update_message(slack: SlackWorkspace, arguments: JsonObject) -> JsonObject:
    message = slack.update(
        *_channel_and_ts(arguments),
        json_object.string(arguments, "text"),
        _blocks(arguments),
        json_object.child(arguments, "metadata"),
    )
    return {"channel": message.channel, "ts": message.ts, "text": message.text, "message": message.as_json()}


def _delete_message(slack: SlackWorkspace, arguments: JsonObject) -> JsonObject:
    channel, ts = _channel_and_ts(arguments)
    slack.delete(channel, ts)
    return {"channel": channel, "ts": ts}


def _unfurl(slack: SlackWorkspace, arguments: JsonObject) -> JsonObject:
    unfurls, unfurl_id = json_object.child(arguments, "unfurls"), json_object.string(arguments, "unfurl_id")
    if unfurl_id and json_object.string(arguments, "source") == "composer":
        slack.drafts[unfurl_id] |= unfurls
    else:
        slack.unfurl(*_channel_and_ts(arguments), unfurls)
    return {}


def _open_view(slack: SlackWorkspace, arguments: JsonObject) -> JsonObject:
    trigger_id = json_object.string(arguments, "trigger_id")
    return _view_json(slack.open_modal(trigger_id, json_object.child(arguments, "view")))


def _push_view(slack: SlackWorkspace, arguments: JsonObject) -> JsonObject:
    trigger_id = json_object.string(arguments, "trigger_id")
    return _view_json(slack.push_modal(trigger_id, json_object.child(arguments, "view")))


def _update_view(slack: SlackWorkspace, arguments: JsonObject) -> JsonObject:
    view = slack.update_modal(
        json_object.child(arguments, "view"),
        view_id=json_object.string(arguments, "view_id"),
        external_id=json_object.string(arguments, "external_id"),
        expected_hash=json_object.string(arguments, "hash"),
    )
    return _view_json(view)


def _publish_view(slack: SlackWorkspace, arguments: JsonObject) -> JsonObject:
    user, expected_hash = json_object.string(arguments, "user_id"), json_object.string(arguments, "hash")
    return _view_json(slack.publish_home(user, json_object.child(arguments, "view"), expected_hash))


def _user_info(slack: SlackWorkspace, arguments: JsonObject) -> JsonObject:
    user = slack.users.get(json_object.string(arguments, "user"))
    if user is None:
        errors.fail("user_not_found")
    return {"user": _user_json(slack, user)}


def _lookup_user_by_email(slack: SlackWorkspace, arguments: JsonObject) -> JsonObject:
    email = json_object.string(arguments, "email").lower()
    user = next((user for user in slack.users.values() if email and user.email == email), None)
    if user is None:
        errors.fail("users_not_found")
    return {"user": _user_json(slack, user)}


def _list_users(slack: SlackWorkspace, _arguments: JsonObject) -> JsonObject:
    return {"members": [_user_json(slack, user) for user in slack.users.values()]}


def _list_group_users(slack: SlackWorkspace, arguments: JsonObject) -> JsonObject:
    if slack.is_organisation and not json_object.string(arguments, "team_id"):
        errors.fail("missing_argument", details=("missing required field: team_id",))
    users = slack.groups.get(json_object.string(arguments, "usergroup"))
    if users is None:
        errors.fail("no_such_subteam")
    return {"users": list(users)}


def _conversation_info(slack: SlackWorkspace, arguments: JsonObject) -> JsonObject:
    return {"channel": _channel_json(_channel(slack, arguments))}


def _open_conversation(slack: SlackWorkspace, arguments: JsonObject) -> JsonObject:
    users = arguments.get("users")
    user = users[0] if isinstance(users, list) and users else json_object.string(arguments, "users")
    return {"channel": _channel_json(slack.direct_channel(str(user)))}


def _list_conversations(slack: SlackWorkspace, _arguments: JsonObject) -> JsonObject:
    channels = [_channel_json(channel) for channel in slack.channels.values() if channel.user is None]
    return {"channels": channels, "response_metadata": {"next_cursor": ""}}


def _conversation_history(slack: SlackWorkspace, arguments: JsonObject) -> JsonObject:
    return _message_page(slack.messages(_channel(slack, arguments).id)[::-1], arguments)


def _conversation_replies(slack: SlackWorkspace, arguments: JsonObject) -> JsonObject:
    channel, ts = _channel(slack, arguments).id, json_object.string(arguments, "ts")
    parent = slack.message(channel, ts)
    if parent is None:
        errors.fail("thread_not_found")
    return _message_page([parent, *slack.replies(channel, ts)], arguments)


METHODS: dict[str, Method] = {
    "api.test": lambda _slack, _arguments: {},
    "auth.test": _auth_test,
    "chat.postMessage": _post_message,
    "chat.update": _update_message,
    "chat.delete": _delete_message,
    "chat.postEphemeral": _post_ephemeral,
    "chat.unfurl": _unfurl,
    "views.open": _open_view,
    "views.push": _push_view,
    "views.update": _update_view,
    "views.publish": _publish_view,
    "users.info": _user_info,
    "users.lookupByEmail": _lookup_user_by_email,
    "users.list": _list_users,
    "usergroups.users.list": _list_group_users,
    "conversations.info": _conversation_info,
    "conversations.open": _open_conversation,
    "conversations.list": _list_conversations,
    "conversations.history": _conversation_history,
    "conversations.replies": _conversation_replies,
}


def _blocks(arguments: JsonObject) -> list[JsonObject]:
    blocks = arguments.get("blocks")
    if blocks is None:
        return []
    if not isinstance(blocks, list) or any(not isinstance(block, dict) for block in blocks):
        errors.fail("invalid_blocks_format")
    return json_object.as_objects(blocks)


def _channel_and_ts(arguments: JsonObject) -> tuple[str, str]:
    return json_object.string(arguments, "channel"), json_object.string(arguments, "ts")


def _channel(slack: SlackWorkspace, arguments: JsonObject) -> Channel:
    channel = slack.channels.get(json_object.string(arguments, "channel"))
    if channel is None:
        errors.fail("channel_not_found")
    return channel


def _reachable_channel(slack: SlackWorkspace, arguments: JsonObject) -> str:
    """Return the `channel` of a call; to the bot, one that it is not a member of does not exist."""
    name = json_object.string(arguments, "channel")
    channel = slack.channels.get(name)
    if channel is not None and not channel.has_bot:
        errors.fail("channel_not_found")
    return name


def _message_page(messages: Sequence[Message], arguments: JsonObject) -> JsonObject:
    oldest, latest = (json_object.string(arguments, name) for name in ("oldest", "latest"))
    in_range = [message for message in messages if oldest < message.ts and (not latest or message.ts < latest)]
    start = int(json_object.string(arguments, "cursor") or 0)
    end = start + int(json_object.string(arguments, "limit") or _PAGE_SIZE)
    has_more = len(in_range) > end
    return {
        "messages": [message.as_json() for message in in_range[start:end]],
        "has_more": has_more,
        "response_metadata": {"next_cursor": str(end) if has_more else ""},
    }


def _channel_json(channel: Channel) -> JsonObject:
    return {
        "id": channel.id,
        "name": channel.name,
        "is_channel": channel.user is None,
        "is_im": channel.user is not None,
        "is_private": False,
        "is_archived": channel.is_archived,
        "is_member": True,
    } | ({"user": channel.user} if channel.user else {})


def _user_json(slack: SlackWorkspace, user: User) -> JsonObject:
    return {
        "id": user.id,
        "team_id": slack.team_id,
        "name": user.name,
        "real_name": user.real_name,
        "deleted": False,
        "is_bot": user.is_bot,
        "tz": "Europe/Berlin",
        "profile": {"real_name": user.real_name, "display_name": user.name, "email": user.email},
    }


def _view_json(view: View) -> JsonObject:
    return {"view": view.as_json()}
