"""Downloads of artifacts: short-lived URLs on another host, which refuse GitHub's tokens.

See https://docs.github.com/rest/actions/artifacts#download-an-artifact.
"""

from __future__ import annotations

import secrets
import threading
import time

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from bot.sandbox.github.errors import RestApiError
from bot.sandbox.github.store import RepositoryStore

_SECONDS = 60.0


class DownloadUrls:
    """The artifact of each URL, and until when it is valid."""

    def __init__(self) -> None:
        self._artifacts: dict[str, tuple[int, float]] = {}
        self._lock = threading.Lock()

    def issue(self, artifact_id: int) -> str:
        """Return a path that is valid for a minute."""
        signature = secrets.token_urlsafe(24)
        with self._lock:
            self._artifacts[signature] = (artifact_id, time.monotonic() + _SECONDS)
        return f"/artifacts/{signature}.zip"

    def find(self, signature: str) -> int | None:
        """Return the artifact of a path, or None if the path is unknown or has expired."""
        with self._lock:
            artifact_id, expires_at = self._artifacts.get(signature, (0, 0.0))
        return artifact_id if time.monotonic() < expires_at else None


def routes(store: RepositoryStore, urls: DownloadUrls) -> list[BaseRoute]:
    """Return the routes of the second port."""

    def download(request: Request) -> Response:
        if "authorization" in request.headers:
            return PlainTextResponse("AuthenticationFailed: a token of another host was sent here.", 403)
        artifact_id = urls.find(str(request.path_params["signature"]))
        if artifact_id is None:
            return PlainTextResponse("AuthenticationFailed: this address has expired.", 403)
        try:
            artifact = store.artifact(artifact_id)
        except RestApiError as error:
            return PlainTextResponse(error.message, error.status)
        headers = {"Content-Disposition": f'attachment; filename="{artifact.name}.zip"'}
        return Response(artifact.data, 200, headers, "application/zip")

    return [Route("/artifacts/{signature}.zip", download)]
