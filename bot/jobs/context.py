"""What jobs work with: the database, the two services, and the settings they need."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from bot.analysis.connection import Setup
from bot.analysis.model import Channel, WorkspaceId
from bot.errors import PermanentUpstreamError
from bot.github.client import GitHub, Target
from bot.slack.client import Slack
from bot.slack.registry import Registry
from bot.store.database import Database, Session
from bot.store.workspaces import repository as repository_store
from bot.store.workspaces import workspace as workspace_store


@dataclass(frozen=True, slots=True)
class Context:
    """Handed to every job; `github` is None where its secrets are missing.

    `default_channel` belongs to the workspace of SLACK_BOT_TOKEN.
    """

    db: Database
    github: GitHub | None
    slacks: Registry
    default_channel: str | None
    clock: Callable[[], datetime]
    setup: Setup = field(default_factory=Setup)

    def default_channel_of(self, session: Session) -> Channel | None:
        """Where a repository is spoken of that nobody subscribed to."""
        workspace = workspace_store.find_by_token(session) if self.default_channel else None
        return Channel(workspace.id, self.default_channel) if workspace and self.default_channel else None

    def slack_of(self, workspace_id: WorkspaceId) -> Slack:
        """The client of a workspace; ask with no transaction open.

        Raises:
            PermanentUpstreamError: the workspace has removed the app, or never installed it.
        """
        return self.slacks.of(workspace_id)

    def require_github(self) -> GitHub:
        """GitHub, or an error that says it is not configured."""
        if self.github is None:
            message = "GitHub is not configured: set GITHUB_APP_ID and GITHUB_APP_PRIVATE_KEY."
            raise PermanentUpstreamError(message, code="not_configured")
        return self.github


def target(repository: repository_store.Repository) -> Target:
    """A repository as the GitHub client addresses it."""
    if repository.installation_id is None:
        message = f"No installation of the GitHub App is known for {repository.full_name}."
        raise PermanentUpstreamError(message, code="not_installed")
    return Target(repository.installation_id, repository.full_name)
