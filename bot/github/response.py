"""GitHub's answers, as far as they are read."""

from __future__ import annotations

from typing import Literal

from pydantic import AwareDatetime, BaseModel

Permission = Literal["admin", "write", "read", "none"]


class Artifact(BaseModel):
    """One artifact of a run."""

    id: int
    name: str
    size_in_bytes: int
    created_at: AwareDatetime
    expired: bool = False


class Attempt(BaseModel):
    """An attempt of a run."""

    run_started_at: AwareDatetime


class Job(BaseModel):
    """A job of an attempt."""

    id: int
    name: str
    conclusion: str | None = None
    html_url: str | None = None


class Account(BaseModel):
    """Whoever installed the App."""

    login: str


class Installation(BaseModel):
    """An installation of the App."""

    id: int
    account: Account | None = None
    suspended_at: AwareDatetime | None = None


class Repository(BaseModel):
    """A repository of an installation."""

    id: int
    full_name: str
    private: bool
    default_branch: str | None = None


class App(BaseModel):
    """The App, or the one that made a check run."""

    id: int
    slug: str = ""


class Check(BaseModel):
    """A check run."""

    id: int
    name: str = ""
    external_id: str | None = None
    app: App | None = None


class User(BaseModel):
    """A user."""

    id: int
    login: str


class Collaborator(BaseModel):
    """What a user may do in a repository."""

    permission: Permission
    user: User | None = None


class Membership(BaseModel):
    """Whether a user is in a team."""

    state: str


class Users(BaseModel):
    """Users that were searched for."""

    items: list[User]


class File(BaseModel):
    """A file of a repository."""

    type: str = "file"
    encoding: str = ""
    content: str = ""


class Token(BaseModel):
    """A token of an installation."""

    token: str
    expires_at: AwareDatetime
