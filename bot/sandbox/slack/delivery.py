"""How a workspace's requests reach the bot: signed over HTTP, or over a Socket Mode connection when there is one."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from typing import Protocol
from urllib.parse import urlencode

import httpx

from bot.sandbox.slack.model import Answer
from bot.sandbox.slack.payload import JsonObject

TIMEOUT = "operation_timeout"
FAILED = "dispatch_failed"
_HTTP_OK = 200


class Socket(Protocol):
    """A Socket Mode connection that the bot holds open."""

    def send(self, kind: str, body: JsonObject, seconds: float, retry: int = 0) -> Answer:
        """Send one envelope and wait for its acknowledgement."""

    def refresh(self) -> None:
        """Ask the bot to connect anew, as Slack does every few hours."""


class Delivery:
    """Sends requests to the bot and says what it answered."""

    def __init__(self, signing_secret: str, answer_seconds: float) -> None:
        self.bot_url = ""
        self.sockets: list[Socket] = []
        self._secret = signing_secret.encode()
        self._seconds = answer_seconds

    def command(self, fields: JsonObject) -> Answer:
        """Send a slash command."""
        return self._send("slash_commands", fields, urlencode({key: str(value) for key, value in fields.items()}))

    def interaction(self, body: JsonObject) -> Answer:
        """Send a click, a submission or a closed modal."""
        return self._send("interactive", body, urlencode({"payload": json.dumps(body)}))

    def event(self, body: JsonObject, retry: int = 0) -> Answer:
        """Send an event, or send it again as retry number n."""
        return self._send("events_api", body, json.dumps(body), retry)

    def sign(self, body: bytes, at: int) -> str:
        """Return the signature of a request's body."""
        return "v0=" + hmac.new(self._secret, b"v0:%d:%s" % (at, body), hashlib.sha256).hexdigest()

    def _send(self, kind: str, body: JsonObject, encoded: str, retry: int = 0) -> Answer:
        if self.sockets:
            return self.sockets[-1].send(kind, body, self._seconds, retry)
        if not self.bot_url:
            return Answer(0, error=FAILED)
        raw = encoded.encode()
        at = int(time.time())
        form = kind != "events_api"
        headers = {
            "Content-Type": "application/x-www-form-urlencoded" if form else "application/json",
            "User-Agent": "Slackbot 1.0 (+https://api.slack.com/robots)",
            "X-Slack-Request-Timestamp": str(at),
            "X-Slack-Signature": self.sign(raw, at),
        }
        if retry:
            headers |= {"X-Slack-Retry-Num": str(retry), "X-Slack-Retry-Reason": "http_timeout"}
        try:
            answer = httpx.post(
                f"{self.bot_url}/slack/events", content=raw, headers=headers, timeout=self._seconds, trust_env=False
            )
        except httpx.TimeoutException:
            return Answer(0, error=TIMEOUT)
        except httpx.HTTPError:
            return Answer(0, error=FAILED)
        return Answer(answer.status_code, answer.text, None if answer.status_code == _HTTP_OK else FAILED)
