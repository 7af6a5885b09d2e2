"""Whether the parts FlakeGuard stands on do their work: what each lacks, and when it last did something."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

_STUCK = timedelta(minutes=10)
"""A job that is due for longer says that no worker runs."""


class Component(StrEnum):
    """A part of the installation."""

    ACCOUNT = "Your GitHub account"
    SLACK = "Slack"
    GITHUB_APP = "GitHub App"
    GITHUB_WEBHOOK = "GitHub webhook"
    WORKER = "Worker"


@dataclass(frozen=True, slots=True)
class Setup:
    """What the process was started with: the settings it lacks, and whether people can link GitHub accounts."""

    missing: tuple[str, ...] = ()
    linking: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceConnection:
    """A service of somebody else's: the settings it lacks, and when it last did something."""

    part: Component
    missing: tuple[str, ...]
    last_at: datetime | None
    paused_channels: int = 0

    @property
    def ok(self) -> bool:
        """Whether it is configured."""
        return not self.missing


@dataclass(frozen=True, slots=True)
class AccountConnection:
    """The GitHub account of the person, None while it is not linked."""

    login: str | None

    @property
    def ok(self) -> bool:
        """Whether an account is linked."""
        return self.login is not None


@dataclass(frozen=True, slots=True)
class Queue:
    """The jobs that are due, and for how long the oldest has waited."""

    due: int
    oldest_age: timedelta

    @property
    def ok(self) -> bool:
        """Whether a worker takes the jobs."""
        return self.oldest_age < _STUCK


Connection = AccountConnection | ServiceConnection | Queue
