"""The HTTP application: every route, and the one translator of errors into `application/problem+json`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from bot import telemetry
from bot.errors import ConflictError, NotAllowedError, NotFoundError, UpstreamError, UserError
from bot.store.database import Database
from bot.web import health, slack, webhooks
from bot.web.account import AccountPages
from bot.web.case_page import CasePage
from bot.web.installation import InstallPages
from bot.web.problem import problem

_log = telemetry.logger(__name__)
_STATUS: tuple[tuple[type[UserError], int], ...] = (
    (NotFoundError, 404),
    (NotAllowedError, 403),
    (ConflictError, 409),
)


@dataclass(frozen=True, slots=True)
class Doors:
    """What the routes stand on; a door whose secret is missing answers 503 and says which."""

    db: Database
    webhook_secrets: tuple[str, ...]
    bolt: slack.Bolt | None
    probes: dict[str, Callable[[], None]]
    missing: tuple[str, ...]
    accounts: AccountPages
    installing: InstallPages
    cases: CasePage


def build(doors: Doors, lifespan: Callable[[Starlette], AbstractAsyncContextManager[None]] | None = None) -> Starlette:
    """The application."""
    github = webhooks.Webhook(doors.db, doors.webhook_secrets)
    status = health.Health(doors.db, doors.probes, doors.missing)
    return Starlette(
        routes=[
            Route("/github/webhook", github.receive, methods=["POST"]),
            Route("/github/connect", doors.accounts.begin, methods=["GET"]),
            Route("/github/connect", doors.accounts.confirm, methods=["POST"]),
            Route("/github/callback", doors.accounts.callback, methods=["GET"]),
            Route("/github/setup", doors.accounts.setup, methods=["GET"]),
            Route("/slack/install", doors.installing.begin, methods=["GET"]),
            Route("/slack/oauth_redirect", doors.installing.finish, methods=["GET"]),
            Route("/slack/events", slack.endpoint(doors.bolt), methods=["POST"]),
            Route("/t/{uid}", doors.cases.show, methods=["GET"]),
            Route("/health", status.alive),
            Route("/health/ready", status.ready),
            Route("/metrics", status.metrics),
        ],
        exception_handlers={UserError: _on_user_error, UpstreamError: _on_upstream_error, Exception: _on_error},
        middleware=[Middleware(_Correlation)],
        lifespan=lifespan or _nothing,
    )


class _Correlation:
    """Give every request a correlation id, kept in its logs and in what it asks for."""

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


@asynccontextmanager
async def _nothing(_app: Starlette) -> AsyncIterator[None]:
    yield
