"""A bot that several workspaces install by OAuth."""

from __future__ import annotations

import httpx

from bot.sandbox import browser
from bot.sandbox.slack.workspace import SlackWorkspace
from bot.store import vault
from bot.store.workspaces import workspace as workspace_store
from bot.store.workspaces.workspace import Workspace
from tests.presence import present
from tests.scenario.running_app import RunningApp

KEY = vault.new_key()


class InstallableApp(RunningApp):
    """An app without a token of its own: each team installs the bot."""

    def __init__(self, database_url: str) -> None:
        super().__init__(database_url, linked=False)
        slack_app = self.sandbox.slack_app
        self.set(
            SLACK_BOT_TOKEN="",
            SLACK_DEFAULT_CHANNEL="",
            SLACK_CLIENT_ID=slack_app.client_id,
            SLACK_CLIENT_SECRET=slack_app.client_secret,
            TOKEN_KEYS=KEY,
        )

    def workspace(self) -> Workspace:
        """What the bot stored of the first workspace, which has installed it."""
        return present(self.find_workspace(self.slack))

    def find_workspace(self, slack: SlackWorkspace) -> Workspace | None:
        """What the bot stored of a workspace or its organisation; None where it is not installed."""
        with self.db.begin() as session:
            return workspace_store.find(session, slack.enterprise_id, slack.team_id)

    def install(self, slack: SlackWorkspace) -> httpx.Response:
        """Install the app in a workspace, as somebody there does in a browser."""
        with httpx.Client(trust_env=False, timeout=20) as browser:
            begun = browser.get(f"{self.url}/slack/install")
            consent = httpx.URL(begun.headers["location"]).copy_merge_params({"as": slack.team_id})
            return browser.get(browser.get(consent).headers["location"])

    def bind(self, slack: SlackWorkspace, user: str, login: str) -> None:
        """Link an account that administers the repositories, and let the workspace see them."""
        browser.link_account(slack, user, "C0CIFLAKES", login)
