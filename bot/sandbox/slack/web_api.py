"""The HTTP side of the Web API and of response URLs: arguments, tokens, errors and injected faults.

See https://docs.slack.dev/apis/web-api.
"""

from __future__ import annotations

import asyncio
import base64
import time

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from bot.sandbox import json_object
from bot.sandbox.json_object import JsonObject
from bot.sandbox.slack import errors, socket_mode
from bot.sandbox.slack.errors import WebApiError
from bot.sandbox.slack.method import METHODS
from bot.sandbox.slack.model import MethodCall
from bot.sandbox.slack.oauth import OAuthApp
from bot.sandbox.slack.workspace import SlackWorkspace

_OPEN_CONNECTION = "apps.connections.open"
_OAUTH_ACCESS = "oauth.v2.access"
_SECRETS = frozenset({"token", "client_secret", "refresh_token", "code"})


def routes(app: OAuthApp) -> list[BaseRoute]:
    """Return the routes of the Web API, of response URLs and of Socket Mode; the token determines the workspace."""
    api = _WebApi(app)
    return [
        Route("/slack/api/{method}", api.call, methods=["GET", "POST"]),
        Route("/slack/response/{key}", api.respond, methods=["POST"]),
        socket_mode.route(app.workspaces[0], api.tickets),
    ]


class _WebApi:
    def __init__(self, app: OAuthApp) -> None:
        self._app = app
        self._default = app.workspaces[0]
        self.tickets = socket_mode.Tickets()

    async def call(self, request: Request) -> Response:
        """Call a method and log the call."""
        method = request.path_params["method"]
        arguments: JsonObject = {}
        error = None
        slack = self._default
        try:
            arguments = await _arguments(request)
            slack = self._app.workspace_of_token(_token(request, arguments)) or self._default
            await asyncio.sleep(slack.delay)
            response: Response = JSONResponse({"ok": True} | self._result(slack, request, method, arguments))
        except WebApiError as failure:
            response, error = _error_response(failure), failure.code
        public = {key: value for key, value in arguments.items() if key not in _SECRETS}
        slack.log(MethodCall(method, public, response.status_code, error, time.time()))
        return response

    async def respond(self, request: Request) -> Response:
        """Take a response to a response_url and log it."""
        key = request.path_params["key"]
        body: JsonObject = {}
        error = None
        slack = next((slack for slack in self._app.workspaces if slack.has_response_url(key)), self._default)
        try:
            body = await _arguments(request)
            slack.respond(key, body)
            response: Response = PlainTextResponse("ok")
        except WebApiError as failure:
            response, error = _error_response(failure), failure.code
        slack.log(MethodCall("response_url", body, response.status_code, error, time.time()))
        return response

    def _result(self, slack: SlackWorkspace, request: Request, method: str, arguments: JsonObject) -> JsonObject:
        fault = slack.take_fault(method)
        if fault is not None:
            raise fault
        if method == _OAUTH_ACCESS:
            return self._app.access(_client_credentials(request) | arguments)
        self._check_token(_token(request, arguments), method)
        if method == _OPEN_CONNECTION:
            address = slack.base_url.replace("http://", "ws://")
            return {"url": f"{address}/socket?ticket={self.tickets.issue()}"}
        if method not in METHODS:
            errors.fail("unknown_method")
        result = METHODS[method](slack, arguments)
        fault = slack.take_fault(method, after=True)
        if fault is not None:
            raise fault
        return result

    def _check_token(self, token: str, method: str) -> None:
        """Raise WebApiError unless the token is valid: an app-level token opens connections and nothing else."""
        slack = self._app.workspace_of_token(token)
        if not token:
            errors.fail("not_authed")
        if slack is None or (token == slack.app_token) != (method == _OPEN_CONNECTION):
            errors.fail("invalid_auth")


async def _arguments(request: Request) -> JsonObject:
    arguments: JsonObject = dict(request.query_params)
    if "json" in request.headers.get("content-type", ""):
        body = json_object.decode((await request.body()).decode(errors="replace") or "{}")
        if not isinstance(body, dict):
            errors.fail("invalid_json")
        return arguments | body
    async with request.form() as form:
        arguments |= {key: value for key, value in form.items() if isinstance(value, str)}
    for key in ("blocks", "view", "metadata", "unfurls"):
        if isinstance(arguments.get(key), str):
            arguments[key] = json_object.decode(json_object.string(arguments, key))
    return arguments


def _client_credentials(request: Request) -> JsonObject:
    """Return the client_id and client_secret of HTTP's Basic authentication."""
    scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return {}
    client_id, _, secret = base64.b64decode(encoded).decode(errors="replace").partition(":")
    return {"client_id": client_id, "client_secret": secret}


def _token(request: Request, arguments: JsonObject) -> str:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token if scheme.lower() == "bearer" else json_object.string(arguments, "token")


def _error_response(error: WebApiError) -> Response:
    headers = {"Retry-After": str(error.retry_after)} if error.retry_after is not None else {}
    body: JsonObject = {"ok": False, "error": error.code}
    if error.details:
        body |= {"errors": list(error.details), "response_metadata": {"messages": list(error.details)}}
    return JSONResponse(body, status_code=error.status, headers=headers)
