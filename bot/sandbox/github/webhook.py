"""Webhooks: signed, sent over HTTP, logged, and sent again on demand."""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
import threading
import uuid
from datetime import UTC, datetime

import httpx

from bot.sandbox.github.model import APP_ID, Delivery, JsonObject, RefusalError

_TIMEOUT = 10.0
_KEPT = 2000


class Webhooks:
    """Sends events to the bot at `bot_url` and remembers each delivery."""

    def __init__(self) -> None:
        self.bot_url = ""
        self.path = "/github/webhook"
        self.secret = secrets.token_hex(16)
        self._lock = threading.Lock()
        self._log: list[Delivery] = []

    def deliveries(self) -> list[Delivery]:
        """List the deliveries, oldest first."""
        with self._lock:
            return list(self._log)

    def sign(self, body: bytes) -> str:
        """The signature header of a body."""
        return "sha256=" + hmac.new(self.secret.encode(), body, hashlib.sha256).hexdigest()

    def send(self, event: str, payload: JsonObject) -> Delivery:
        """Send an event as a new delivery and wait for the answer; nobody answering is a delivery with status 0."""
        body = json.dumps(payload, separators=(",", ":")).encode()
        return self._post(str(uuid.uuid4()), event, str(payload.get("action", "")), body, redelivery=False)

    def redeliver(self, delivery_id: str) -> Delivery:
        """Send a delivery again, with the same id and the same body."""
        known = next((one for one in self.deliveries() if one.id == delivery_id), None)
        if known is None:
            message = "Not Found"
            raise RefusalError(404, message)
        return self._post(known.id, known.event, known.action, known.body, redelivery=True)

    def _post(self, delivery_id: str, event: str, action: str, body: bytes, *, redelivery: bool) -> Delivery:
        sent_at = datetime.now(UTC)
        status, text = self._answer(delivery_id, event, body)
        delivery = Delivery(delivery_id, event, action, body, sent_at, status, text, redelivery)
        with self._lock:
            self._log.append(delivery)
            del self._log[:-_KEPT]
        return delivery

    def _answer(self, delivery_id: str, event: str, body: bytes) -> tuple[int, str]:
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
            answer = httpx.post(
                f"{self.bot_url}{self.path}", content=body, headers=headers, timeout=_TIMEOUT, trust_env=False
            )
        except httpx.TimeoutException:
            return 0, "timed out"
        except httpx.HTTPError as error:
            return 0, f"failed to connect: {error}"
        return answer.status_code, answer.text[:2000]
