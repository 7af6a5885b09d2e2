"""What a channel wants to hear of a repository, and what of it is worth a card of its own."""

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
    """What a channel can hear of; the words of `subscribe … events:`."""

    FLAKY = "flaky"
    BROKEN = "broken"
    FIXED = "fixed"
    QUARANTINE = "quarantine"
    INCIDENT = "incident"
    DIGEST = "digest"


DEFAULT_EVENTS = frozenset(Event) - {Event.BROKEN}
"""A broken test is the check run's and its author's business: a channel hears of it when it asks to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What is known of a case when it is news; `rate` is a share of runs, 0 to 1."""

    branch: str
    file: str
    rate: float
    owners: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """What narrows a subscription; an empty one lets everything through.

    `branch` is a glob, `path` a pattern as in CODEOWNERS, `minimum` a share of runs, 0 to 1.
    """

    events: frozenset[Event] = DEFAULT_EVENTS
    branch: str = ""
    minimum: float = 0.0
    owner: str = ""
    path: str = ""

    def admit(self, event: Event, subject: Subject | None = None) -> bool:
        """Whether an event about a case is let through; one about a whole run has no subject."""
        if event not in self.events:
            return False
        if subject is None:
            return True
        branch = not self.branch or fnmatch.fnmatchcase(subject.branch, self.branch)
        return branch and subject.rate >= self.minimum and self.covers(subject)

    def covers(self, subject: Subject) -> bool:
        """Whether a case is one of those meant, by its owner and its path."""
        return (not self.owner or any(_same(self.owner, one) for one in subject.owners)) and (
            not self.path or path_pattern.matches(self.path, subject.file)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """A channel that hears of a repository; `id` is our number of it."""

    id: int
    channel: Channel
    repository_id: RepositoryId
    filters: Filters


def is_storm(new: int, recent: int) -> bool:
    """Whether new flakes, with those that had cards within the window, are too many for a card each."""
    return new > 0 and new + recent > STORM_FLAKES


def _same(wanted: str, owner: str) -> bool:
    """Whether an owner is the one meant: `@acme/payments` is also `payments`, in any case of letters."""
    known = owner.lstrip("@").lower()
    asked = wanted.lstrip("@").lower()
    return known == asked or known.rpartition("/")[2] == asked


@dataclass(frozen=True, slots=True)
class NamedSubscription:
    """A subscription with the name of its repository."""

    subscription: Subscription
    repository: str
