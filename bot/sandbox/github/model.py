"""The objects of GitHub that the sandbox has, and what is logged about it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal

APP_ID = 7001
APP_SLUG = "flakeguard"
APP_NAME = "FlakeGuard"
INSTALLATION_ID = 4001
WORKFLOW_ID = 9001
API = "/github/api/v3"

RunStatus = Literal["queued", "in_progress", "completed"]


@dataclass(frozen=True, slots=True)
class User:
    """A person, an organization or the App's bot; `permission` is theirs in the repository."""

    id: int
    login: str
    name: str
    permission: str = "read"
    kind: str = "User"


PEOPLE = (
    User(501, "ana", "Ana Flores", "write"),
    User(502, "ben", "Ben Okafor", "write"),
    User(503, "chloe", "Chloe Martin", "admin"),
)
BOT = User(590, f"{APP_SLUG}[bot]", APP_NAME, "none", "Bot")
OWNER = User(500, "acme", "Acme", "admin", "Organization")


@dataclass(frozen=True, slots=True)
class Repository:
    """A repository of the installation."""

    id: int
    owner: str
    name: str
    default_branch: str = "main"
    private: bool = True

    @property
    def full_name(self) -> str:
        """Owner and name, as in URLs."""
        return f"{self.owner}/{self.name}"


SHOP = Repository(8001, "acme", "shop")


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit on a branch; `parent` is the SHA of the previous one, empty for the first."""

    sha: str
    message: str
    author_login: str
    branch: str
    created_at: datetime
    parent: str = ""

    @property
    def title(self) -> str:
        """The first line of the message."""
        return self.message.partition("\n")[0]


@dataclass(frozen=True, slots=True)
class PullRequest:
    """A pull request; `head_sha` moves with every push to it, `state` is open or closed."""

    number: int
    title: str
    author_login: str
    head_branch: str
    head_sha: str
    base_sha: str
    state: str
    created_at: datetime
    updated_at: datetime
    merged: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkflowRun:
    """One attempt of a workflow run; `conclusion` is None until it is completed."""

    id: int
    run_number: int
    run_attempt: int
    name: str
    path: str
    event: str
    status: RunStatus
    conclusion: str | None
    head_sha: str
    head_branch: str
    html_url: str
    run_started_at: datetime
    created_at: datetime
    updated_at: datetime
    actor_login: str
    pull_request: int | None = None

    @property
    def state(self) -> str:
        """The conclusion, or the status if the attempt is not completed."""
        return self.conclusion or self.status


@dataclass(frozen=True, slots=True, kw_only=True)
class Artifact:
    """A zip that a run has uploaded; as on GitHub, it has no reference to the job or the attempt."""

    id: int
    run_id: int
    name: str
    data: bytes = field(repr=False)
    created_at: datetime
    expired: bool = False


@dataclass(frozen=True, slots=True)
class CheckAction:
    """A button of a check run."""

    label: str
    description: str
    identifier: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckRun:
    """A check run of the App on a commit; `annotations` is their number."""

    id: int
    name: str
    head_sha: str
    status: RunStatus
    conclusion: str | None
    title: str
    summary: str
    text: str
    actions: tuple[CheckAction, ...]
    external_id: str
    details_url: str
    started_at: datetime
    completed_at: datetime | None
    annotations: int = 0

    @property
    def state(self) -> str:
        """The conclusion, or the status if it is not completed."""
        return self.conclusion or self.status


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment on an issue or a pull request."""

    id: int
    number: int
    author_login: str
    body: str
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class WebhookDelivery:
    """A webhook that was sent, and the receiver's response; status 0 if there was none."""

    id: str
    event: str
    action: str
    body: bytes = field(repr=False)
    sent_at: datetime
    status: int
    response: str
    redelivery: bool = False


@dataclass(frozen=True, slots=True)
class ApiCall:
    """A request to the REST API, for the log."""

    method: str
    path: str
    status: int


def now() -> datetime:
    """Return the time in UTC, to the second as in GitHub's API."""
    return datetime.now(UTC).replace(microsecond=0)
