"""The App, its installation, and the rate limit of its tokens.

See https://docs.github.com/rest/apps and https://docs.github.com/rest/rate-limit.
"""

from __future__ import annotations

import time

from starlette.responses import JSONResponse, Response

from bot.sandbox.github import errors
from bot.sandbox.github.api.request import ApiRequest, page
from bot.sandbox.github.model import INSTALLATION_ID
from bot.sandbox.github.representation import timestamp
from bot.sandbox.github.server import GitHubServer

_REQUESTS_PER_HOUR = 5000


def rate_limit(github: GitHubServer) -> dict[str, int]:
    """Return the rate limit after the requests so far."""
    used = len(github.calls) % _REQUESTS_PER_HOUR
    return {
        "limit": _REQUESTS_PER_HOUR,
        "remaining": _REQUESTS_PER_HOUR - used,
        "used": used,
        "reset": int(time.time()) + 3600,
    }


def get_rate_limit(github: GitHubServer, _request: ApiRequest) -> Response:
    """Respond with the rate limit."""
    rate = rate_limit(github)
    return JSONResponse({"resources": {"core": rate}, "rate": rate})


def get_app(github: GitHubServer, _request: ApiRequest) -> Response:
    """Respond with the App."""
    return JSONResponse(github.representation.app())


def list_installations(github: GitHubServer, request: ApiRequest) -> Response:
    """Respond with the installations of the App."""
    return page(request, [github.representation.installation()])


def get_installation(github: GitHubServer, request: ApiRequest) -> Response:
    """Respond with an installation."""
    _check_installation(request)
    return JSONResponse(github.representation.installation())


def get_repository_installation(github: GitHubServer, _request: ApiRequest) -> Response:
    """Respond with the installation of the repository."""
    return JSONResponse(github.representation.installation())


def create_access_token(github: GitHubServer, request: ApiRequest) -> Response:
    """Respond with a new installation token."""
    _check_installation(request)
    if request.body.get("permissions") == {}:
        errors.fail(422, "There must be at least one permission requested.")
    token, expires_at = github.auth.issue()
    permissions = request.body.get("permissions") or github.representation.installation()["permissions"]
    body = {
        "token": token,
        "expires_at": timestamp(expires_at),
        "permissions": permissions,
        "repository_selection": "selected",
    }
    return JSONResponse(body, 201)


def list_repositories(github: GitHubServer, request: ApiRequest) -> Response:
    """Respond with the repositories of the installation."""
    return page(request, [github.representation.repository()], key="repositories")


def _check_installation(request: ApiRequest) -> None:
    if request.number("id") != INSTALLATION_ID:
        errors.not_found()
