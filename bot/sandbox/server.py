"""The sandbox: Slack, GitHub and the page that shows both on one port, and downloads of artifacts on a second one."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable

import uvicorn
from starlette.applications import Starlette
from starlette.routing import BaseRoute

from bot.sandbox.github import artifact_download, model
from bot.sandbox.github import oauth as github_oauth
from bot.sandbox.github.api import route as api_route
from bot.sandbox.github.server import GitHubServer
from bot.sandbox.page import route as page_route
from bot.sandbox.slack import web_api
from bot.sandbox.slack.model import SlackSettings, Team
from bot.sandbox.slack.oauth import OAuthApp
from bot.sandbox.slack.workspace import SlackWorkspace

HOST = "127.0.0.1"
_START_SECONDS = 15.0
_STOP_SECONDS = 3.0


class _HttpServer:
    """An HTTP server in a thread; the port is bound at once."""

    def __init__(self, port: int) -> None:
        self._socket = _bind(port)
        self.port: int = self._socket.getsockname()[1]
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None

    def start(self, routes: list[BaseRoute]) -> None:
        config = uvicorn.Config(
            Starlette(routes=routes), log_config=None, access_log=False, lifespan="off", ws="websockets-sansio"
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [self._socket]}, name=f"sandbox-{self.port}", daemon=True
        )
        self._thread.start()
        deadline = time.monotonic() + _START_SECONDS
        while not self._server.started:
            if time.monotonic() > deadline or not self._thread.is_alive():
                message = f"The sandbox did not start on port {self.port}."
                raise RuntimeError(message)
            time.sleep(0.01)

    def request_stop(self) -> None:
        if self._server is not None:
            self._server.should_exit = True

    def stop(self) -> None:
        self.request_stop()
        if self._server is not None and self._thread is not None:
            self._thread.join(_STOP_SECONDS)
            if self._thread.is_alive():
                self._server.force_exit = True
                self._thread.join(_STOP_SECONDS)
        self._socket.close()


class Sandbox:
    """A Slack and a GitHub on 127.0.0.1 with their own secrets, and the page that shows both."""

    def __init__(self, port: int = 0, settings: SlackSettings | None = None) -> None:
        self._main = _HttpServer(port)
        self._downloads = _HttpServer(0)
        self.port = self._main.port
        self.url = f"http://{HOST}:{self.port}"
        self.github = GitHubServer()
        self.github.base_url = self.url
        self.github.downloads_url = f"http://{HOST}:{self._downloads.port}"
        self.slack = SlackWorkspace(settings)
        self.slack.base_url = f"{self.url}/slack"
        self.workspaces = [self.slack]
        self.slack_app = OAuthApp(self.workspaces)
        self.on_run_ci: Callable[[], object] | None = None
        """Called to run CI on a new commit."""
        self._bot_url = ""

    @property
    def bot_url(self) -> str:
        """The address of the bot; it may be set after the start."""
        return self._bot_url

    @bot_url.setter
    def bot_url(self, url: str) -> None:
        self._bot_url = url.rstrip("/")
        for slack in self.workspaces:
            slack.dispatcher.bot_url = self._bot_url
        self.github.webhooks.bot_url = self._bot_url

    def add_workspace(self, team: Team) -> SlackWorkspace:
        """Return another workspace, in which the same app may be installed."""
        slack = SlackWorkspace(self.slack.settings, team, signing_secret=self.slack.signing_secret)
        slack.base_url = self.slack.base_url
        slack.dispatcher.bot_url = self._bot_url
        self.workspaces.append(slack)
        return slack

    def start(self) -> None:
        """Start to serve both ports."""
        routes = [
            *web_api.routes(self.slack_app),
            *self.slack_app.routes(),
            *github_oauth.routes(self.github),
            *api_route.routes(self.github),
            *page_route.routes(self.slack, self.github, self._run_ci),
        ]
        self._main.start(routes)
        self._downloads.start(artifact_download.routes(self.github, self.github.downloads))

    def stop(self) -> None:
        """Close both ports."""
        self._downloads.request_stop()
        self._main.stop()
        self._downloads.stop()

    def environment(self, bot_port: int) -> dict[str, str]:
        """Return the environment variables for a bot on this port."""
        return {
            "SLACK_BOT_TOKEN": self.slack.bot_token,
            "SLACK_SIGNING_SECRET": self.slack.signing_secret,
            "SLACK_API_URL": f"{self.url}/slack/api/",
            "SLACK_DEFAULT_CHANNEL": "C0CIFLAKES",
            "GITHUB_APP_ID": str(model.APP_ID),
            "GITHUB_APP_PRIVATE_KEY": self.github.private_key,
            "GITHUB_WEBHOOK_SECRET": self.github.webhook_secret,
            "GITHUB_CLIENT_ID": self.github.client_id,
            "GITHUB_CLIENT_SECRET": self.github.client_secret,
            "GITHUB_API_URL": f"{self.url}/github/api/v3",
            "PUBLIC_URL": f"http://{HOST}:{bot_port}",
        }

    def _run_ci(self) -> None:
        if self.on_run_ci is not None:
            self.on_run_ci()


def _bind(port: int) -> socket.socket:
    """Bind the port, or a free one if it is taken."""
    for candidate in (port, 0):
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((HOST, candidate))
        except OSError:
            listener.close()
            if candidate == 0:
                raise
        else:
            return listener
    message = "No free port on 127.0.0.1."
    raise RuntimeError(message)
