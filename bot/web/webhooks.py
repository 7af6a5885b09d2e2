"""GitHub's webhook: verify a delivery, store it once, queue its processing, answer 202 within 10 s."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import datetime

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from bot import telemetry
from bot.errors import InvalidInputError
from bot.github.webhook import delivery as webhook_delivery
from bot.github.webhook import event as webhook_event
from bot.github.webhook.delivery import MAX_BYTES, InvalidSignatureError, SignedDelivery
from bot.store import queue
from bot.store.database import Database
from bot.store.runs import delivery as delivery_store
from bot.web.response import problem

_log = telemetry.logger(__name__)
_COUNTED = frozenset({*webhook_event.EVENTS, "ping"})


class Webhook:
    """`POST /github/webhook`."""

    def __init__(self, db: Database, secrets: tuple[str, ...], clock: Callable[[], datetime]) -> None:
        self._db = db
        self._secrets = secrets
        self._clock = clock

    async def receive(self, request: Request) -> Response:
        """Take one delivery in."""
        if not self._secrets:
            return problem(503, "Not configured", "Set GITHUB_WEBHOOK_SECRET to receive webhooks.")
        body = await read_body(request, MAX_BYTES)
        started = time.perf_counter()
        response = await run_in_threadpool(self._receive, request.headers, body)
        telemetry.delivery_seconds.observe(time.perf_counter() - started)
        event = webhook_delivery.event_name(request.headers)
        label = event if event in _COUNTED else "other"
        telemetry.deliveries_total.labels(event=label, answer=str(response.status_code)).inc()
        return response

    def _receive(self, headers: Mapping[str, str], body: bytes | None) -> Response:
        if body is None:
            return problem(413, "Too large", f"A delivery has at most {MAX_BYTES:,} bytes.")
        try:
            is_accepted = self._store(webhook_delivery.receive(headers, body, self._secrets))
        except InvalidSignatureError as error:
            return problem(401, "Wrong signature", str(error))
        except InvalidInputError as error:
            return problem(400, "Invalid delivery", str(error))
        return JSONResponse({"accepted": is_accepted}, status_code=202)

    def _store(self, delivery: SignedDelivery) -> bool:
        """Store a delivery and queue its processing; False where there is nothing (more) to process."""
        event = webhook_event.decode(delivery.event, delivery.body)
        if event is None:
            return False
        correlation_id = telemetry.current_id()
        with self._db.begin() as session:
            is_new = delivery_store.put(
                session, delivery.id, delivery.event, delivery.body, correlation_id, self._clock()
            )
            if is_new:
                queue.defer(session, queue.INGEST, lock=event.lock, delivery_id=delivery.id)
        _log.info("delivery stored", event_name=delivery.event, delivery=delivery.id, new=is_new)
        return is_new


async def read_body(request: Request, limit: int) -> bytes | None:
    """The raw body; None where it has more bytes than `limit`."""
    declared = request.headers.get("Content-Length", "")
    if declared.isdigit() and int(declared) > limit:
        return None
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit:
            return None
    return bytes(body)
