"""User authorization by the web application flow, and the endpoints for user access tokens.

The sandbox has no passwords: the parameter `as` is the login of the person, and the page has a link for each.
See https://docs.github.com/apps/oauth-apps/building-oauth-apps/authorizing-oauth-apps.
"""

from __future__ import annotations

import base64
import hashlib
import html
import secrets
from collections.abc import Callable
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from bot.sandbox.github import errors
from bot.sandbox.github.errors import RestApiError
from bot.sandbox.github.model import API, BOT, INSTALLATION_ID
from bot.sandbox.github.server import GitHubServer
from bot.sandbox.json_object import JsonObject

_WEB = API.removesuffix("/api/v3")


def routes(github: GitHubServer) -> list[BaseRoute]:
    """Return the routes for browsers, and those of the API that take user access tokens."""
    flow = _WebApplicationFlow(github)
    return [
        Route(_WEB + "/login/oauth/authorize", flow.authorize),
        Route(_WEB + "/login/oauth/access_token", flow.access_token, methods=["POST"]),
        Route(_WEB + "/apps/{slug}/installations/new", flow.install),
        Route(API + "/user", flow.user),
        Route(API + "/user/installations", flow.installations),
        Route(API + "/user/installations/{id:int}/repositories", flow.repositories),
    ]


class _WebApplicationFlow:
    """Issues codes and exchanges each once for a token, if the PKCE verifier matches its challenge."""

    def __init__(self, github: GitHubServer) -> None:
        self._github = github
        self._codes: dict[str, tuple[str, str, str]] = {}

    async def authorize(self, request: Request) -> Response:
        query = request.query_params
        if query.get("client_id") != self._github.client_id or not query.get("redirect_uri"):
            return HTMLResponse("<p>There is no such App.</p>", 404)
        login = query.get("as", "")
        if not login:
            return HTMLResponse(self._page(request))
        if login not in self._github.users:
            return self._redirect(request, error="access_denied")
        code = secrets.token_hex(10)
        self._codes[code] = (login, query.get("code_challenge", ""), query["redirect_uri"])
        return self._redirect(request, code=code)

    async def access_token(self, request: Request) -> Response:
        async with request.form() as form:
            parameters = {name: str(value) for name, value in form.items()}
        credentials = (parameters.get("client_id"), parameters.get("client_secret"))
        if credentials != (self._github.client_id, self._github.client_secret):
            return JSONResponse({"error": "incorrect_client_credentials"})
        login, challenge, redirect_uri = self._codes.pop(parameters.get("code", ""), ("", "", ""))
        if not login or (challenge and _challenge(parameters.get("code_verifier", "")) != challenge):
            return JSONResponse({"error": "bad_verification_code"})
        if parameters.get("redirect_uri") != redirect_uri:
            return JSONResponse({"error": "redirect_uri_mismatch"})
        return JSONResponse({"access_token": self._github.auth.issue_user(login), "token_type": "bearer", "scope": ""})

    async def install(self, request: Request) -> Response:
        query = {"installation_id": str(INSTALLATION_ID), "setup_action": "install"}
        if state := request.query_params.get("state"):
            query["state"] = state
        return RedirectResponse(f"{self._github.webhooks.bot_url}/github/setup?{urlencode(query)}", 302)

    async def user(self, request: Request) -> Response:
        return self._as_user(request, lambda login: self._github.representation.user(self._github.user(login)))

    async def installations(self, request: Request) -> Response:
        def body(login: str) -> JsonObject:
            has_access = self._permission(login) != "none"
            installations = [self._github.representation.installation()] if has_access else []
            return {"total_count": len(installations), "installations": installations}

        return self._as_user(request, body)

    async def repositories(self, request: Request) -> Response:
        def body(login: str) -> JsonObject:
            permission = self._permission(login)
            if request.path_params["id"] != INSTALLATION_ID or permission == "none":
                errors.not_found()
            permissions = {"admin": permission == "admin", "push": permission in {"admin", "write"}, "pull": True}
            repository = self._github.representation.repository() | {"permissions": permissions}
            return {"total_count": 1, "repositories": [repository]}

        return self._as_user(request, body)

    def _as_user(self, request: Request, body: Callable[[str], JsonObject]) -> Response:
        try:
            login = self._github.auth.verify_user(request.headers.get("authorization", ""))
            return JSONResponse(body(login))
        except RestApiError as error:
            return JSONResponse({"message": error.message}, error.status)

    def _permission(self, login: str) -> str:
        return self._github.user(login).permission

    def _redirect(self, request: Request, **parameters: str) -> Response:
        query = request.query_params
        return RedirectResponse(
            f"{query['redirect_uri']}?{urlencode({**parameters, 'state': query.get('state', '')})}", 302
        )

    def _page(self, request: Request) -> str:
        people = [user for user in self._github.users.values() if user.login != BOT.login]
        suggested = request.query_params.get("login", "")
        links = "".join(
            f'<p><a href="{html.escape(str(request.url.include_query_params(**{"as": user.login})))}">'
            f"Authorize FlakeGuard as @{html.escape(user.login)}</a>"
            f"{' (suggested)' if user.login == suggested else ''}</p>"
            for user in people
        )
        cancel = html.escape(str(request.url.include_query_params(**{"as": "nobody"})))
        return (
            "<!doctype html><html lang='en'><title>Authorize FlakeGuard</title>"
            "<h1>Authorize FlakeGuard</h1><p>FlakeGuard wants to know who you are on GitHub.</p>"
            f"{links}<p><a href='{cancel}'>Cancel</a></p>"
        )


def _challenge(verifier: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
