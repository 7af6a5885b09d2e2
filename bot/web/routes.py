"""The HTTP application: its routes, and the translation of errors into `application/problem+json`."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from bot import telemetry
from bot.errors import ConflictError, NotAllowedError, NotFoundError, UpstreamError, UserError
from bot.web.account import AccountPages
from bot.web.case_page import CasePage
from bot.web.health import Health
from bot.web.installation import InstallPages
from bot.web.response import problem
from bot.web.slack import SlackEvents
from bot.web.webhooks import Webhook

_log = telemetry.logger(__name__)
_STATUS: tuple[tuple[type[UserError], int], ...] = (
    (NotFoundError, 404),
    (NotAllowedError, 403),
    (ConflictError, 409),
)


def build(
    lifespan: Callable[[Starlette], AbstractAsyncContextManager[None]],
    *,
    webhook: Webhook,
    slack: SlackEvents,
    health: Health,
    accounts: AccountPages,
    installation: InstallPages,
    cases: CasePage,
) -> Starlette:
    """The application; a route whose secret is missing answers 503 and says which."""
    return Starlette(
        routes=[
            Route("/github/webhook", webhook.receive, methods=["POST"]),
            Route("/github/connect", accounts.begin, methods=["GET"]),
            Route("/github/connect", accounts.confirm, methods=["POST"]),
            Route("/github/callback", accounts.callback, methods=["GET"]),
            Route("/github/setup", accounts.setup, methods=["GET"]),
            Route("/slack/install", installation.begin, methods=["GET"]),
            Route("/slack/oauth_redirect", installation.finish, methods=["GET"]),
            Route("/slack/events", slack.receive, methods=["POST"]),
            Route("/t/{uid}", cases.show, methods=["GET"]),
            Route("/health", health.alive),
            Route("/health/ready", health.ready),
            Route("/metrics", health.metrics),
        ],
        exception_handlers={UserError: _on_user_error, UpstreamError: _on_upstream_error, Exception: _on_error},
        middleware=[Middleware(_Correlation)],
        lifespan=lifespan,
    )


class _Correlation:
    """Gives every request a correlation id, which its logs and its jobs carry."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with telemetry.correlated(telemetry.new_id()):
            await self._app(scope, receive, send)


async def _on_user_error(_request: Request, error: Exception) -> Response:
    status = next((code for kind, code in _STATUS if isinstance(error, kind)), 400)
    return problem(status, "The request cannot be served", str(error))


async def _on_upstream_error(_request: Request, error: Exception) -> Response:
    _log.warning("upstream failed", reason=str(error))
    return problem(503, "Not available", str(error))


async def _on_error(_request: Request, error: Exception) -> Response:
    incident = telemetry.new_id()
    _log.error("unexpected error", incident=incident, exc_info=error)
    return problem(500, "Unexpected error", f"It was logged as {incident}.")
