"""The Slack door: Bolt, dispatched off the event loop.

Bolt's own Starlette handler calls the blocking dispatch on the loop, which stalls every other request until a
listener has acknowledged; here the loop only reads the body.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import TypeAlias

from slack_bolt import App, BoltRequest
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from bot import telemetry
from bot.web.problem import problem

Bolt: TypeAlias = App
_MAX_BYTES = 1024 * 1024
_SECONDS = re.compile(r"[0-9]{1,12}")
_log = telemetry.logger(__name__)


def _is_usable(name: str, value: str) -> bool:
    """Whether Bolt can read a header; without a time that is one it refuses a request, as it should."""
    return name != "x-slack-request-timestamp" or _SECONDS.fullmatch(value) is not None


def endpoint(bolt: Bolt | None) -> Callable[[Request], Awaitable[Response]]:
    """`POST /slack/events`."""

    async def receive(request: Request) -> Response:
        if bolt is None:
            return problem(503, "Not configured", "Set SLACK_BOT_TOKEN and SLACK_SIGNING_SECRET to open this door.")
        body = bytearray()
        async for chunk in request.stream():
            body += chunk
            if len(body) > _MAX_BYTES:
                return problem(413, "Too large", f"A request from Slack has at most {_MAX_BYTES:,} bytes.")
        try:
            incoming = BoltRequest(
                body=body.decode("utf-8", "replace"),
                query=request.url.query,
                headers={name: [value] for name, value in request.headers.items() if _is_usable(name, value)},
            )
        except (AttributeError, TypeError, ValueError):  # no JSON, or none of the forms Bolt looks for
            return problem(400, "Not understood", "The body is not what Slack sends.")
        try:
            answer = await run_in_threadpool(bolt.dispatch, incoming)
        except Exception:  # noqa: BLE001  # Bolt stumbled over what Slack signed; failures switch the events off
            _log.exception("request from Slack not understood")
            return Response(status_code=200)
        headers = {name: values[0] for name, values in answer.headers.items() if name.lower() != "content-length"}
        return Response(answer.body, status_code=answer.status, headers=headers)

    return receive
