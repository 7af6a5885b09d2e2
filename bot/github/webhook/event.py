"""The webhook events FlakeGuard acts on: one model each, with GitHub's names for what a payload contains.

Each is described at https://docs.github.com/webhooks/webhook-events-and-payloads under the anchor of its name.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from pydantic import AwareDatetime, ValidationError

from bot.errors import InvalidInputError
from bot.github.schema import Account, CheckRun, Installation, Object, RepositoryObject


class _OfInstallation(Object):
    action: str
    installation: Installation

    @property
    def lock(self) -> str:
        """Deliveries of the same lock are processed one after another."""
        return f"installation:{self.installation.id}"


class InstallationEvent(_OfInstallation):
    """The App was installed, removed, suspended or unsuspended (#installation)."""

    repositories: tuple[RepositoryObject, ...] | None = None


class InstallationRepositoriesEvent(_OfInstallation):
    """Repositories were added to an installation or removed from it (#installation_repositories)."""

    repositories_added: tuple[RepositoryObject, ...] | None = None
    repositories_removed: tuple[RepositoryObject, ...] | None = None


class GitHubAppAuthorizationEvent(Object):
    """A user revoked their authorization of the App (#github_app_authorization)."""

    sender: Account

    @property
    def lock(self) -> str:
        """Deliveries of the same lock are processed one after another."""
        return f"account:{self.sender.id}"


class _OfRepository(Object):
    repository: RepositoryObject
    installation: Installation | None = None

    @property
    def installation_id(self) -> int | None:
        """The installation the event was sent to; a webhook of the repository itself has none."""
        return self.installation.id if self.installation else None

    @property
    def lock(self) -> str:
        """Deliveries of the same lock are processed one after another."""
        return f"repository:{self.repository.id}"


class RepositoryEvent(_OfRepository):
    """A repository was renamed, transferred, deleted or changed (#repository)."""

    action: str


class _Base(Object):
    sha: str | None = None


class _PullRequest(Object):
    base: _Base | None = None


class WorkflowRun(Object):
    """A workflow run (https://docs.github.com/rest/actions/workflow-runs#get-a-workflow-run)."""

    id: int
    name: str | None = None
    path: str | None = None
    run_number: int
    run_attempt: int | None = None
    event: str
    conclusion: str | None = None
    head_sha: str
    head_branch: str | None = None
    html_url: str
    created_at: AwareDatetime
    updated_at: AwareDatetime
    run_started_at: AwareDatetime | None = None
    pull_requests: tuple[_PullRequest, ...] | None = None
    actor: Account | None = None

    @property
    def attempt(self) -> int:
        """The number of the attempt, from 1."""
        return self.run_attempt or 1

    @property
    def started_at(self) -> datetime:
        """When the attempt started; `created_at` is that of the first one."""
        return self.run_started_at or self.created_at

    @property
    def workflow_path(self) -> str:
        """The file of the workflow; its name where the payload lacks the path."""
        return self.path or self.name or ""

    @property
    def base_sha(self) -> str | None:
        """The base of the pull request; None for other runs, and for pull requests of forks, which list none."""
        first = self.pull_requests[0] if self.pull_requests else None
        return first.base.sha if first and first.base else None


class WorkflowRunEvent(_OfRepository):
    """A workflow run was requested, is in progress, or completed (#workflow_run)."""

    action: str
    workflow_run: WorkflowRun


class _RequestedAction(Object):
    identifier: str


class CheckRunEvent(_OfRepository):
    """A check run was created or completed, or somebody clicked its button or "Re-run" (#check_run)."""

    action: str
    check_run: CheckRun
    requested_action: _RequestedAction | None = None
    sender: Account


class _Commit(Object):
    added: tuple[str, ...] = ()
    modified: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()


class PushEvent(_OfRepository):
    """Commits were pushed (#push); a payload lists at most 2,048 of them."""

    ref: str
    commits: tuple[_Commit, ...] = ()

    @property
    def branch(self) -> str:
        """The branch; the whole ref where it is a tag."""
        return self.ref.removeprefix("refs/heads/")

    @property
    def files(self) -> frozenset[str]:
        """The files that the commits touch."""
        return frozenset(path for commit in self.commits for path in (*commit.added, *commit.modified, *commit.removed))


Event = (
    InstallationEvent
    | InstallationRepositoriesEvent
    | GitHubAppAuthorizationEvent
    | RepositoryEvent
    | WorkflowRunEvent
    | CheckRunEvent
    | PushEvent
)
EVENTS: Final[Mapping[str, type[Event]]] = {
    "installation": InstallationEvent,
    "installation_repositories": InstallationRepositoriesEvent,
    "github_app_authorization": GitHubAppAuthorizationEvent,
    "repository": RepositoryEvent,
    "workflow_run": WorkflowRunEvent,
    "check_run": CheckRunEvent,
    "push": PushEvent,
}
"""The model of each event, by the name in `X-GitHub-Event`."""


def decode(name: str, body: bytes) -> Event | None:
    """The event of a delivery; None for one that FlakeGuard does not act on.

    Raises:
        InvalidInputError: the body is not the JSON that GitHub documents for the event.
    """
    model = EVENTS.get(name)
    if model is None:
        return None
    try:
        return model.model_validate_json(body)
    except ValidationError as error:
        first = error.errors(include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        message = f"The {name} payload cannot be read: {where or 'body'}: {first['msg']}."
        raise InvalidInputError(message) from None
