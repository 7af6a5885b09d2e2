"""Webhooks: signed, sent over HTTP, logged, and redelivered.

See https://docs.github.com/webhooks.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
import ssl
import threading
import uuid
from datetime import UTC, datetime

import httpx

from bot.sandbox.github import errors
from bot.sandbox.github.model import APP_ID, WebhookDelivery
from bot.sandbox.json_object import JsonObject

_TIMEOUT_SECONDS = 10.0
_NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""The bot is on this machine; a client that reads the machine's certificates takes 40 ms to make."""
_LOG_LENGTH = 2000
_RESPONSE_LENGTH = 2000


class WebhookSender:
    """Sends events to the bot at `bot_url` and logs each delivery."""

    def __init__(self) -> None:
        self.bot_url = ""
        self.path = "/github/webhook"
        self.secret = secrets.token_hex(16)
        self._lock = threading.Lock()
        self._log: list[WebhookDelivery] = []

    def deliveries(self) -> list[WebhookDelivery]:
        """List the deliveries, oldest first."""
        with self._lock:
            return list(self._log)

    def sign(self, body: bytes) -> str:
        """Return the X-Hub-Signature-256 of a body."""
        return "sha256=" + hmac.new(self.secret.encode(), body, hashlib.sha256).hexdigest()

    def send(self, event: str, payload: JsonObject) -> WebhookDelivery:
        """Send an event and wait for the response."""
        body = json.dumps(payload, separators=(",", ":")).encode()
        return self._deliver(str(uuid.uuid4()), event, str(payload.get("action", "")), body, redelivery=False)

    def redeliver(self, delivery_id: str) -> WebhookDelivery:
        """Send a delivery again, with the same id and body."""
        first = next((delivery for delivery in self.deliveries() if delivery.id == delivery_id), None)
        if first is None:
            errors.not_found()
        return self._deliver(first.id, first.event, first.action, first.body, redelivery=True)

    def _deliver(self, delivery_id: str, event: str, action: str, body: bytes, *, redelivery: bool) -> WebhookDelivery:
        sent_at = datetime.now(UTC)
        status, response = self._post(delivery_id, event, body)
        delivery = WebhookDelivery(delivery_id, event, action, body, sent_at, status, response, redelivery)
        with self._lock:
            self._log.append(delivery)
            del self._log[:-_LOG_LENGTH]
        return delivery

    def _post(self, delivery_id: str, event: str, body: bytes) -> tuple[int, str]:
        if not self.bot_url:
            return 0, "No bot is connected."
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "GitHub-Hookshot/5a1b0c1",
            "X-GitHub-Delivery": delivery_id,
            "X-GitHub-Event": event,
            "X-GitHub-Hook-ID": "455001",
            "X-GitHub-Hook-Installation-Target-ID": str(APP_ID),
            "X-GitHub-Hook-Installation-Target-Type": "integration",
            "X-Hub-Signature-256": self.sign(body),
        }
        try:
            response = httpx.post(
                f"{self.bot_url}{self.path}",
                content=body,
                headers=headers,
                timeout=_TIMEOUT_SECONDS,
                trust_env=False,
                verify=_NO_TLS,
            )
        except httpx.TimeoutException:
            return 0, "timed out"
        except httpx.HTTPError as error:
            return 0, f"failed to connect: {error}"
        return response.status_code, response.text[:_RESPONSE_LENGTH]
