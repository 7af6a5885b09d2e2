"""The sandbox as one thing that starts and stops: both services, the page, and the downloads on a second port."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable

import uvicorn
from starlette.applications import Starlette
from starlette.routing import BaseRoute

from bot.sandbox.github import api as github_api
from bot.sandbox.github import artifacts, model
from bot.sandbox.github import oauth as github_oauth
from bot.sandbox.github.server import GitHubServer
from bot.sandbox.page import hub
from bot.sandbox.page import routes as page_routes
from bot.sandbox.slack import web_api
from bot.sandbox.slack.model import SlackSettings, Team
from bot.sandbox.slack.oauth import OAuthApp
from bot.sandbox.slack.workspace import SlackWorkspace

HOST = "127.0.0.1"
_START_SECONDS = 15.0


class _Door:
    """One application on one port, served from a thread of its own."""

    def __init__(self, port: int) -> None:
        self._socket = _bind(port)
        self.port: int = self._socket.getsockname()[1]
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None

    def open(self, routes: list[BaseRoute]) -> None:
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

    def ask_to_close(self) -> None:
        if self._server is not None:
            self._server.should_exit = True

    def close(self) -> None:
        self.ask_to_close()
        if self._server is not None and self._thread is not None:
            self._thread.join(3)
            if self._thread.is_alive():
                self._server.force_exit = True
                self._thread.join(3)
        self._socket.close()


class Sandbox:
    """A GitHub and a Slack on 127.0.0.1, with secrets of their own, and the page that shows both."""

    def __init__(self, port: int = 0, settings: SlackSettings | None = None) -> None:
        self._door = _Door(port)
        self._downloads = _Door(0)
        self.port = self._door.port
        self.url = f"http://{HOST}:{self.port}"
        self.github = GitHubServer()
        self.github.base_url = self.url
        self.github.downloads_url = f"http://{HOST}:{self._downloads.port}"
        self.slack = SlackWorkspace(settings)
        self.slack.base_url = f"{self.url}/slack"
        self.workspaces = [self.slack]
        self.slack_app = OAuthApp(self.workspaces)
        self.on_run_ci: Callable[[], object] | None = None
        self._bot_url = ""

    @property
    def bot_url(self) -> str:
        """Where the bot listens; settable at any time, since its port is often known late."""
        return self._bot_url

    @bot_url.setter
    def bot_url(self, url: str) -> None:
        self._bot_url = url.rstrip("/")
        for slack in self.workspaces:
            slack.dispatcher.bot_url = self._bot_url
        self.github.webhooks.bot_url = self._bot_url

    @property
    def version(self) -> int:
        """Grows with every change on either side."""
        return self.slack.version + self.github.version

    def column(self) -> hub.Column:
        """Return the GitHub side as the page shows it."""
        return hub.column(self.github)

    def run(self, run_id: int) -> hub.Run | None:
        """Return one workflow run as the page shows it."""
        return hub.run(self.github, run_id)

    def run_ci(self) -> None:
        """Make a new commit and run CI on it in the background, when somebody plays CI."""
        if self.on_run_ci is not None:
            threading.Thread(target=self.on_run_ci, name="sandbox-ci", daemon=True).start()

    def rerun(self, run_id: int, *, failed_only: bool) -> None:
        """Run a workflow run once more in the background, when somebody plays CI."""
        if self.github.on_rerun is not None:
            threading.Thread(
                target=self.github.on_rerun, args=(run_id, failed_only), name="sandbox-ci", daemon=True
            ).start()

    def press_check_action(self, check_id: int, identifier: str, user: str) -> None:
        """Press a button of a check run as the person who is called so on both sides."""
        with contextlib.suppress(model.RefusalError):  # the button has gone since the page was drawn
            self.github.click(check_id, identifier, user)

    def add_workspace(self, team: Team) -> SlackWorkspace:
        """Return another workspace, in which the same app may be installed."""
        slack = SlackWorkspace(self.slack.settings, team, signing_secret=self.slack.signing_secret)
        slack.base_url = self.slack.base_url
        slack.dispatcher.bot_url = self._bot_url
        self.workspaces.append(slack)
        return slack

    def start(self) -> None:
        """Open both ports."""
        services = [
            *web_api.routes(self.slack_app),
            *self.slack_app.routes(),
            *github_oauth.routes(self.github),
            *github_api.routes(self.github),
        ]
        self._door.open([*services, *page_routes.routes(self)])
        self._downloads.open(artifacts.download_routes(self.github))

    def stop(self) -> None:
        """Close both ports."""
        self._downloads.ask_to_close()
        self._door.close()
        self._downloads.close()

    def environment(self, bot_port: int) -> dict[str, str]:
        """Return the settings with which a bot on this port finds the sandbox."""
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


def _bind(port: int) -> socket.socket:
    """Listen on the port, or on a free one where it is taken."""
    for wanted in (port, 0):
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((HOST, wanted))
        except OSError:
            listener.close()
            if wanted == 0:
                raise
        else:
            return listener
    message = "No free port on 127.0.0.1."
    raise RuntimeError(message)
