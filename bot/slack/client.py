"""Slack's Web API, as far as FlakeGuard calls it: with deadlines, retries and a circuit breaker."""

from __future__ import annotations

import http.client
import json
import re
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import TypeVar
from urllib.error import URLError

import slack_sdk
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.web import SlackResponse
from slack_sdk.webhook import WebhookClient, WebhookResponse

from bot.errors import PermanentUpstreamError, UnreachableError, UpstreamError
from bot.resilience import ATTEMPTS, Upstream
from bot.slack import errors
from bot.slack.block_kit import Block, Json, Message, View
from bot.slack.errors import UserGroupNotFoundError

_Answer = TypeVar("_Answer")
TIMEOUT_SECONDS = 10
_OK = 200
_ERROR = re.compile(r'\s*(?:\{.*"error"\s*:\s*")?(?P<code>[a-z_]+)(?:".*\})?\s*', re.DOTALL)
_GROUP_SECONDS = 300.0
_SKEW = timedelta(minutes=10)  # Slack's clock is not ours
_PAGE, _PAGES = 100, 5
_KEYS = uuid.UUID("5f9e1a52-0f2b-4c39-9c1e-0c7f3f0a9d41")


@dataclass(frozen=True, slots=True)
class LinkPlace:
    """Where links were shared: in a message, or in one that is still being written."""

    channel: str
    ts: str
    unfurl_id: str = ""
    source: str = ""

    @property
    def is_draft(self) -> bool:
        """Whether the message is not sent yet, so that Slack knows it by its `unfurl_id` only."""
        return self.source == "composer" and bool(self.unfurl_id)


@dataclass(frozen=True, slots=True)
class BotIdentity:
    """The workspace and the bot user of a token (https://docs.slack.dev/reference/methods/auth.test)."""

    team_id: str
    team: str
    bot_user_id: str
    url: str
    enterprise_id: str
    is_organisation: bool

    @property
    def workspace_team_id(self) -> str:
        """The team; empty where the app is installed in a whole organisation."""
        return "" if self.is_organisation else self.team_id


def web(base_url: str, *, token: str = "") -> slack_sdk.WebClient:
    """The library's client of the Web API at `base_url`, which neither waits nor tries again."""
    address = base_url if base_url.endswith("/") else f"{base_url}/"
    return slack_sdk.WebClient(token=token or None, base_url=address, timeout=TIMEOUT_SECONDS, retry_handlers=[])


class Slack:
    """A workspace, as the bot may act in it. Safe to share between threads."""

    def __init__(self, token: str, *, base_url: str = "https://slack.com/api/") -> None:
        self.web = web(base_url, token=token)
        self._groups: dict[tuple[str, str], tuple[frozenset[str], float]] = {}
        # After any other failure the request may have arrived; the outbox repeats it under the same key.
        self._upstream = Upstream("Slack", retry_on=UnreachableError)

    def post(
        self, channel: str, message: Message, *, key: str, thread_ts: str | None = None, broadcast: bool = False
    ) -> str:
        """Post a message and return its `ts`; Slack may drop a second message of the same `key` (`client_msg_id`).

        `broadcast` also shows a reply in the channel. The message carries a mark of its key, by which `find` knows it.

        Raises:
            RateLimitedError, UnreachableError, PermanentUpstreamError: nothing was posted.
            UpstreamError: it may have been posted.
        """
        mark = str(uuid.uuid5(_KEYS, key))
        response = self._write(
            "chat.postMessage",
            {
                **_content(message),
                "blocks": _marked(_blocks(message), mark),
                "channel": channel,
                "thread_ts": thread_ts,
                "reply_broadcast": broadcast if thread_ts else None,
                "client_msg_id": mark,
                "unfurl_links": False,
                "unfurl_media": False,
            },
        )
        return _text(response, "ts")

    def find(self, channel: str, *, key: str, at: datetime, thread_ts: str | None = None) -> str | None:
        """The `ts` of the message posted under a key at about a time; None where there is none.

        None too where the app may not read the history of the channel, for which it asks no scope.
        """
        mark = str(uuid.uuid5(_KEYS, key))
        wanted: dict[str, str | int | None] = {
            "channel": channel,
            "ts": thread_ts,
            "oldest": f"{(at - _SKEW).timestamp():.6f}",
            "latest": f"{(at + _SKEW).timestamp():.6f}",
            "limit": _PAGE,
        }
        method = "conversations.replies" if thread_ts else "conversations.history"
        cursor = ""
        for _ in range(_PAGES):
            try:
                response = self._read(method, {**wanted, "cursor": cursor or None})
            except PermanentUpstreamError:
                return None
            for message in response.get("messages") or []:
                own = {part: value for part, value in message.items() if part != "attachments"}  # those may quote ours
                if mark in json.dumps(own):
                    return str(message.get("ts") or "") or None
            cursor = str((response.get("response_metadata") or {}).get("next_cursor") or "")
            if not cursor:
                break
        return None

    def update(self, channel: str, ts: str, message: Message) -> None:
        """Replace a message of ours."""
        self._write("chat.update", {**_content(message), "channel": channel, "ts": ts})

    def ephemeral(self, channel: str, user: str, message: Message, *, thread_ts: str | None = None) -> None:
        """Show a message to one person of a channel only."""
        address = {"channel": channel, "user": user, "thread_ts": thread_ts}
        self._write("chat.postEphemeral", {**address, "text": message.text, "blocks": _blocks(message)})

    def respond(self, response_url: str, message: Message, *, thread_ts: str | None = None) -> None:
        """Show a message to the person of a request, at the address that came with it.

        That reaches channels the bot is not in, for half an hour and five times
        (https://docs.slack.dev/interactivity/handling-user-interaction#message_responses).
        """
        body: dict[str, object] = {
            "response_type": "ephemeral",
            "replace_original": False,
            "text": message.text,
            "blocks": _blocks(message),
        }
        if thread_ts:
            body["thread_ts"] = thread_ts
        webhook = WebhookClient(response_url, timeout=TIMEOUT_SECONDS, retry_handlers=[])
        self._upstream.call(lambda: translated("response_url", lambda: _require_ok(webhook.send_dict(body))))

    def unfurl(self, where: LinkPlace, shown: Mapping[str, Sequence[Block]]) -> None:
        """Show blocks under links of a message; a second time replaces them."""
        unfurls = {url: {"blocks": [dict(block) for block in blocks]} for url, blocks in shown.items()}
        if where.is_draft:
            address = {"unfurl_id": where.unfurl_id, "source": where.source}
        else:
            address = {"channel": where.channel, "ts": where.ts}
        self._write("chat.unfurl", {**address, "unfurls": unfurls})

    def open_dm(self, user: str) -> str:
        """The channel of the direct messages with a person."""
        response = self._write("conversations.open", {"users": user})
        channel = response.get("channel")
        return str(channel.get("id", "")) if isinstance(channel, dict) else ""

    def open_view(self, trigger_id: str, view: View) -> str:
        """Open a modal and return its id; never retried, since a trigger lives 3 s and works once."""
        response = self._write("views.open", {"trigger_id": trigger_id, "view": view.payload()}, attempts=1)
        opened = response.get("view")
        return str(opened.get("id", "")) if isinstance(opened, dict) else ""

    def update_view(self, view_id: str, view: View) -> None:
        """Replace an open modal."""
        self._write("views.update", {"view_id": view_id, "view": view.payload()})

    def publish_home(self, user: str, view: View) -> None:
        """Show a person their App Home."""
        self._write("views.publish", {"user_id": user, "view": view.payload()})

    def email_of(self, user: str) -> str:
        """A person's e-mail address; empty where they, or the app's scopes, do not show it."""
        response = self._read("users.info", {"user": user})
        profile = (response.get("user") or {}).get("profile") or {}
        return str(profile.get("email") or "")

    def group_members(self, group: str, *, team_id: str | None = None) -> frozenset[str]:
        """The members of a user group, cached for five minutes; nobody where there is no such group.

        The token of an organisation needs the `team_id` of the workspace.
        """
        known = self._groups.get((group, team_id or ""))
        if known is not None and time.monotonic() - known[1] < _GROUP_SECONDS:
            return known[0]
        try:
            response = self._read("usergroups.users.list", {"usergroup": group, "team_id": team_id})
        except UserGroupNotFoundError:
            members: frozenset[str] = frozenset()
        else:
            members = frozenset(str(one) for one in response.get("users") or [])
        self._groups[group, team_id or ""] = (members, time.monotonic())
        return members

    def probe(self) -> BotIdentity:
        """The workspace and the bot user of the token."""
        response = self._read("auth.test", {}, attempts=1)
        texts = (_text(response, name) for name in ("team_id", "team", "user_id", "url", "enterprise_id"))
        team_id, team, user_id, url, enterprise_id = texts
        return BotIdentity(team_id, team, user_id, url, enterprise_id, bool(response.get("is_enterprise_install")))

    def _write(self, method: str, body: Mapping[str, object], *, attempts: int = ATTEMPTS) -> SlackResponse:
        """Call a method with a JSON body; what is None is left out."""
        call = partial(self.web.api_call, method, json=_without_none(body))
        return self._upstream.call(lambda: translated(method, call), attempts=attempts)

    def _read(self, method: str, query: Mapping[str, str | int | None], *, attempts: int = ATTEMPTS) -> SlackResponse:
        """Call a method that takes no JSON; what is None is left out."""
        call = partial(self.web.api_call, method, params=_without_none(query))
        return self._upstream.call(lambda: translated(method, call), attempts=attempts)


def translated(method: str, call: Callable[[], _Answer]) -> _Answer:
    """Make a call and raise what the library raises as an error of ours, without the request and its token."""
    try:
        return call()
    except SlackApiError as error:
        raise _refused(method, error) from None  # the cause holds the request and its token
    except (ConnectionRefusedError, URLError) as error:
        reason = error.reason if isinstance(error, URLError) else error
        message = f"Slack's {method} could not be reached: {type(reason).__name__}."
        if isinstance(reason, TimeoutError):
            raise UpstreamError(message) from None
        raise UnreachableError(message) from None
    except (OSError, http.client.HTTPException, SlackClientError) as error:
        # The request may have arrived; the caller asks again later, under the same key.
        message = f"Slack's {method} broke off: {type(error).__name__}."
        raise UpstreamError(message) from None


def _require_ok(response: WebhookResponse) -> None:
    """Raise the error of a response_url, which is a code such as `used_url`, bare or in JSON."""
    if response.status_code != _OK:
        error = _ERROR.fullmatch(response.body)
        method, code = "response_url", error["code"] if error else f"status_{response.status_code}"
        raise errors.from_response(method, response.status_code, code, response.headers)


def _refused(method: str, error: SlackApiError) -> UpstreamError | PermanentUpstreamError:
    response = error.response
    status = response.status_code
    details = response.get("response_metadata")
    lines = details.get("messages") if isinstance(details, dict) else None
    code = str(response.get("error") or ("" if status == _OK else f"status_{status}"))
    return errors.from_response(method, status, code, response.headers, lines or ())


def _blocks(message: Message) -> list[dict[str, Json]]:
    return [dict(block) for block in message.blocks]


def _marked(blocks: list[dict[str, Json]], mark: str) -> list[dict[str, Json]]:
    """Put a mark into the first block that has no id of its own."""
    bare = next((block for block in blocks if "block_id" not in block), None)
    if bare is not None:
        bare["block_id"] = mark
    return blocks


def _content(message: Message) -> dict[str, object]:
    metadata = message.metadata
    payload = metadata and {"event_type": metadata.event_type, "event_payload": dict(metadata.event_payload)}
    return {"text": message.text, "blocks": _blocks(message), "metadata": payload}


def _without_none(arguments: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in arguments.items() if value is not None}


def _text(response: SlackResponse, key: str) -> str:
    return str(response.get(key) or "")
