"""The webhook door: verify, store once, defer, 202. Everything else happens later."""

from __future__ import annotations

import time
from datetime import UTC, datetime

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from bot import telemetry
from bot.github import webhook
from bot.store import queue
from bot.store.database import Database
from bot.store.runs import delivery as delivery_store
from bot.web.problem import problem

_log = telemetry.logger(__name__)
_MAX_ID = 100
_EVENTS = webhook.EVENTS | {"ping"}


class Webhook:
    """`POST /github/webhook`."""

    def __init__(self, db: Database, secrets: tuple[str, ...]) -> None:
        self._db = db
        self._secrets = secrets

    async def receive(self, request: Request) -> Response:
        """Take one delivery in."""
        if not self._secrets:
            return problem(503, "Not configured", "Set GITHUB_WEBHOOK_SECRET to open this door.")
        body = await _body(request)
        started = time.perf_counter()
        event = request.headers.get("X-GitHub-Event", "")[:_MAX_ID]
        if body is None:
            return _count(event, problem(413, "Too large", f"A delivery has at most {webhook.MAX_BYTES:,} bytes."))
        if not webhook.verify(body, request.headers.get("X-Hub-Signature-256"), self._secrets):
            return _count(event, problem(401, "Wrong signature", "Sign the raw body with GITHUB_WEBHOOK_SECRET."))
        delivery_id = request.headers.get("X-GitHub-Delivery", "")
        if not event or not delivery_id or len(delivery_id) > _MAX_ID:
            return _count(event, problem(400, "Headers missing", "Send X-GitHub-Event and X-GitHub-Delivery."))
        answer = await run_in_threadpool(self._store, delivery_id, event, body)
        telemetry.delivery_seconds.observe(time.perf_counter() - started)
        return _count(event, answer)

    def _store(self, delivery_id: str, event: str, body: bytes) -> Response:
        found = webhook.parse(event, body)
        if found is None:
            return JSONResponse({"accepted": False}, status_code=202)
        if isinstance(found, webhook.InstallationEvent):
            lock = f"installation:{found.installation_id}"
        elif isinstance(found, webhook.RevocationEvent):
            lock = f"account:{found.github_id}"
        else:
            lock = f"repository:{found.repository.id}"
        with self._db.begin() as session:
            new = delivery_store.insert_new(
                session, delivery_id, event, body, telemetry.current_id(), datetime.now(UTC)
            )
            if new:
                queue.defer(session, queue.INGEST, lock=lock, delivery_id=delivery_id)
        _log.info("delivery taken in", event_name=event, delivery=delivery_id, new=new)
        return JSONResponse({"accepted": new}, status_code=202)


async def _body(request: Request) -> bytes | None:
    """The raw body; None where it is larger than GitHub sends."""
    declared = request.headers.get("Content-Length", "")
    if declared.isdigit() and int(declared) > webhook.MAX_BYTES:
        return None
    parts = bytearray()
    async for chunk in request.stream():
        parts += chunk
        if len(parts) > webhook.MAX_BYTES:
            return None
    return bytes(parts)


def _count(event: str, answer: Response) -> Response:
    name = event if event in _EVENTS else "other"
    telemetry.deliveries_total.labels(event=name, answer=str(answer.status_code)).inc()
    return answer
