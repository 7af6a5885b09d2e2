"""The GitHub column as the page shows it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Named:
    """Something of which only the name is shown."""

    name: str


@dataclass(frozen=True, slots=True)
class Run:
    """A workflow run; `state` is its conclusion, or its status while it goes on."""

    id: int
    name: str
    run_number: int
    run_attempt: int
    event: str
    status: str
    state: str
    head_sha: str
    head_branch: str
    html_url: str
    created_at: datetime | str
    artifacts: tuple[Named, ...] = ()


@dataclass(frozen=True, slots=True)
class Action:
    """A button of a check run."""

    label: str
    description: str
    identifier: str


@dataclass(frozen=True, slots=True)
class Check:
    """A check run."""

    id: int
    name: str
    state: str
    title: str
    summary: str
    text: str
    actions: tuple[Action, ...] = ()


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit with what has happened to it."""

    sha: str
    title: str
    author: str
    branch: str
    created_at: datetime | str
    state: str
    runs: tuple[Run, ...] = ()
    checks: tuple[Check, ...] = ()


@dataclass(frozen=True, slots=True)
class Pull:
    """An open pull request."""

    number: int
    title: str
    author: str
    branch: str


@dataclass(frozen=True, slots=True)
class Column:
    """All of it, newest first."""

    repository: str = "acme/shop"
    commits: tuple[Commit, ...] = ()
    pulls: tuple[Pull, ...] = ()
