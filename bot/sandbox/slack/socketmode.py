"""Socket Mode: the connection that a bot opens when Slack cannot reach it."""

from __future__ import annotations

import asyncio
import json
import secrets
import threading
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeoutError

from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from bot.sandbox.slack import delivery, payload
from bot.sandbox.slack.events import Slack
from bot.sandbox.slack.model import Answer
from bot.sandbox.slack.payload import JsonObject

_SECONDS = 5


class Tickets:
    """The addresses that apps.connections.open has handed out, each good for one connection."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open: set[str] = set()

    def issue(self) -> str:
        """Return a new ticket."""
        ticket = secrets.token_hex(12)
        with self._lock:
            self._open.add(ticket)
        return ticket

    def redeem(self, ticket: str) -> bool:
        """Take a ticket back; say whether it was one."""
        with self._lock:
            known = ticket in self._open
            self._open.discard(ticket)
            return known


class _Connection:
    def __init__(self, websocket: WebSocket) -> None:
        self._websocket = websocket
        self._loop = asyncio.get_running_loop()
        self._waiting: dict[str, Future[JsonObject]] = {}

    def refresh(self) -> None:
        """Ask the bot to connect anew, as Slack does every few hours."""
        leaving: JsonObject = {"type": "disconnect", "reason": "refresh_requested", "debug_info": {"host": "sandbox"}}
        asyncio.run_coroutine_threadsafe(self._websocket.send_text(json.dumps(leaving)), self._loop).result(_SECONDS)

    def send(self, kind: str, body: JsonObject, seconds: float, retry: int = 0) -> Answer:
        """Send one envelope from another thread and wait for its acknowledgement."""
        envelope = secrets.token_hex(16)
        acknowledged: Future[JsonObject] = Future()
        self._waiting[envelope] = acknowledged
        message: JsonObject = {
            "envelope_id": envelope,
            "type": kind,
            "accepts_response_payload": kind != "events_api",
            "payload": body,
        }
        if kind == "events_api":
            message |= {"retry_attempt": retry, "retry_reason": "timeout" if retry else ""}
        try:
            asyncio.run_coroutine_threadsafe(self._websocket.send_text(json.dumps(message)), self._loop).result(seconds)
            answer = acknowledged.result(seconds)
        except FutureTimeoutError:
            return Answer(0, error=delivery.TIMEOUT)
        except (RuntimeError, WebSocketDisconnect):
            return Answer(0, error=delivery.FAILED)
        finally:
            self._waiting.pop(envelope, None)
        said = answer.get("payload")
        return Answer(200, json.dumps(said) if said else "")

    def receive(self, text: str) -> None:
        """Take an acknowledgement."""
        message = payload.as_object(payload.decoded(text))
        waiting = self._waiting.get(payload.string(message, "envelope_id"))
        if waiting is not None and not waiting.done():
            waiting.set_result(message)


def route(slack: Slack, tickets: Tickets) -> WebSocketRoute:
    """Return the route of the WebSocket."""

    async def connect(websocket: WebSocket) -> None:
        if not tickets.redeem(websocket.query_params.get("ticket", "")):
            await websocket.close(code=4401)
            return
        await websocket.accept()
        connection = _Connection(websocket)
        hello: JsonObject = {
            "type": "hello",
            "num_connections": len(slack.delivery.sockets) + 1,
            "connection_info": {"app_id": "A0FLAKE"},
        }
        await websocket.send_text(json.dumps(hello))
        slack.delivery.sockets.append(connection)
        try:
            while True:
                connection.receive(await websocket.receive_text())
        except WebSocketDisconnect:
            pass
        finally:
            slack.delivery.sockets.remove(connection)

    return WebSocketRoute("/slack/socket", connect)
