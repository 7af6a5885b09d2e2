"""What a channel subscribes to in a repository, and when new flakes are joined to one storm card."""

from __future__ import annotations

import fnmatch
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from bot.analysis.model import Channel, RepositoryId
from bot.analysis.quarantine import path_pattern

STORM_FLAKES = 5
"""More new flakes than this, within `STORM_WINDOW`, become one storm card."""
STORM_WINDOW = timedelta(minutes=10)


class Event(StrEnum):
    """What a channel can subscribe to; the words of `subscribe … events:`."""

    FLAKY = "flaky"
    BROKEN = "broken"
    FIXED = "fixed"
    QUARANTINE = "quarantine"
    INCIDENT = "incident"
    DIGEST = "digest"


DEFAULT_EVENTS = frozenset(Event) - {Event.BROKEN}
"""Without broken tests, which are shown on the check run and to the author."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeSubject:
    """The properties of a case that filters look at; `rate` is a share of runs, 0 to 1."""

    branch: str
    file: str
    rate: float
    owners: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """The filters of a subscription; empty ones match everything.

    `branch` is a glob, `path` a pattern as in CODEOWNERS, `minimum` a share of runs, 0 to 1.
    """

    events: frozenset[Event] = DEFAULT_EVENTS
    branch: str = ""
    minimum: float = 0.0
    owner: str = ""
    path: str = ""

    def admit(self, event: Event, subject: NoticeSubject | None = None) -> bool:
        """Whether an event matches; an event about a whole run has no subject."""
        if event not in self.events:
            return False
        if subject is None:
            return True
        branch = not self.branch or fnmatch.fnmatchcase(subject.branch, self.branch)
        return branch and subject.rate >= self.minimum and self.covers(subject)

    def covers(self, subject: NoticeSubject) -> bool:
        """Whether a case matches by its owner and its path."""
        owner = not self.owner or any(_is_same_owner(self.owner, owner) for owner in subject.owners)
        return owner and (not self.path or path_pattern.matches(self.path, subject.file))


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """A channel's subscription to a repository."""

    id: int
    channel: Channel
    repository_id: RepositoryId
    filters: Filters


@dataclass(frozen=True, slots=True)
class NamedSubscription:
    """A subscription with the name of its repository."""

    subscription: Subscription
    repository: str


def is_storm(new: int, recent: int) -> bool:
    """Whether new flakes, with the `recent` ones within the window, are too many for a card each."""
    return new > 0 and new + recent > STORM_FLAKES


def _is_same_owner(wanted: str, owner: str) -> bool:
    """Whether an owner is the wanted one, ignoring case: `@acme/payments` is also `payments`."""
    known, name = owner.lstrip("@").lower(), wanted.lstrip("@").lower()
    return name in {known, known.rpartition("/")[2]}
