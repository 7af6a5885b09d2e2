"""The messages of a workspace, and the rules by which Slack posts and changes them."""

from __future__ import annotations

import secrets
import time
from collections.abc import Sequence
from dataclasses import replace

from bot.sandbox import json_object
from bot.sandbox.json_object import JsonObject
from bot.sandbox.slack import block_kit, block_validator, errors, model
from bot.sandbox.slack.directory import Directory
from bot.sandbox.slack.errors import WebApiError
from bot.sandbox.slack.model import Message
from bot.sandbox.slack.response_url import ResponseUrl, ResponseUrls


class MessageStore(Directory):
    """Messages by channel."""

    def __init__(self, settings: model.SlackSettings, team: model.Team) -> None:
        super().__init__(settings, team)
        self.drafts: dict[str, JsonObject] = {}
        """What is shown under the links of messages that are not sent yet, by the `unfurl_id` of the draft."""
        self._messages: dict[str, dict[str, Message]] = {}
        self._ts_by_client_msg_id: dict[tuple[str, str], str] = {}
        self._response_urls = ResponseUrls()
        self._rate_limit = _RateLimit(settings.burst)
        self._last_ts = (0, 0)

    def messages(self, channel: str) -> list[Message]:
        """List what everybody sees in a channel, oldest first: its messages and the replies broadcast to it."""
        return [m for m in self._all(channel) if m.only_for is None and (m.broadcast or not m.is_reply)]

    def replies(self, channel: str, ts: str) -> list[Message]:
        """List the replies in the thread of a message, oldest first."""
        return [m for m in self._all(channel) if m.only_for is None and m.is_reply and m.thread_ts == ts]

    def ephemerals(self, user: str) -> list[Message]:
        """List the messages that only this person sees, oldest first."""
        with self._lock:
            messages = [m for channel in self._messages.values() for m in channel.values() if m.only_for == user]
        return sorted(messages, key=lambda m: m.ts)

    def message(self, channel: str, ts: str) -> Message | None:
        """Return a message, or None."""
        with self._lock:
            return self._messages.get(channel, {}).get(ts)

    def post(  # noqa: PLR0913 - the arguments of chat.postMessage
        self,
        channel: str,
        text: str,
        blocks: list[JsonObject],
        *,
        user: str = model.BOT_USER_ID,
        thread_ts: str | None = None,
        broadcast: bool = False,
        metadata: JsonObject | None = None,
        client_msg_id: str | None = None,
        only_for: str | None = None,
    ) -> Message:
        """Post a message; a client_msg_id that was used before returns its message."""
        with self._lock:
            channel = self._open_channel(channel).id
            earlier = self.message(channel, self._ts_by_client_msg_id.get((channel, client_msg_id or ""), ""))
            if self.settings.honors_client_msg_id and earlier is not None:
                return earlier
            block_validator.check_message(text, blocks)
            if thread_ts is not None:
                parent = self.message(channel, thread_ts)
                if parent is None:
                    errors.fail("thread_not_found")
                thread_ts = parent.thread_ts or parent.ts
            if user == model.BOT_USER_ID and only_for is None and self.settings.rate_limits:
                self._rate_limit.take(channel)
            message = Message(
                channel=channel,
                ts=self._next_ts(),
                user=user,
                text=text,
                blocks=_stored(blocks),
                thread_ts=thread_ts,
                broadcast=broadcast,
                metadata=metadata or {},
                only_for=only_for,
            )
            if client_msg_id:
                self._ts_by_client_msg_id[channel, client_msg_id] = message.ts
            return self._put(message)

    def post_ephemeral(
        self, channel: str, user: str, text: str, blocks: list[JsonObject], *, thread_ts: str | None = None
    ) -> Message:
        """Show a message to one person only."""
        if user not in self.users:
            errors.fail("user_not_in_channel")
        return self.post(channel, text, blocks, thread_ts=thread_ts, only_for=user)

    def update(self, channel: str, ts: str, text: str, blocks: list[JsonObject], metadata: JsonObject) -> Message:
        """Replace the content of one of the bot's messages."""
        with self._lock:
            message = self._bot_message(channel, ts, "cant_update_message")
            block_validator.check_message(text, blocks)
            metadata, updates = metadata or message.metadata, message.updates + 1
            return self._put(replace(message, text=text, blocks=_stored(blocks), metadata=metadata, updates=updates))

    def unfurl(self, channel: str, ts: str, unfurls: JsonObject) -> None:
        """Show blocks under links of a message, in place of those shown there before."""
        with self._lock:
            message = self.message(self._open_channel(channel).id, ts)
            if message is None:
                errors.fail("cannot_find_message")
            blocks_by_url: dict[str, list[JsonObject]] = {}
            for url, content in unfurls.items():
                blocks = json_object.children(json_object.as_object(content), "blocks")
                if url not in message.text or not blocks:
                    errors.fail("cannot_unfurl_url")
                block_validator.check_message("", blocks)
                blocks_by_url[url] = list(_stored(blocks))
            self._put(replace(message, unfurls=message.unfurls | blocks_by_url))

    def delete(self, channel: str, ts: str) -> None:
        """Delete one of the bot's messages."""
        with self._lock:
            self._remove(self._bot_message(channel, ts, "cant_delete_message"))

    def dismiss(self, user: str) -> None:
        """Remove the ephemeral messages of a person, as Slack does when its client reloads."""
        with self._lock:
            for message in self.ephemerals(user):
                self._remove(message)

    def new_response_url(
        self, user: str, channel: str, message_ts: str | None = None, thread_ts: str | None = None
    ) -> str:
        """Return a response_url for a request that this person causes."""
        with self._lock:
            return f"{self.base_url}/response/{self._response_urls.issue(user, channel, message_ts, thread_ts)}"

    def has_response_url(self, key: str) -> bool:
        """Return whether a response_url is of this workspace."""
        return key in self._response_urls

    def respond(self, key: str, body: JsonObject) -> None:
        """Do what was sent to a response_url: replace or delete the message it is for, or post another one."""
        with self._lock:
            url = self._response_urls.use(key)
            original = self.message(url.channel, url.message_ts or "")
            if original is not None and json_object.boolean(body, "delete_original"):
                self._remove(original)
            else:
                self._show_response(url, original, body)

    def _show_response(self, url: ResponseUrl, original: Message | None, body: JsonObject) -> None:
        text, blocks = json_object.string(body, "text"), json_object.children(body, "blocks")
        if original is not None and json_object.boolean(body, "replace_original"):
            block_validator.check_message(text, blocks)
            self._put(replace(original, text=text, blocks=_stored(blocks)))
            return
        only_for = None if json_object.string(body, "response_type") == "in_channel" else url.user
        self.post(url.channel, text, blocks, thread_ts=url.thread_ts, only_for=only_for)

    def _all(self, channel: str) -> list[Message]:
        with self._lock:
            return sorted(self._messages.get(channel, {}).values(), key=lambda m: m.ts)

    def _bot_message(self, channel: str, ts: str, wrong_author: str) -> Message:
        message = self.message(self._open_channel(channel).id, ts)
        if message is None or message.only_for is not None:
            errors.fail("message_not_found")
        if message.user != model.BOT_USER_ID:
            errors.fail(wrong_author)
        return message

    def _put(self, message: Message) -> Message:
        self._messages.setdefault(message.channel, {})[message.ts] = message
        self._touch()
        return message

    def _remove(self, message: Message) -> None:
        del self._messages[message.channel][message.ts]
        self._touch()

    def _next_ts(self) -> str:
        last_second, count = self._last_ts
        second = max(int(time.time()), last_second)
        self._last_ts = (second, count + 1)
        return f"{second}.{count + 1:06d}"


class _RateLimit:
    """One message per second and channel after a short burst, see https://docs.slack.dev/apis/web-api/rate-limits."""

    def __init__(self, burst: int) -> None:
        self._burst = float(burst)
        self._buckets: dict[str, tuple[float, float]] = {}

    def take(self, channel: str) -> None:
        """Count a message, or raise WebApiError with status 429."""
        now = time.monotonic()
        tokens, since = self._buckets.get(channel, (self._burst, now))
        tokens = min(self._burst, tokens + now - since)
        if tokens < 1:
            code = "ratelimited"
            raise WebApiError(code, status=429, retry_after=1)
        self._buckets[channel] = (tokens - 1, now)


def _stored(blocks: Sequence[JsonObject]) -> tuple[JsonObject, ...]:
    return block_kit.with_ids(blocks, secrets.token_hex(3))
