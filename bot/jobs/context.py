"""What jobs work with: the database, the two services, and the settings they need."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from bot.errors import PermanentUpstreamError
from bot.github.client import GitHub, Target
from bot.slack.client import Slack
from bot.store import repositories
from bot.store.database import Database


def now() -> datetime:
    """The clock of the jobs."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Context:
    """Handed to every job; `github` and `slack` are None where their secrets are missing."""

    db: Database
    github: GitHub | None
    slack: Slack | None
    channel: str | None
    clock: Callable[[], datetime] = now

    def require_github(self) -> GitHub:
        """GitHub, or an error that says it is not configured."""
        if self.github is None:
            message = "GitHub is not configured: set GITHUB_APP_ID and GITHUB_APP_PRIVATE_KEY."
            raise PermanentUpstreamError(message, code="not_configured")
        return self.github

    def require_slack(self) -> Slack:
        """Slack, or an error that says it is not configured."""
        if self.slack is None:
            message = "Slack is not configured: set SLACK_BOT_TOKEN."
            raise PermanentUpstreamError(message, code="not_configured")
        return self.slack


def target(repository: repositories.Repository) -> Target:
    """A repository as the GitHub client addresses it."""
    if repository.installation_id is None:
        message = f"No installation of the GitHub App is known for {repository.full_name}."
        raise PermanentUpstreamError(message, code="not_installed")
    return Target(repository.installation_id, repository.full_name)
