"""Requests to the bot: signed over HTTP, or over a Socket Mode connection if there is one."""

from __future__ import annotations

import hashlib
import hmac
import json
import ssl
import time
from typing import Protocol
from urllib.parse import urlencode

import httpx

from bot.sandbox.json_object import JsonObject
from bot.sandbox.slack.model import BotResponse

TIMEOUT = "operation_timeout"
FAILED = "dispatch_failed"
_NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""The bot is on this machine; a client that reads the machine's certificates takes 40 ms to make."""


class Socket(Protocol):
    """An open Socket Mode connection of the bot."""

    def send(self, kind: str, body: JsonObject, seconds: float, retry: int = 0) -> BotResponse:
        """Send an envelope and wait for its acknowledgement."""

    def refresh(self) -> None:
        """Ask the bot to reconnect, as Slack does every few hours."""


class Dispatcher:
    """Sends requests to the bot and waits `response_seconds` for each response."""

    def __init__(self, signing_secret: str, response_seconds: float) -> None:
        self.bot_url = ""
        self.sockets: list[Socket] = []
        self._secret = signing_secret.encode()
        self._seconds = response_seconds

    def command(self, fields: JsonObject) -> BotResponse:
        """Send a slash command."""
        return self._send("slash_commands", fields, urlencode({key: str(value) for key, value in fields.items()}))

    def interaction(self, body: JsonObject) -> BotResponse:
        """Send an interaction payload, such as block_actions or view_submission."""
        return self._send("interactive", body, urlencode({"payload": json.dumps(body)}))

    def event(self, body: JsonObject, retry: int = 0) -> BotResponse:
        """Send an event; `retry` is the number of the retry, 0 for the first delivery."""
        return self._send("events_api", body, json.dumps(body), retry)

    def sign(self, body: bytes, timestamp: int) -> str:
        """Sign a body, see https://docs.slack.dev/authentication/verifying-requests-from-slack."""
        return "v0=" + hmac.new(self._secret, b"v0:%d:%s" % (timestamp, body), hashlib.sha256).hexdigest()

    def _send(self, kind: str, body: JsonObject, encoded: str, retry: int = 0) -> BotResponse:
        if self.sockets:
            return self.sockets[-1].send(kind, body, self._seconds, retry)
        if not self.bot_url:
            return BotResponse(0, error=FAILED)
        content = encoded.encode()
        timestamp = int(time.time())
        is_json = kind == "events_api"
        headers = {
            "Content-Type": "application/json" if is_json else "application/x-www-form-urlencoded",
            "User-Agent": "Slackbot 1.0 (+https://api.slack.com/robots)",
            "X-Slack-Request-Timestamp": str(timestamp),
            "X-Slack-Signature": self.sign(content, timestamp),
        }
        if retry:
            headers |= {"X-Slack-Retry-Num": str(retry), "X-Slack-Retry-Reason": "http_timeout"}
        url = f"{self.bot_url}/slack/events"
        try:
            response = httpx.post(
                url, content=content, headers=headers, timeout=self._seconds, trust_env=False, verify=_NO_TLS
            )
        except httpx.TimeoutException:
            return BotResponse(0, error=TIMEOUT)
        except httpx.HTTPError:
            return BotResponse(0, error=FAILED)
        error = None if response.status_code == httpx.codes.OK else FAILED
        return BotResponse(response.status_code, response.text, error)
