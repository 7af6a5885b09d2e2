"""The app as workspaces install it: the page on which somebody lets it in, its codes, its tokens and their rotation."""

from __future__ import annotations

import html
import secrets
from collections.abc import Sequence
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from bot.sandbox.slack import payload
from bot.sandbox.slack.events import Slack
from bot.sandbox.slack.model import BOT_USER_ID, RefusalError
from bot.sandbox.slack.payload import JsonObject

ACCESS = "oauth.v2.access"
_LIFE = 43_200


class SlackApp:
    """One app with the workspaces it may be installed in; `rotates` its tokens where that is switched on."""

    def __init__(self, workspaces: Sequence[Slack]) -> None:
        self.workspaces = workspaces
        self.client_id = "111.222"
        self.client_secret = secrets.token_hex(16)
        self.rotates = False
        self.expires_in = _LIFE
        self._codes: dict[str, Slack] = {}
        self._refreshes: dict[str, Slack] = {}

    def of_token(self, token: str) -> Slack | None:
        """Return the workspace a token belongs to."""
        return next((one for one in self.workspaces if token in {*one.tokens, one.app_token}), None)

    def routes(self) -> list[BaseRoute]:
        """Return the route a browser reaches."""
        return [Route("/slack/oauth/v2/authorize", self._authorize)]

    def access(self, arguments: JsonObject) -> JsonObject:
        """Do oauth.v2.access: a code, or a refresh token, for a new token; either works once."""
        given = (payload.string(arguments, "client_id"), payload.string(arguments, "client_secret"))
        if given != (self.client_id, self.client_secret):
            code = "bad_client_secret"
            raise RefusalError(code)
        if payload.string(arguments, "grant_type") == "refresh_token":
            slack, fault = (
                self._refreshes.pop(payload.string(arguments, "refresh_token"), None),
                "invalid_refresh_token",
            )
        else:
            slack, fault = self._codes.pop(payload.string(arguments, "code"), None), "invalid_code"
        if slack is None:
            raise RefusalError(fault)
        return self._granted(slack)

    async def _authorize(self, request: Request) -> Response:
        query = request.query_params
        if query.get("client_id") != self.client_id or not query.get("redirect_uri"):
            return HTMLResponse("<p>There is no such app.</p>", 404)
        chosen = next((one for one in self.workspaces if one.team_id == query.get("as")), None)
        if chosen is None:
            links = "".join(
                f'<p><a href="{html.escape(str(request.url.include_query_params(**{"as": one.team_id})))}">'
                f"Install in {html.escape(one.name)}</a></p>"
                for one in self.workspaces
            )
            return HTMLResponse(
                f"<!doctype html><html lang='en'><title>Install</title><h1>Install FlakeGuard</h1>{links}"
            )
        code = secrets.token_hex(10)
        self._codes[code] = chosen
        return RedirectResponse(f"{query['redirect_uri']}?{urlencode({'code': code, 'state': query.get('state', '')})}")

    def _granted(self, slack: Slack) -> JsonObject:
        token = ("xoxe." if self.rotates else "") + f"xoxb-{secrets.token_hex(12)}"
        slack.tokens.add(token)
        organisation = slack.is_organisation
        said: JsonObject = {
            "access_token": token,
            "token_type": "bot",
            "scope": "commands,chat:write",
            "bot_user_id": BOT_USER_ID,
            "app_id": "A0FLAKE",
            "team": None if organisation else {"id": slack.team_id, "name": slack.name},
            "enterprise": {"id": slack.enterprise_id, "name": slack.name} if slack.enterprise_id else None,
            "is_enterprise_install": organisation,
            "authed_user": {"id": "U0ANA"},
        }
        if self.rotates:
            refresh = f"xoxe-1-{secrets.token_hex(12)}"
            self._refreshes[refresh] = slack
            said |= {"refresh_token": refresh, "expires_in": self.expires_in}
        return said
