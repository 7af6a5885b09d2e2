"""The short-lived addresses of artifacts on the second port, which must not be asked with a token."""

from __future__ import annotations

import secrets
import threading
import time
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from bot.sandbox.github.model import RefusalError

if TYPE_CHECKING:
    from bot.sandbox.github.server import GitHubServer

_LIFE = 60.0


class Downloads:
    """Which address leads to which artifact, and until when."""

    def __init__(self) -> None:
        self._addresses: dict[str, tuple[int, float]] = {}
        self._lock = threading.Lock()

    def open(self, artifact_id: int) -> str:
        """Make a path that leads to the artifact for a minute."""
        ticket = secrets.token_urlsafe(24)
        with self._lock:
            self._addresses[ticket] = (artifact_id, time.monotonic() + _LIFE)
        return f"/artifacts/{ticket}.zip"

    def find(self, ticket: str) -> int | None:
        """The artifact behind a path, or None where it is unknown or too old."""
        with self._lock:
            artifact_id, until = self._addresses.get(ticket, (0, 0.0))
        return artifact_id if time.monotonic() < until else None


def download_routes(github: GitHubServer) -> list[BaseRoute]:
    """The routes of the second port."""

    def download(request: Request) -> Response:
        if "authorization" in request.headers:
            text = "AuthenticationFailed: a token of another host was sent here."
            return PlainTextResponse(text, 403)
        artifact_id = github.downloads.find(str(request.path_params["ticket"]))
        if artifact_id is None:
            return PlainTextResponse("AuthenticationFailed: this address has expired.", 403)
        try:
            artifact = github.artifact(artifact_id)
        except RefusalError as refusal:
            return PlainTextResponse(refusal.message, refusal.status)
        headers = {"Content-Disposition": f'attachment; filename="{artifact.name}.zip"'}
        return Response(artifact.data, 200, headers, "application/zip")

    return [Route("/artifacts/{ticket}.zip", download)]
