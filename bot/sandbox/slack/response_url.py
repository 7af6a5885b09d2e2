"""Response URLs: each takes five responses within half an hour.

See https://docs.slack.dev/interactivity/handling-user-interaction#message_responses.
"""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass

from bot.sandbox.slack import errors

_USES = 5
_SECONDS = 1800


@dataclass(slots=True)
class ResponseUrl:
    """Who caused a request and where, and the message that a response may replace."""

    user: str
    channel: str
    message_ts: str | None
    thread_ts: str | None
    expires_at: float
    uses: int = 0


class ResponseUrls:
    """The response URLs of a workspace, by the key at the end of their path."""

    def __init__(self) -> None:
        self._urls: dict[str, ResponseUrl] = {}

    def __contains__(self, key: str) -> bool:
        return key in self._urls

    def issue(self, user: str, channel: str, message_ts: str | None, thread_ts: str | None) -> str:
        """Return the key of a new URL."""
        key = secrets.token_hex(12)
        self._urls[key] = ResponseUrl(user, channel, message_ts, thread_ts, time.monotonic() + _SECONDS)
        return key

    def use(self, key: str) -> ResponseUrl:
        """Return a URL and count this use of it."""
        url = self._urls.get(key)
        if url is None or url.expires_at < time.monotonic():
            errors.fail("expired_url", status=404)
        url.uses += 1
        if url.uses > _USES:
            errors.fail("used_url", status=404)
        return url
