"""GitHub's objects, as far as they are read: the same in the REST API's responses and in webhook payloads.

The names are those of its OpenAPI description (https://github.com/github/rest-api-description).
"""

from __future__ import annotations

from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict

from bot.analysis.model import RepositoryId
from bot.analysis.run import FAILED

Permission = Literal["admin", "write", "read", "none"]


class Object(BaseModel):
    """An object of GitHub's; what is not read of it is ignored."""

    model_config = ConfigDict(frozen=True)


class Account(Object):
    """A user or an organisation; `id` stays when the login is renamed."""

    id: int
    login: str


class Installation(Object):
    """An installation of the App; a webhook of another subject shows only its id."""

    id: int
    account: Account | None = None
    suspended_at: AwareDatetime | None = None

    @property
    def login(self) -> str:
        """The login of the account that installed the App."""
        return self.account.login if self.account else ""


class RepositoryObject(Object):
    """A repository. The default branch is not part of every payload; a missing `private` counts as private."""

    id: RepositoryId
    full_name: str
    private: bool = True
    default_branch: str | None = None


class App(Object):
    """A GitHub App."""

    id: int
    slug: str = ""


class CheckRun(Object):
    """A check run of a commit."""

    id: int
    name: str = ""
    head_sha: str = ""
    external_id: str | None = None
    app: App | None = None


class Artifact(Object):
    """One artifact of a run."""

    id: int
    name: str
    size_in_bytes: int
    created_at: AwareDatetime
    expired: bool = False


class Attempt(Object):
    """An attempt of a run."""

    run_started_at: AwareDatetime


class Job(Object):
    """A job of an attempt; `conclusion` is None until it ends."""

    id: int
    name: str
    conclusion: str | None = None
    html_url: str | None = None

    @property
    def failed(self) -> bool:
        """Whether "Re-run failed jobs" runs it again because of itself."""
        return self.conclusion in FAILED


class Collaborator(Object):
    """The permission of a user in a repository."""

    permission: Permission
    user: Account | None = None


class Membership(Object):
    """The membership of a user in a team."""

    state: str


class Users(Object):
    """Users that were searched for."""

    items: list[Account]


class File(Object):
    """A file of a repository."""

    type: str = "file"
    encoding: str = ""
    content: str = ""


class Token(Object):
    """A token of an installation."""

    token: str
    expires_at: AwareDatetime
