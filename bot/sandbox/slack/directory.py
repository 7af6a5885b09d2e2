"""The people and channels of a workspace, its log of calls, and the faults injected into its Web API."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable
from dataclasses import replace

from bot.sandbox.fault_injection import Fault, FaultQueue
from bot.sandbox.slack import errors, model
from bot.sandbox.slack.errors import WebApiError
from bot.sandbox.slack.model import Channel, MethodCall, User

_TOO_MANY_REQUESTS = 429


class Directory:
    """What messages and views of a workspace refer to, behind one lock; `version` grows with every change."""

    def __init__(self, settings: model.SlackSettings, team: model.Team) -> None:
        self.settings = settings
        self.name = team.name
        self.team_id = team.id
        self.enterprise_id = team.enterprise_id
        self.is_organisation = team.is_organisation
        self.bot_token = f"xoxb-{secrets.token_hex(12)}"
        self.tokens = {self.bot_token}
        self.app_token = f"xapp-1-{model.APP_ID}-{secrets.token_hex(12)}"
        self.signing_secret = secrets.token_hex(16)
        self.base_url = "http://127.0.0.1:0/slack"
        self.version = 0
        self.calls: list[MethodCall] = []
        self.users: dict[str, User] = {user.id: user for user in (*model.PEOPLE, *model.BOTS)}
        self.channels: dict[str, Channel] = {channel.id: channel for channel in model.CHANNELS}
        self.groups: dict[str, list[str]] = {"S0CIGUARDS": ["U0BEN", "U0CHLOE"]}
        self.external_users: dict[str, str] = {}
        """The home workspace of users who are here through Slack Connect, by user."""
        self.delay = 0.0
        """How many seconds every call of the Web API takes."""
        self._lock = threading.RLock()
        self._changed = threading.Condition(self._lock)
        self._faults = FaultQueue()

    def wait_for(self, condition: Callable[[], object], seconds: float = 10.0) -> bool:
        """Wait until the condition holds and return whether it does; it is evaluated at each change."""
        with self._lock:
            return bool(self._changed.wait_for(condition, timeout=seconds))

    def direct_channel(self, user: str) -> Channel:
        """Return the direct messages of the bot with a person, opening them if necessary."""
        if user not in self.users:
            errors.fail("user_not_found")
        with self._lock:
            channel = next((channel for channel in self.channels.values() if channel.user == user), None)
            if channel is None:
                channel = Channel(f"D0{user[2:]}", self.users[user].name, user=user)
                self.channels[channel.id] = channel
                self._touch()
            return channel

    def archive(self, channel: str, *, undo: bool = False) -> None:
        """Archive a channel, or unarchive it."""
        with self._lock:
            self.channels[channel] = replace(self.channels[channel], is_archived=not undo)
            self._touch()

    def fail_next(
        self,
        times: int = 1,
        *,
        status: int = 500,
        retry_after: int | None = None,
        error: str = "",
        method: str = "",
        after: bool = False,
    ) -> None:
        """Let the next calls (of one method) fail with this HTTP status, or at 200 with this error.

        `after` means that the call does its work and only the response is lost.
        """
        status = 200 if error else status
        fault = Fault(times=times, target=method, status=status, error=error, retry_after=retry_after, after=after)
        with self._lock:
            self._faults.inject(fault)

    def clear_faults(self) -> None:
        """Remove the faults that have not happened yet."""
        with self._lock:
            self._faults.clear()

    def take_fault(self, method: str, *, after: bool = False) -> WebApiError | None:
        """Use up the fault that was injected for a call, before its work or after it."""
        with self._lock:
            fault = self._faults.take(method, after=after)
        if fault is None:
            return None
        is_rate_limit = fault.status == _TOO_MANY_REQUESTS
        code = fault.error or ("ratelimited" if is_rate_limit else "internal_error")
        retry_after = fault.retry_after or 1 if is_rate_limit else fault.retry_after
        return WebApiError(code, status=fault.status, retry_after=retry_after)

    def log(self, call: MethodCall) -> None:
        """Append a call to the log."""
        with self._lock:
            self.calls.append(call)
            self._changed.notify_all()

    def _touch(self) -> None:
        self.version += 1
        self._changed.notify_all()

    def _open_channel(self, name: str) -> Channel:
        """Find a channel that takes messages by its id, by `#name`, or by the user of direct messages."""
        channel = self.direct_channel(name) if name in self.users else self.channels.get(name)
        if channel is None:
            by_name = (channel for channel in self.channels.values() if channel.user is None)
            channel = next((channel for channel in by_name if f"#{channel.name}" == name), None)
        if channel is None:
            errors.fail("channel_not_found")
        if channel.is_archived:
            errors.fail("is_archived")
        return channel
