"""The Web API: /slack/api/<method>, and the addresses at which the bot answers later."""

from __future__ import annotations

import asyncio
import base64
import time
from collections.abc import Callable, Sequence
from typing import TypeAlias

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from bot.sandbox.slack import model, oauth, payload, socketmode
from bot.sandbox.slack.events import Slack
from bot.sandbox.slack.model import Call, Channel, Message, RefusalError, User
from bot.sandbox.slack.oauth import SlackApp
from bot.sandbox.slack.payload import JsonObject

_Method: TypeAlias = Callable[[Slack, JsonObject], JsonObject]


def _auth_test(slack: Slack, arguments: JsonObject) -> JsonObject:
    del arguments
    return {
        "url": slack.base_url,
        "team": slack.name,
        "user": slack.users[model.BOT_USER_ID].name,
        "team_id": slack.team_id,
        "enterprise_id": slack.enterprise_id or None,
        "user_id": model.BOT_USER_ID,
        "bot_id": "B0FLAKE",
        "is_enterprise_install": slack.is_organisation,
    }


def _blocks(arguments: JsonObject) -> list[JsonObject]:
    given = arguments.get("blocks")
    if given is None:
        return []
    if not isinstance(given, list) or any(not isinstance(block, dict) for block in given):
        code = "invalid_blocks_format"
        raise RefusalError(code)
    return payload.as_objects(given)


def _reached(slack: Slack, arguments: JsonObject) -> str:
    """The channel a call speaks to; one the bot is not in does not exist for it."""
    name = payload.string(arguments, "channel")
    place = slack.channels.get(name)
    if place is not None and not place.has_bot:
        code = "channel_not_found"
        raise RefusalError(code)
    return name


def _post_message(slack: Slack, arguments: JsonObject) -> JsonObject:
    message = slack.post(
        _reached(slack, arguments),
        payload.string(arguments, "text"),
        _blocks(arguments),
        thread_ts=payload.string(arguments, "thread_ts") or None,
        broadcast=payload.truth(arguments, "reply_broadcast"),
        metadata=payload.child(arguments, "metadata"),
        client_msg_id=payload.string(arguments, "client_msg_id") or None,
    )
    return {"channel": message.channel, "ts": message.ts, "message": message.as_json()}


def _update(slack: Slack, arguments: JsonObject) -> JsonObject:
    message = slack.update(
        payload.string(arguments, "channel"),
        payload.string(arguments, "ts"),
        payload.string(arguments, "text"),
        _blocks(arguments),
        payload.child(arguments, "metadata"),
    )
    shown = message.as_json()
    return {"channel": message.channel, "ts": message.ts, "text": message.text, "message": shown}


def _delete(slack: Slack, arguments: JsonObject) -> JsonObject:
    slack.delete(payload.string(arguments, "channel"), payload.string(arguments, "ts"))
    return {"channel": payload.string(arguments, "channel"), "ts": payload.string(arguments, "ts")}


def _unfurl(slack: Slack, arguments: JsonObject) -> JsonObject:
    unfurls, draft = payload.child(arguments, "unfurls"), payload.string(arguments, "unfurl_id")
    if draft and payload.string(arguments, "source") == "composer":
        slack.drafts[draft] |= unfurls
    else:
        slack.unfurl(payload.string(arguments, "channel"), payload.string(arguments, "ts"), unfurls)
    return {}


def _post_ephemeral(slack: Slack, arguments: JsonObject) -> JsonObject:
    message = slack.ephemeral(
        _reached(slack, arguments),
        payload.string(arguments, "user"),
        payload.string(arguments, "text"),
        _blocks(arguments),
        thread_ts=payload.string(arguments, "thread_ts") or None,
    )
    return {"message_ts": message.ts}


def _open_view(slack: Slack, arguments: JsonObject) -> JsonObject:
    view = slack.open_modal(payload.string(arguments, "trigger_id"), payload.child(arguments, "view"))
    return {"view": view.as_json()}


def _push_view(slack: Slack, arguments: JsonObject) -> JsonObject:
    view = slack.open_modal(payload.string(arguments, "trigger_id"), payload.child(arguments, "view"), push=True)
    return {"view": view.as_json()}


def _update_view(slack: Slack, arguments: JsonObject) -> JsonObject:
    view = slack.update_modal(
        payload.child(arguments, "view"),
        view_id=payload.string(arguments, "view_id"),
        external_id=payload.string(arguments, "external_id"),
        expected=payload.string(arguments, "hash"),
    )
    return {"view": view.as_json()}


def _publish_view(slack: Slack, arguments: JsonObject) -> JsonObject:
    user, hash_ = payload.string(arguments, "user_id"), payload.string(arguments, "hash")
    return {"view": slack.publish_home(user, payload.child(arguments, "view"), hash_).as_json()}


def _user_json(slack: Slack, user: User) -> JsonObject:
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


def _user_info(slack: Slack, arguments: JsonObject) -> JsonObject:
    user = slack.users.get(payload.string(arguments, "user"))
    if user is None:
        code = "user_not_found"
        raise RefusalError(code)
    return {"user": _user_json(slack, user)}


def _lookup_by_email(slack: Slack, arguments: JsonObject) -> JsonObject:
    email = payload.string(arguments, "email").lower()
    user = next((user for user in slack.users.values() if email and user.email == email), None)
    if user is None:
        code = "users_not_found"
        raise RefusalError(code)
    return {"user": _user_json(slack, user)}


def _group_members(slack: Slack, arguments: JsonObject) -> JsonObject:
    if slack.is_organisation and not payload.string(arguments, "team_id"):
        code = "missing_argument"
        raise RefusalError(code, details=("missing required field: team_id",))
    members = slack.groups.get(payload.string(arguments, "usergroup"))
    if members is None:
        code = "no_such_subteam"
        raise RefusalError(code)
    return {"users": list(members)}


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


def _channel(slack: Slack, arguments: JsonObject) -> Channel:
    channel = slack.channels.get(payload.string(arguments, "channel"))
    if channel is None:
        code = "channel_not_found"
        raise RefusalError(code)
    return channel


def _conversation_info(slack: Slack, arguments: JsonObject) -> JsonObject:
    return {"channel": _channel_json(_channel(slack, arguments))}


def _conversation_open(slack: Slack, arguments: JsonObject) -> JsonObject:
    given = arguments.get("users")
    first = given[0] if isinstance(given, list) and given else payload.string(arguments, "users")
    return {"channel": _channel_json(slack.direct_channel(str(first)))}


def _conversation_list(slack: Slack, arguments: JsonObject) -> JsonObject:
    del arguments
    channels = [_channel_json(channel) for channel in slack.channels.values() if channel.user is None]
    return {"channels": channels, "response_metadata": {"next_cursor": ""}}


def _page(messages: Sequence[Message], arguments: JsonObject) -> JsonObject:
    oldest, latest = (payload.string(arguments, name) for name in ("oldest", "latest"))
    asked = [one for one in messages if oldest < one.ts and (not latest or one.ts < latest)]
    begin, limit = int(payload.string(arguments, "cursor") or 0), int(payload.string(arguments, "limit") or 100)
    rest = len(asked) > begin + limit
    return {
        "messages": [message.as_json() for message in asked[begin : begin + limit]],
        "has_more": rest,
        "response_metadata": {"next_cursor": str(begin + limit) if rest else ""},
    }


def _history(slack: Slack, arguments: JsonObject) -> JsonObject:
    return _page(slack.messages(_channel(slack, arguments).id)[::-1], arguments)


def _replies(slack: Slack, arguments: JsonObject) -> JsonObject:
    channel, ts = _channel(slack, arguments).id, payload.string(arguments, "ts")
    parent = slack.message(channel, ts)
    if parent is None:
        code = "thread_not_found"
        raise RefusalError(code)
    return _page([parent, *slack.replies(channel, ts)], arguments)


METHODS: dict[str, _Method] = {
    "api.test": lambda _slack, _arguments: {},
    "auth.test": _auth_test,
    "chat.postMessage": _post_message,
    "chat.update": _update,
    "chat.delete": _delete,
    "chat.postEphemeral": _post_ephemeral,
    "chat.unfurl": _unfurl,
    "views.open": _open_view,
    "views.push": _push_view,
    "views.update": _update_view,
    "views.publish": _publish_view,
    "users.info": _user_info,
    "users.lookupByEmail": _lookup_by_email,
    "users.list": lambda slack, _arguments: {"members": [_user_json(slack, user) for user in slack.users.values()]},
    "usergroups.users.list": _group_members,
    "conversations.info": _conversation_info,
    "conversations.open": _conversation_open,
    "conversations.list": _conversation_list,
    "conversations.history": _history,
    "conversations.replies": _replies,
}
_CONNECT = "apps.connections.open"
_SECRETS = frozenset({"token", "client_secret", "refresh_token", "code"})


async def _arguments(request: Request) -> JsonObject:
    arguments: JsonObject = dict(request.query_params)
    if "json" in request.headers.get("content-type", ""):
        decoded = payload.decoded((await request.body()).decode(errors="replace") or "{}")
        if not isinstance(decoded, dict):
            code = "invalid_json"
            raise RefusalError(code)
        return arguments | decoded
    async with request.form() as form:
        arguments |= {key: value for key, value in form.items() if isinstance(value, str)}
    for key in ("blocks", "view", "metadata", "unfurls"):
        if isinstance(arguments.get(key), str):
            arguments[key] = payload.decoded(payload.string(arguments, key))
    return arguments


def _basic(request: Request) -> JsonObject:
    """Return the app's own credentials as HTTP's Basic scheme carries them."""
    scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return {}
    name, _, secret = base64.b64decode(encoded).decode(errors="replace").partition(":")
    return {"client_id": name, "client_secret": secret}


def _token(request: Request, arguments: JsonObject) -> str:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token if scheme.lower() == "bearer" else payload.string(arguments, "token")


def _refused(refusal: RefusalError) -> Response:
    headers = {"Retry-After": str(refusal.retry_after)} if refusal.retry_after is not None else {}
    body: JsonObject = {"ok": False, "error": refusal.code}
    if refusal.details:
        body |= {"errors": list(refusal.details), "response_metadata": {"messages": list(refusal.details)}}
    return JSONResponse(body, status_code=refusal.status, headers=headers)


def _refuse_token(token: str, slack: Slack | None, method: str) -> None:
    code = ""
    if not token:
        code = "not_authed"
    elif slack is None or (token == slack.app_token) != (method == _CONNECT):
        code = "invalid_auth"
    if code:
        raise RefusalError(code)


def _perform(slack: Slack, method: str, arguments: JsonObject) -> JsonObject:
    """Do what a call asks for; an ordered fault may lose the answer when the work is done."""
    answered = METHODS[method](slack, arguments)
    lost = slack.fault(method, after=True)
    if lost is not None:
        raise lost
    return answered


def routes(app: SlackApp) -> list[BaseRoute]:
    """Return the routes of the Web API, of the response addresses and of Socket Mode; a token tells the workspace."""
    tickets = socketmode.Tickets()
    first = app.workspaces[0]

    def answer(slack: Slack, request: Request, method: str, arguments: JsonObject) -> JsonObject:
        fault = slack.fault(method)
        if fault is not None:
            raise fault
        if method == oauth.ACCESS:
            return app.access(_basic(request) | arguments)
        token = _token(request, arguments)
        _refuse_token(token, app.of_token(token), method)
        if method == _CONNECT:
            address = slack.base_url.replace("http://", "ws://")
            return {"url": f"{address}/socket?ticket={tickets.issue()}"}
        if method not in METHODS:
            code = "unknown_method"
            raise RefusalError(code)
        return _perform(slack, method, arguments)

    async def call(request: Request) -> Response:
        method = request.path_params["method"]
        arguments: JsonObject = {}
        error = None
        slack = first
        try:
            arguments = await _arguments(request)
            slack = app.of_token(_token(request, arguments)) or first
            await asyncio.sleep(slack.delay)
            response: Response = JSONResponse({"ok": True} | answer(slack, request, method, arguments))
        except RefusalError as refusal:
            response, error = _refused(refusal), refusal.code
        shown = {key: value for key, value in arguments.items() if key not in _SECRETS}
        slack.log(Call(method, shown, response.status_code, error, time.time()))
        return response

    async def respond(request: Request) -> Response:
        error = None
        body: JsonObject = {}
        slack = next((one for one in app.workspaces if one.issued(request.path_params["key"])), first)
        try:
            body = await _arguments(request)
            slack.respond(request.path_params["key"], body)
            response: Response = PlainTextResponse("ok")
        except RefusalError as refusal:
            response, error = _refused(refusal), refusal.code
        slack.log(Call("response_url", body, response.status_code, error, time.time()))
        return response

    return [
        Route("/slack/api/{method}", call, methods=["GET", "POST"]),
        Route("/slack/response/{key}", respond, methods=["POST"]),
        socketmode.route(first, tickets),
    ]
