"""Socket Mode: the WebSocket over which a bot receives requests if Slack cannot reach it by HTTP.

See https://docs.slack.dev/apis/events-api/using-socket-mode.
"""

from __future__ import annotations

import asyncio
import json
import secrets
import threading
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeoutError

from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from bot.sandbox import json_object
from bot.sandbox.json_object import JsonObject
from bot.sandbox.slack import dispatcher, model
from bot.sandbox.slack.model import BotResponse
from bot.sandbox.slack.workspace import SlackWorkspace

_REFRESH_SECONDS = 5


class Tickets:
    """The tickets in the URLs that apps.connections.open returns, each for one connection."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._tickets: set[str] = set()

    def issue(self) -> str:
        """Return a new ticket."""
        ticket = secrets.token_hex(12)
        with self._lock:
            self._tickets.add(ticket)
        return ticket

    def redeem(self, ticket: str) -> bool:
        """Use up a ticket and return whether it was valid."""
        with self._lock:
            is_valid = ticket in self._tickets
            self._tickets.discard(ticket)
            return is_valid


class _Connection:
    """An accepted WebSocket; other threads send through it."""

    def __init__(self, websocket: WebSocket) -> None:
        self._websocket = websocket
        self._loop = asyncio.get_running_loop()
        self._acknowledgements: dict[str, Future[JsonObject]] = {}

    def refresh(self) -> None:
        """Ask the bot to reconnect."""
        disconnect: JsonObject = {
            "type": "disconnect",
            "reason": "refresh_requested",
            "debug_info": {"host": "sandbox"},
        }
        self._send_text(disconnect, _REFRESH_SECONDS)

    def send(self, kind: str, body: JsonObject, seconds: float, retry: int = 0) -> BotResponse:
        """Send an envelope and wait for its acknowledgement."""
        envelope_id = secrets.token_hex(16)
        acknowledgement: Future[JsonObject] = Future()
        self._acknowledgements[envelope_id] = acknowledgement
        envelope: JsonObject = {
            "envelope_id": envelope_id,
            "type": kind,
            "accepts_response_payload": kind != "events_api",
            "payload": body,
        }
        if kind == "events_api":
            envelope |= {"retry_attempt": retry, "retry_reason": "timeout" if retry else ""}
        try:
            self._send_text(envelope, seconds)
            response = acknowledgement.result(seconds).get("payload")
        except FutureTimeoutError:
            return BotResponse(0, error=dispatcher.TIMEOUT)
        except (RuntimeError, WebSocketDisconnect):
            return BotResponse(0, error=dispatcher.FAILED)
        finally:
            self._acknowledgements.pop(envelope_id, None)
        return BotResponse(200, json.dumps(response) if response else "")

    def receive(self, text: str) -> None:
        """Take an acknowledgement."""
        message = json_object.as_object(json_object.decode(text))
        acknowledgement = self._acknowledgements.get(json_object.string(message, "envelope_id"))
        if acknowledgement is not None and not acknowledgement.done():
            acknowledgement.set_result(message)

    def _send_text(self, message: JsonObject, seconds: float) -> None:
        sending = self._websocket.send_text(json.dumps(message))
        asyncio.run_coroutine_threadsafe(sending, self._loop).result(seconds)


def route(workspace: SlackWorkspace, tickets: Tickets) -> WebSocketRoute:
    """Return the route of the WebSocket."""
    sockets = workspace.dispatcher.sockets

    async def connect(websocket: WebSocket) -> None:
        if not tickets.redeem(websocket.query_params.get("ticket", "")):
            await websocket.close(code=4401)
            return
        await websocket.accept()
        connection = _Connection(websocket)
        hello: JsonObject = {
            "type": "hello",
            "num_connections": len(sockets) + 1,
            "connection_info": {"app_id": model.APP_ID},
        }
        await websocket.send_text(json.dumps(hello))
        sockets.append(connection)
        try:
            while True:
                connection.receive(await websocket.receive_text())
        except WebSocketDisconnect:
            pass
        finally:
            sockets.remove(connection)

    return WebSocketRoute("/slack/socket", connect)
