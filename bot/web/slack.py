"""How Slack reaches the listeners: over HTTP, or over Socket Mode where it cannot reach the bot."""

from __future__ import annotations

import re
import threading
from typing import TypeAlias

from slack_bolt import App, BoltRequest
from slack_bolt.adapter.socket_mode import SocketModeHandler
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from bot import telemetry
from bot.web.response import problem
from bot.web.webhooks import read_body

Bolt: TypeAlias = App
_MAX_BYTES = 1024 * 1024
_SECONDS = re.compile(r"[0-9]{1,12}")
_LONGEST_WAIT = 30.0  # seconds between attempts to connect
_log = telemetry.logger(__name__)


class SlackEvents:
    """`POST /slack/events`.

    Bolt's own Starlette handler dispatches on the event loop, which stalls every other request until a listener has
    acknowledged; here the loop only reads the body.
    """

    def __init__(self, bolt: Bolt | None) -> None:
        self._bolt = bolt

    async def receive(self, request: Request) -> Response:
        """Dispatch one request of Slack."""
        if self._bolt is None:
            return problem(503, "Not configured", "Set SLACK_BOT_TOKEN and SLACK_SIGNING_SECRET to receive requests.")
        body = await read_body(request, _MAX_BYTES)
        if body is None:
            return problem(413, "Too large", f"A request from Slack has at most {_MAX_BYTES:,} bytes.")
        try:
            bolt_request = BoltRequest(
                body=body.decode("utf-8", "replace"),
                query=request.url.query,
                headers={name: [value] for name, value in request.headers.items() if _is_readable(name, value)},
            )
        except (AttributeError, TypeError, ValueError):  # no JSON, or none of the forms Bolt looks for
            return problem(400, "Not understood", "The body is not what Slack sends.")
        try:
            response = await run_in_threadpool(self._bolt.dispatch, bolt_request)
        except Exception:  # noqa: BLE001  # Bolt failed on what Slack signed; Slack disables events after many failures
            _log.exception("request from Slack not understood")
            return Response(status_code=200)
        headers = {name: values[0] for name, values in response.headers.items() if name.lower() != "content-length"}
        return Response(response.body, status_code=response.status, headers=headers)


class SocketMode:
    """The connection that the bot opens to Slack; once it is open, the library renews it."""

    def __init__(self, bolt: Bolt, app_token: str) -> None:
        self._handler = SocketModeHandler(bolt, app_token)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._connect, name="socket-mode", daemon=True)

    def start(self) -> None:
        """Begin to connect; the bot starts whether Slack answers or not."""
        self._thread.start()

    def stop(self) -> None:
        """Close the connection."""
        self._stopping.set()
        self._handler.close()  # type: ignore[no-untyped-call]

    def _connect(self) -> None:
        wait = 1.0
        while not self._stopping.is_set():
            try:
                self._handler.connect()  # type: ignore[no-untyped-call]
            except Exception as error:  # noqa: BLE001  # the library raises many kinds, and any may pass
                _log.warning("no connection to Slack yet", reason=type(error).__name__, seconds=wait)
                self._stopping.wait(wait)
                wait = min(2 * wait, _LONGEST_WAIT)
            else:
                return


def _is_readable(name: str, value: str) -> bool:
    """Whether Bolt can read a header: it fails on a timestamp that is no number, and refuses a request without one."""
    return name != "x-slack-request-timestamp" or _SECONDS.fullmatch(value) is not None
