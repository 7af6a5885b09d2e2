"""The words of the domain, as types: what a report says, what FlakeGuard concludes, who acts."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NamedTuple, NewType

RepositoryId = NewType("RepositoryId", int)
"""GitHub's own number of the repository."""
CaseId = NewType("CaseId", int)
RunId = NewType("RunId", int)
"""Our number of one attempt of one workflow run."""
QuarantineId = NewType("QuarantineId", int)
EventId = NewType("EventId", int)
"""The number of an entry of the audit trail."""
WorkspaceId = NewType("WorkspaceId", int)
"""Our number of one installation of the Slack app: a workspace, or a whole Enterprise Grid organisation."""


@dataclass(frozen=True, slots=True, order=True)
class Channel:
    """A channel of a Slack workspace; `id` is Slack's."""

    workspace_id: WorkspaceId
    id: str

    def __str__(self) -> str:
        """Write the channel as natural keys contain it."""
        return f"{self.workspace_id}:{self.id}"


UID_LENGTH = 12
"""Letters and digits of a published id; two of a million cases are alike in them once in two million repositories."""


class Outcome(StrEnum):
    """What one result of a case is; JUnit's four."""

    PASSED = "passed"
    FAILED = "failed"
    ERRORED = "errored"
    SKIPPED = "skipped"

    @property
    def is_failure(self) -> bool:
        """Whether this outcome counts against the case: failed and errored do."""
        return self in {Outcome.FAILED, Outcome.ERRORED}


class Verdict(StrEnum):
    """What a case was at one commit and variant, over all retries and attempts."""

    PASSED = "passed"
    FAILED = "failed"
    FLAKY = "flaky"
    SKIPPED = "skipped"


class Status(StrEnum):
    """What a case is over time."""

    HEALTHY = "healthy"
    FLAKY = "flaky"
    BROKEN = "broken"
    INFRA = "infra"
    SUSPECT = "suspect"
    INSUFFICIENT = "insufficient"


SEVERITY: Final = (
    Status.BROKEN, Status.FLAKY, Status.SUSPECT, Status.INFRA, Status.INSUFFICIENT, Status.HEALTHY,
)  # fmt: skip
"""Statuses from the one that matters most; a case has that of its worst variant."""


def worst(statuses: Iterable[Status]) -> Status:
    """The one of several statuses that matters most, healthy of none."""
    return min(statuses, key=SEVERITY.index, default=Status.HEALTHY)


class ActorKind(StrEnum):
    """Where the identity of an actor comes from."""

    SLACK = "slack"
    GITHUB = "github"
    SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who does something: `id` is Slack's user id, GitHub's login, or the name of a part of FlakeGuard.

    `github_login` is the linked account of somebody who acts in Slack.
    """

    kind: ActorKind
    id: str
    name: str
    github_login: str = ""

    @property
    def subject(self) -> str:
        """The actor as the audit trail writes it, such as `slack:U012AB3CD`."""
        return f"{self.kind}:{self.id}"

    def is_same_person(self, other: Actor) -> bool:
        """Whether two actors are one person, seen from Slack or from GitHub."""
        return not self._identities.isdisjoint(other._identities)

    @property
    def _identities(self) -> frozenset[str]:
        login = self.id if self.kind is ActorKind.GITHUB else self.github_login
        return frozenset({self.subject, *([f"{ActorKind.GITHUB}:{login.lower()}"] if login else [])})


SYSTEM = Actor(ActorKind.SYSTEM, "flakeguard", "FlakeGuard")


@dataclass(frozen=True, slots=True)
class FailureText:
    """What a report says about one failure; untrusted, already bounded in length."""

    type: str
    message: str
    text: str


class Result(NamedTuple):
    """What a case came to in one go: `retry` is 0 for the first, `duration` is in seconds."""

    retry: int
    outcome: Outcome
    duration: float
    failure: FailureText | None = None


class Identity(NamedTuple):
    """What makes a case the same case over runs and machines: normalised names, and the key of 16 bytes made of them.

    `scope` is what else tells it from a case with the same names, such as the browser; `suite` the innermost suite.
    A tuple, because half a million are made of a report.
    """

    file: str
    class_name: str
    name: str
    suite: str
    scope: str
    key: bytes

    @property
    def uid(self) -> str:
        """The short published form of the key; 60 bits of it, see `long_uid`."""
        return self.long_uid[:UID_LENGTH]

    @property
    def long_uid(self) -> str:
        """The whole key as it is published, for the one case in a repository whose short form is taken."""
        return base64.b32encode(self.key).decode().lower().rstrip("=")

    @property
    def title(self) -> str:
        """The case as people read it, such as `tests/test_cart.py::TestCart::test_total`."""
        if not self.file and not self.class_name:
            return "::".join(part for part in (self.scope, self.name) if part)
        inside = self.inner_class
        named = "::".join(part for part in (self.file, inside, self.name) if part)
        return f"{named} [{self.scope}]" if self.scope else named

    @property
    def inner_class(self) -> str:
        """The class without the module that the file says already."""
        module = self.file.rpartition(".")[0].replace("/", ".")
        if not module:
            return self.class_name
        return "" if self.class_name == module else self.class_name.removeprefix(f"{module}.")


class CaseRun(NamedTuple):
    """Everything one variant of one run says of one case: its results in order, at least one.

    `runner` is what ran it first; empty where the reports do not say.
    """

    identity: Identity
    results: tuple[Result, ...]
    runner: str = ""

    @property
    def verdict(self) -> Verdict:
        """The verdict over all results."""
        ran = [result.outcome for result in self.results if result.outcome is not Outcome.SKIPPED]
        if not ran:
            return Verdict.SKIPPED
        failed = sum(outcome.is_failure for outcome in ran)
        if failed == 0:
            return Verdict.PASSED
        return Verdict.FAILED if failed == len(ran) else Verdict.FLAKY


@dataclass(frozen=True, slots=True)
class Problem:
    """Something of a run that is missing or could not be read, and why; shown, never dropped.

    A note says what people should know of how it was read, and leaves the run whole.
    """

    artifact: str
    path: str
    reason: str
    is_note: bool = False


@dataclass(frozen=True, slots=True)
class VariantReport:
    """What one matrix job reported: its cases in the order in which they ran, and whether its reports are complete.

    `shard_count` is how many shards there are by the names of the artifacts; 0 where they do not say.
    """

    variant: str
    shards: tuple[str, ...]
    cases: tuple[CaseRun, ...]
    complete: bool
    shard_count: int = 0


@dataclass(frozen=True, slots=True)
class RunReport:
    """Everything the artifacts of one attempt of one run say."""

    variants: tuple[VariantReport, ...]
    problems: tuple[Problem, ...]
    files: int

    @property
    def complete(self) -> bool:
        """Whether nothing is missing: every variant complete, no problem beyond notes, at least one variant."""
        faulty = any(not problem.is_note for problem in self.problems)
        return bool(self.variants) and not faulty and all(variant.complete for variant in self.variants)


class ClusterKind(StrEnum):
    """Why cases are one item, the strongest reason: one fixture, failing together, failing alike."""

    FIXTURE = "fixture"
    TOGETHER = "together"
    ALIKE = "alike"


class OrderKind(StrEnum):
    """How the order matters: `after` others have run (they pollute), or `without` them (they prepare)."""

    AFTER = "after"
    WITHOUT = "without"
