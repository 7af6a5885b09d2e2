"""OAuth: the page that installs the app in a workspace, the codes it gives out, and the tokens for them.

See https://docs.slack.dev/authentication/installing-with-oauth and https://docs.slack.dev/authentication/using-token-rotation.
"""

from __future__ import annotations

import html
import secrets
from collections.abc import Sequence
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from bot.sandbox import json_object
from bot.sandbox.json_object import JsonObject
from bot.sandbox.slack import errors
from bot.sandbox.slack.model import APP_ID, BOT_USER_ID
from bot.sandbox.slack.workspace import SlackWorkspace

_TOKEN_SECONDS = 43_200


class OAuthApp:
    """The app and the workspaces in which it may be installed; `rotates` turns token rotation on."""

    def __init__(self, workspaces: Sequence[SlackWorkspace]) -> None:
        self.workspaces = workspaces
        self.client_id = "111.222"
        self.client_secret = secrets.token_hex(16)
        self.rotates = False
        self.expires_in = _TOKEN_SECONDS
        self._workspace_by_code: dict[str, SlackWorkspace] = {}
        self._workspace_by_refresh_token: dict[str, SlackWorkspace] = {}

    def workspace_of_token(self, token: str) -> SlackWorkspace | None:
        """Return the workspace of a bot token or an app-level token."""
        return next((slack for slack in self.workspaces if token in {*slack.tokens, slack.app_token}), None)

    def routes(self) -> list[BaseRoute]:
        """Return the route that a browser opens."""
        return [Route("/slack/oauth/v2/authorize", self._authorize)]

    def access(self, arguments: JsonObject) -> JsonObject:
        """Do oauth.v2.access: exchange a code or a refresh token for a token; each works once."""
        credentials = (json_object.string(arguments, "client_id"), json_object.string(arguments, "client_secret"))
        if credentials != (self.client_id, self.client_secret):
            errors.fail("bad_client_secret")
        if json_object.string(arguments, "grant_type") == "refresh_token":
            slack = self._workspace_by_refresh_token.pop(json_object.string(arguments, "refresh_token"), None)
            code = "invalid_refresh_token"
        else:
            slack = self._workspace_by_code.pop(json_object.string(arguments, "code"), None)
            code = "invalid_code"
        if slack is None:
            errors.fail(code)
        return self._new_token(slack)

    async def _authorize(self, request: Request) -> Response:
        query = request.query_params
        if query.get("client_id") != self.client_id or not query.get("redirect_uri"):
            return HTMLResponse("<p>There is no such app.</p>", 404)
        slack = next((slack for slack in self.workspaces if slack.team_id == query.get("as")), None)
        if slack is None:
            return HTMLResponse(self._page(request))
        code = secrets.token_hex(10)
        self._workspace_by_code[code] = slack
        return RedirectResponse(f"{query['redirect_uri']}?{urlencode({'code': code, 'state': query.get('state', '')})}")

    def _page(self, request: Request) -> str:
        links = "".join(
            f'<p><a href="{html.escape(str(request.url.include_query_params(**{"as": slack.team_id})))}">'
            f"Install in {html.escape(slack.name)}</a></p>"
            for slack in self.workspaces
        )
        return f"<!doctype html><html lang='en'><title>Install</title><h1>Install FlakeGuard</h1>{links}"

    def _new_token(self, slack: SlackWorkspace) -> JsonObject:
        token = ("xoxe." if self.rotates else "") + f"xoxb-{secrets.token_hex(12)}"
        slack.tokens.add(token)
        response: JsonObject = {
            "access_token": token,
            "token_type": "bot",
            "scope": "commands,chat:write",
            "bot_user_id": BOT_USER_ID,
            "app_id": APP_ID,
            "team": None if slack.is_organisation else {"id": slack.team_id, "name": slack.name},
            "enterprise": {"id": slack.enterprise_id, "name": slack.name} if slack.enterprise_id else None,
            "is_enterprise_install": slack.is_organisation,
            "authed_user": {"id": "U0ANA"},
        }
        if self.rotates:
            refresh_token = f"xoxe-1-{secrets.token_hex(12)}"
            self._workspace_by_refresh_token[refresh_token] = slack
            response |= {"refresh_token": refresh_token, "expires_in": self.expires_in}
        return response
