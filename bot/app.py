"""The composition root: settings in, a running bot out."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Self

import uvicorn
from starlette.applications import Starlette

from bot import telemetry
from bot.analysis.connection import Setup
from bot.commands import listener
from bot.commands.request.context import SlackApp
from bot.config import Environment, Settings
from bot.errors import ConfigurationError, UpstreamError
from bot.github.account import Accounts, web_url
from bot.github.client import GitHub
from bot.jobs.context import Context
from bot.jobs.schedule import Clock
from bot.jobs.worker import Worker
from bot.services import author, event, learning, notice
from bot.services import rebuild as rebuild_service
from bot.services.page_link import PageLinks
from bot.slack.oauth import Credentials, Flow
from bot.slack.registry import Registry
from bot.slack_token import WorkspaceTokens
from bot.store import embedded
from bot.store.database import Database
from bot.store.vault import Vault
from bot.store.workspaces import workspace as workspace_store
from bot.web import routes
from bot.web.account import AccountPages
from bot.web.case_page import CasePage
from bot.web.health import Health
from bot.web.installation import InstallPages, InstallResults
from bot.web.slack import Bolt, SlackEvents, SocketMode
from bot.web.webhooks import Webhook

_log = telemetry.logger(__name__)

SUBSCRIBERS: Sequence[event.Subscriber] = (
    learning.record_labels,
    author.weigh_claims,
    notice.post_events,
    rebuild_service.request_for_incidents,
)
"""Who reacts to the events of the audit trail, in this order: a label keeps the belief of before the feedback."""


class Bot:
    """Everything one process of FlakeGuard has; `close` ends it in the order that loses nothing."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        event.subscribe(SUBSCRIBERS)
        self._server: embedded.Server | None = None
        if settings.database_url is None:
            self._server = embedded.start(settings.data)
            url = self._server.url
        else:
            url = settings.database_url.get_secret_value()
        self.db = Database(url, pool_size=settings.database_pool_size)
        self.db.check()
        self.github = _github(settings)
        self.accounts = _accounts(settings)
        setup = Setup(settings.missing(), linking=self.accounts is not None)
        self.slack_app = _slack_app(settings)
        self.tokens = WorkspaceTokens(
            self.db,
            bot_token=settings.slack_bot_token.get_secret_value() if settings.slack_bot_token else None,
            vault=Vault(settings.encryption_keys) if settings.encryption_keys else None,
            credentials=self.slack_app,
            clock=_now,
        )
        self.slacks = Registry(self.tokens.of, base_url=settings.slack_api_url)
        self.context = Context(
            self.db, self.github, self.slacks, settings.slack_default_channel, clock=_now, setup=setup
        )
        self.pages = PageLinks(settings.address, settings.link_key) if settings.link_key else None
        self.slack = SlackApp(
            db=self.db,
            slacks=self.slacks,
            github=self.github,
            default_channel=settings.slack_default_channel,
            setup=setup,
            approver_groups=settings.approver_groups,
            public_url=settings.address,
            clock=_now,
            pages=self.pages,
        )
        if not settings.links_accounts and not settings.approver_groups:
            _log.warning("nobody can decide in Slack: set GITHUB_CLIENT_ID and its secret, or APPROVER_GROUPS")
        for name in setup.missing:
            _log.warning("a setting is missing", setting=name)

    def migrate(self) -> None:
        """Bring the tables to the newest revision."""
        self.db.migrate()

    def prepare(self) -> None:
        """Migrate where the database is ours; elsewhere insist that it was done.

        Raises:
            ConfigurationError: the database needs `flakeguard migrate`.
        """
        if self.settings.environment is not Environment.PRODUCTION or self.settings.database_url is None:
            self.migrate()
        elif not self.db.is_migrated():
            message = "DATABASE_URL: the tables are not up to date; run `flakeguard migrate` first."
            raise ConfigurationError(message)

        if self.settings.slack_bot_token is not None:
            with self.db.begin() as session:
                workspace_store.put_by_token(session, sees_all=self.slack_app is None, now=_now())

    def bolt(self) -> Bolt | None:
        """The Slack listeners, where Slack is configured."""
        settings = self.settings
        if settings.slack_bot_token is None and self.slack_app is None:
            return None
        if settings.slack_signing_secret is None and settings.slack_app_token is None:
            return None
        self.slack.identify()
        secret = settings.slack_signing_secret.get_secret_value() if settings.slack_signing_secret else None
        return listener.build(self.slack, signing_secret=secret)

    def install_flow(self) -> Flow | None:
        """The way workspaces install the Slack app by themselves, where that is set up."""
        if self.slack_app is None:
            return None
        redirect = f"{self.settings.address}/slack/oauth_redirect"
        return Flow(self.slack_app, self.tokens, InstallResults(), redirect_uri=redirect)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_raised: object) -> None:
        self.close()

    def close(self) -> None:
        """Close every connection, and stop the embedded database if it is ours."""
        if self.github is not None:
            self.github.close()
        if self.accounts is not None:
            self.accounts.close()
        self.db.close()
        if self._server is not None:
            self._server.stop()


def server(bot: Bot) -> uvicorn.Server:
    """The HTTP server of a bot; while it runs, so do Slack's socket, the worker and the clock."""
    settings = bot.settings
    worker = Worker(bot.context)
    clock = Clock(bot.context)
    bolt = bot.bolt()
    socket_mode = _socket_mode(settings, bolt)

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        worker.start()
        clock.start()
        if socket_mode is not None:
            socket_mode.start()
        public = settings.address
        _log.info("ready", github_webhook=f"{public}/github/webhook", slack_requests=f"{public}/slack/events")
        yield
        if socket_mode is not None:
            socket_mode.stop()
        if bolt is not None:
            listener.finish(bolt)
        clock.stop()
        worker.stop()

    application = routes.build(
        lifespan,
        webhook=Webhook(bot.db, settings.webhook_secrets, _now),
        slack=SlackEvents(bolt if settings.slack_signing_secret else None),
        health=Health(bot.db, {"worker": _alive(worker)}, settings.missing()),
        accounts=AccountPages(
            db=bot.db,
            accounts=bot.accounts,
            github=bot.github,
            slacks=bot.slacks,
            public_url=settings.address,
            clock=_now,
        ),
        installation=InstallPages(bot.install_flow()),
        cases=CasePage(bot.db, bot.pages, _now),
    )
    return uvicorn.Server(
        uvicorn.Config(
            application,
            host=settings.host,
            port=settings.port,
            log_config=None,
            access_log=False,
            loop="uvloop",
            http="httptools",
            timeout_graceful_shutdown=10,
            server_header=False,
        )
    )


def _now() -> datetime:
    return datetime.now(UTC)


def _github(settings: Settings) -> GitHub | None:
    if settings.github_app_id is None or settings.github_app_private_key is None:
        return None
    key = settings.github_app_private_key.get_secret_value()
    return GitHub(settings.github_app_id, key, settings.github_api_url, _now)


def _slack_app(settings: Settings) -> Credentials | None:
    if settings.slack_client_id is None or settings.slack_client_secret is None:
        return None
    return Credentials(
        settings.slack_client_id, settings.slack_client_secret.get_secret_value(), settings.slack_api_url
    )


def _accounts(settings: Settings) -> Accounts | None:
    if settings.github_client_id is None or settings.github_client_secret is None:
        return None
    return Accounts(
        settings.github_client_id,
        settings.github_client_secret.get_secret_value(),
        api_url=settings.github_api_url,
        web_url=web_url(settings.github_api_url),
        clock=_now,
    )


def _socket_mode(settings: Settings, bolt: Bolt | None) -> SocketMode | None:
    if bolt is None or settings.slack_app_token is None:
        return None
    return SocketMode(bolt, settings.slack_app_token.get_secret_value())


def _alive(worker: Worker) -> Callable[[], None]:
    def probe() -> None:
        if not worker.is_alive:
            message = "the worker does not run"
            raise UpstreamError(message)

    return probe
