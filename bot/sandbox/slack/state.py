"""The state of a workspace and the rules by which Slack changes it."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import replace

from bot.sandbox.slack import blocks as block_kit
from bot.sandbox.slack import model, payload, refusals, temper, tickets
from bot.sandbox.slack.model import Call, Channel, Message, RefusalError, User, View
from bot.sandbox.slack.payload import JsonObject

_DEEPEST_STACK = 3


class Workspace:
    """People, channels, messages and views, behind one lock; `version` grows with every change."""

    def __init__(self, settings: model.Settings, team: model.Team = model.TEAM) -> None:
        self.settings = settings
        self.name = team.name
        self.team_id = team.id
        self.enterprise_id = team.enterprise_id
        self.is_organisation = team.is_organisation
        self.bot_token = f"xoxb-{secrets.token_hex(12)}"
        self.tokens = {self.bot_token}
        self.app_token = f"xapp-1-A0FLAKE-{secrets.token_hex(12)}"
        self.signing_secret = secrets.token_hex(16)
        self.base_url = "http://127.0.0.1:0/slack"
        self.version = 0
        self.calls: list[Call] = []
        self.users: dict[str, User] = {user.id: user for user in (*model.PEOPLE, *model.MACHINES)}
        self.channels: dict[str, Channel] = {channel.id: channel for channel in model.CHANNELS}
        self.groups: dict[str, list[str]] = {"S0CIGUARDS": ["U0BEN", "U0CHLOE"]}
        self.drafts: dict[str, JsonObject] = {}
        self.delay = 0.0  # seconds that every call of the Web API takes
        self._changed = threading.Condition(threading.RLock())
        self._messages: dict[str, dict[str, Message]] = {}
        self._by_client_id: dict[tuple[str, str], str] = {}
        self._stacks: dict[str, list[View]] = {}
        self._homes: dict[str, View] = {}
        self._triggers = tickets.Triggers(settings.trigger_seconds)
        self._response_urls = tickets.ResponseUrls()
        self._rate = temper.RateLimit(settings.burst)
        self._faults = temper.Faults()
        self._last_ts = (0, 0)

    def messages(self, channel: str) -> list[Message]:
        """List what everybody sees in a channel, oldest first: its messages and the replies broadcast to it."""
        return [m for m in self._of(channel) if m.only_for is None and (m.broadcast or not m.is_reply)]

    def replies(self, channel: str, ts: str) -> list[Message]:
        """List the replies in the thread of a message, oldest first."""
        return [m for m in self._of(channel) if m.only_for is None and m.is_reply and m.thread_ts == ts]

    def ephemerals(self, user: str) -> list[Message]:
        """List the messages that only this person sees, oldest first."""
        with self._changed:
            found = [m for channel in self._messages.values() for m in channel.values() if m.only_for == user]
        return sorted(found, key=lambda m: m.ts)

    def message(self, channel: str, ts: str) -> Message | None:
        """Return a message, or None."""
        with self._changed:
            return self._messages.get(channel, {}).get(ts)

    def open_view(self, user: str) -> View | None:
        """Return the modal on top of a person's stack, or None."""
        with self._changed:
            stack = self._stacks.get(user, [])
            return stack[-1] if stack else None

    def home(self, user: str) -> View | None:
        """Return a person's App Home, or None when the bot has published none."""
        with self._changed:
            return self._homes.get(user)

    def direct_channel(self, user: str) -> Channel:
        """Return the channel between the bot and a person, opening it when there is none."""
        if user not in self.users:
            code = "user_not_found"
            raise RefusalError(code)
        with self._changed:
            found = next((channel for channel in self.channels.values() if channel.user == user), None)
            if found is None:
                found = Channel(f"D0{user[2:]}", self.users[user].name, user=user)
                self.channels[found.id] = found
                self._touch()
            return found

    def wait_for(self, condition: Callable[[], object], seconds: float = 10.0) -> bool:
        """Wait until the condition holds, looking again at each change; say whether it did."""
        with self._changed:
            return bool(self._changed.wait_for(condition, timeout=seconds))

    def fail_next(
        self,
        times: int = 1,
        *,
        status: int = 500,
        retry_after: int | None = None,
        error: str | None = None,
        method: str | None = None,
        after: bool = False,
    ) -> None:
        """Let the next calls (of one method) fail with this status, or at 200 with this error.

        `after`: the work is done, and only the answer is lost.
        """
        with self._changed:
            self._faults.order(times, method, status=status, retry_after=retry_after, error=error, after=after)

    def recover(self) -> None:
        """Let nothing fail any more that was ordered to."""
        with self._changed:
            self._faults.clear()

    def archive(self, channel: str, *, undo: bool = False) -> None:
        """Archive a channel, or open it again."""
        with self._changed:
            self.channels[channel] = replace(self.channels[channel], is_archived=not undo)
            self._touch()

    def fault(self, method: str, *, after: bool = False) -> RefusalError | None:
        """Take the fault that was ordered for this call, if any: before its work, or after it."""
        with self._changed:
            return self._faults.take(method, after=after)

    def log(self, call: Call) -> None:
        """Append a call to the log."""
        with self._changed:
            self.calls.append(call)
            self._changed.notify_all()

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
        """Post a message; the same client_msg_id again returns the first message."""
        with self._changed:
            place = self._place(channel)
            first = self._by_client_id.get((place.id, client_msg_id or ""))
            if self.settings.knows_client_ids and first is not None and first in self._messages.get(place.id, {}):
                return self._messages[place.id][first]
            refusals.check_content(text, blocks)
            if thread_ts is not None:
                parent = self.message(place.id, thread_ts)
                if parent is None:
                    code = "thread_not_found"
                    raise RefusalError(code)
                thread_ts = parent.thread_ts or parent.ts
            if user == model.BOT_USER_ID and only_for is None and self.settings.rate_limits:
                self._rate.take(place.id)
            ts = self._next_ts()
            message = Message(
                place.id,
                ts,
                user,
                text,
                block_kit.with_ids(blocks, secrets.token_hex(3)),
                thread_ts,
                broadcast,
                metadata or {},
                only_for,
            )
            self._messages.setdefault(place.id, {})[ts] = message
            if client_msg_id:
                self._by_client_id[place.id, client_msg_id] = ts
            self._touch()
            return message

    def update(self, channel: str, ts: str, text: str, blocks: list[JsonObject], metadata: JsonObject) -> Message:
        """Replace the content of one of the bot's messages."""
        with self._changed:
            place = self._place(channel)
            message = self._own(place.id, ts, "cant_update_message")
            refusals.check_content(text, blocks)
            kept = block_kit.with_ids(blocks, secrets.token_hex(3))
            changed = replace(
                message, text=text, blocks=kept, metadata=metadata or message.metadata, updates=message.updates + 1
            )
            self._messages[place.id][ts] = changed
            self._touch()
            return changed

    def unfurl(self, channel: str, ts: str, unfurls: JsonObject) -> None:
        """Show blocks under the links of a message; a second time replaces them."""
        with self._changed:
            place = self._place(channel)
            message = self._messages.get(place.id, {}).get(ts)
            if message is None:
                code = "cannot_find_message"
                raise RefusalError(code)
            shown: dict[str, list[JsonObject]] = {}
            for url, content in unfurls.items():
                blocks = payload.children(payload.as_object(content), "blocks")
                if url not in message.text or not blocks:
                    code = "cannot_unfurl_url"
                    raise RefusalError(code)
                refusals.check_content("", blocks)
                shown[url] = list(block_kit.with_ids(blocks, secrets.token_hex(3)))
            self._messages[place.id][ts] = replace(message, unfurls=message.unfurls | shown)
            self._touch()

    def delete(self, channel: str, ts: str) -> None:
        """Delete one of the bot's messages."""
        with self._changed:
            place = self._place(channel)
            self._own(place.id, ts, "cant_delete_message")
            del self._messages[place.id][ts]
            self._touch()

    def ephemeral(
        self, channel: str, user: str, text: str, blocks: list[JsonObject], *, thread_ts: str | None = None
    ) -> Message:
        """Show a message to one person only."""
        if user not in self.users:
            code = "user_not_in_channel"
            raise RefusalError(code)
        return self.post(channel, text, blocks, thread_ts=thread_ts, only_for=user)

    def dismiss(self, user: str) -> None:
        """Forget what only this person sees, as Slack does when it is loaded anew."""
        with self._changed:
            for one in self.ephemerals(user):
                del self._messages[one.channel][one.ts]
            self._touch()

    def open_modal(self, trigger_id: str, source: JsonObject, *, push: bool = False) -> View:
        """Open a modal for the person behind the trigger, alone or on top of the one that is open."""
        with self._changed:
            refusals.check_view(source)
            user = self._triggers.redeem(trigger_id)
            stack = self._stacks.setdefault(user, [])
            if not push:
                stack.clear()
            elif len(stack) >= _DEEPEST_STACK:
                code = "push_limit_reached"
                raise RefusalError(code)
            view = self._make_view(user, source, stack[-1] if stack else None)
            stack.append(view)
            self._touch()
            return view

    def push_modal(self, user: str, source: JsonObject) -> View:
        """Put a modal on top of a person's stack, as the answer to a submission may ask."""
        with self._changed:
            return self.open_modal(self.new_trigger(user), source, push=True)

    def update_modal(self, source: JsonObject, *, view_id: str = "", external_id: str = "", expected: str = "") -> View:
        """Replace a modal that is still open."""
        with self._changed:
            refusals.check_view(source)
            for stack in self._stacks.values():
                for index, view in enumerate(stack):
                    named = external_id and payload.string(view.source, "external_id") == external_id
                    if view.id != view_id and not named:
                        continue
                    if expected and expected != view.hash:
                        code = "hash_conflict"
                        raise RefusalError(code)
                    stack[index] = replace(
                        view, source=self._kept(source), hash=self._hash(), errors={}, notice="", values={}
                    )
                    self._touch()
                    return stack[index]
        code = "not_found"
        raise RefusalError(code)

    def amend_view(self, view: View) -> None:
        """Keep what a submission left behind in an open modal: errors, a notice, typed values."""
        with self._changed:
            stack = self._stacks.get(view.user, [])
            self._stacks[view.user] = [view if open_one.id == view.id else open_one for open_one in stack]
            self._touch()

    def close_modal(self, user: str, *, whole_stack: bool = False) -> None:
        """Close the modal on top, or all of them."""
        with self._changed:
            self._stacks[user] = [] if whole_stack else self._stacks.get(user, [])[:-1]
            self._touch()

    def publish_home(self, user: str, source: JsonObject, expected: str = "") -> View:
        """Replace a person's App Home."""
        with self._changed:
            refusals.check_view(source)
            if user not in self.users:
                code = "user_not_found"
                raise RefusalError(code)
            old = self._homes.get(user)
            if expected and old is not None and old.hash != expected:
                code = "hash_conflict"
                raise RefusalError(code)
            view = self._make_view(user, source, None)
            self._homes[user] = view if old is None else replace(view, id=old.id, root_id=old.id)
            self._touch()
            return self._homes[user]

    def new_trigger(self, user: str) -> str:
        """Return a trigger_id that opens one modal within three seconds."""
        with self._changed:
            return self._triggers.issue(user)

    def new_response_url(
        self, user: str, channel: str, message_ts: str | None = None, thread_ts: str | None = None
    ) -> str:
        """Return an address at which the bot may answer five times within half an hour."""
        with self._changed:
            ticket = tickets.ResponseTicket(user, channel, message_ts, thread_ts)
            return f"{self.base_url}/response/{self._response_urls.issue(ticket)}"

    def issued(self, key: str) -> bool:
        """Say whether a response_url is of this workspace."""
        return self._response_urls.issued(key)

    def respond(self, key: str, body: JsonObject) -> None:
        """Do what was sent to a response_url."""
        with self._changed:
            ticket = self._response_urls.redeem(key)
            self._respond(ticket, body)

    def _respond(self, ticket: tickets.ResponseTicket, body: JsonObject) -> None:
        original = self._messages.get(ticket.channel, {}).get(ticket.message_ts or "")
        if original is not None and payload.truth(body, "delete_original"):
            del self._messages[ticket.channel][original.ts]
            self._touch()
            return
        text, blocks = payload.string(body, "text"), payload.children(body, "blocks")
        if original is not None and payload.truth(body, "replace_original"):
            refusals.check_content(text, blocks)
            kept = block_kit.with_ids(blocks, secrets.token_hex(3))
            self._messages[ticket.channel][original.ts] = replace(original, text=text, blocks=kept)
            self._touch()
            return
        open_to_all = payload.string(body, "response_type") == "in_channel"
        self.post(
            ticket.channel, text, blocks, thread_ts=ticket.thread_ts, only_for=None if open_to_all else ticket.user
        )

    def _of(self, channel: str) -> list[Message]:
        with self._changed:
            return sorted(self._messages.get(channel, {}).values(), key=lambda m: m.ts)

    def _touch(self) -> None:
        self.version += 1
        self._changed.notify_all()

    def _next_ts(self) -> str:
        second, count = self._last_ts
        now = max(int(time.time()), second)
        self._last_ts = (now, count + 1)
        return f"{now}.{count + 1:06d}"

    def _hash(self) -> str:
        return f"{int(time.time())}.{secrets.token_hex(4)}"

    def _place(self, channel: str) -> Channel:
        found = self.direct_channel(channel) if channel in self.users else self.channels.get(channel)
        if found is None:
            found = next((c for c in self.channels.values() if f"#{c.name}" == channel and c.user is None), None)
        if found is None:
            code = "channel_not_found"
            raise RefusalError(code)
        if found.is_archived:
            code = "is_archived"
            raise RefusalError(code)
        return found

    def _own(self, channel: str, ts: str, otherwise: str) -> Message:
        message = self._messages.get(channel, {}).get(ts)
        if message is None or message.only_for is not None:
            code = "message_not_found"
            raise RefusalError(code)
        if message.user != model.BOT_USER_ID:
            raise RefusalError(otherwise)
        return message

    def _make_view(self, user: str, source: JsonObject, below: View | None) -> View:
        view_id = f"V0{secrets.token_hex(5).upper()}"
        root, previous = (below.root_id, below.id) if below else (view_id, None)
        return View(view_id, user, self._kept(source), self._hash(), root, previous, team_id=self.team_id)

    def _kept(self, source: JsonObject) -> JsonObject:
        kept = list(block_kit.with_ids(payload.children(source, "blocks"), secrets.token_hex(3)))
        return source | {"blocks": kept}
