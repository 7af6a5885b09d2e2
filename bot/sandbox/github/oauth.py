"""User authorization: where people say that the App may know who they are, and the code they are sent back with.

The sandbox knows no passwords: the address says with `as` who sits at the browser, and the page has a button for each.
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

from bot.sandbox.github.model import API, BOT, INSTALLATION_ID, JsonObject, RefusalError
from bot.sandbox.github.server import GitHubServer

_WEB = API.removesuffix("/api/v3")


def routes(github: GitHubServer) -> list[BaseRoute]:
    """Return the routes that a browser and the App's user tokens reach."""
    desk = _Desk(github)
    return [
        Route(_WEB + "/login/oauth/authorize", desk.authorize),
        Route(_WEB + "/login/oauth/access_token", desk.access_token, methods=["POST"]),
        Route(_WEB + "/apps/{slug}/installations/new", desk.install),
        Route(API + "/user", desk.user),
        Route(API + "/user/installations", desk.installations),
        Route(API + "/user/installations/{id:int}/repositories", desk.repositories),
    ]


class _Desk:
    """Hands out codes, and tokens for them: each code once, to who shows the verifier of its challenge."""

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
            return self._back(request, error="access_denied")
        code = secrets.token_hex(10)
        self._codes[code] = (login, query.get("code_challenge", ""), query["redirect_uri"])
        return self._back(request, code=code)

    async def access_token(self, request: Request) -> Response:
        async with request.form() as form:
            given = {name: str(value) for name, value in form.items()}
        if (given.get("client_id"), given.get("client_secret")) != (
            self._github.client_id,
            self._github.client_secret,
        ):
            return JSONResponse({"error": "incorrect_client_credentials"})
        login, challenge, redirect = self._codes.pop(given.get("code", ""), ("", "", ""))
        if not login or (challenge and _challenge(given.get("code_verifier", "")) != challenge):
            return JSONResponse({"error": "bad_verification_code"})
        if given.get("redirect_uri") != redirect:
            return JSONResponse({"error": "redirect_uri_mismatch"})
        return JSONResponse({"access_token": self._github.auth.issue_user(login), "token_type": "bearer", "scope": ""})

    async def install(self, request: Request) -> Response:
        query = {"installation_id": str(INSTALLATION_ID), "setup_action": "install"}
        if state := request.query_params.get("state"):
            query["state"] = state
        return RedirectResponse(f"{self._github.webhooks.bot_url}/github/setup?{urlencode(query)}", 302)

    async def user(self, request: Request) -> Response:
        return self._as_user(request, lambda login: self._github.represent.user(self._github.user(login)))

    async def installations(self, request: Request) -> Response:
        def listed(login: str) -> JsonObject:
            seen = [self._github.represent.installation()] if self._may(login) != "none" else []
            return {"total_count": len(seen), "installations": seen}

        return self._as_user(request, listed)

    async def repositories(self, request: Request) -> Response:
        def listed(login: str) -> JsonObject:
            if request.path_params["id"] != INSTALLATION_ID or self._may(login) == "none":
                message = "Not Found"
                raise RefusalError(404, message)
            may = self._may(login)
            rights = {"admin": may == "admin", "push": may in {"admin", "write"}, "pull": True}
            return {"total_count": 1, "repositories": [self._github.represent.repository() | {"permissions": rights}]}

        return self._as_user(request, listed)

    def _as_user(self, request: Request, answer: Callable[[str], JsonObject]) -> Response:
        try:
            login = self._github.auth.verify_user(request.headers.get("authorization", ""))
            return JSONResponse(answer(login))
        except RefusalError as refusal:
            return JSONResponse({"message": refusal.message}, refusal.status)

    def _may(self, login: str) -> str:
        return self._github.user(login).permission

    def _back(self, request: Request, **said: str) -> Response:
        query = request.query_params
        return RedirectResponse(f"{query['redirect_uri']}?{urlencode({**said, 'state': query.get('state', '')})}", 302)

    def _page(self, request: Request) -> str:
        people = [one for one in self._github.users.values() if one.login != BOT.login]
        wished = request.query_params.get("login", "")
        links = "".join(
            f'<p><a href="{html.escape(str(request.url.include_query_params(**{"as": one.login})))}">'
            f"Authorize FlakeGuard as @{html.escape(one.login)}</a>{' (suggested)' if one.login == wished else ''}</p>"
            for one in people
        )
        no = html.escape(str(request.url.include_query_params(**{"as": "nobody"})))
        return (
            "<!doctype html><html lang='en'><title>Authorize FlakeGuard</title>"
            "<h1>Authorize FlakeGuard</h1><p>FlakeGuard wants to know who you are on GitHub.</p>"
            f"{links}<p><a href='{no}'>Cancel</a></p>"
        )


def _challenge(verifier: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
