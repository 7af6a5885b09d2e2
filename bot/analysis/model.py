"""The words of the domain, as types: what a report says, what FlakeGuard concludes, who acts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NewType

RepositoryId = NewType("RepositoryId", int)
"""GitHub's own number of the repository."""
CaseId = NewType("CaseId", int)
RunId = NewType("RunId", int)
"""Our number of one attempt of one workflow run."""
QuarantineId = NewType("QuarantineId", int)


class Outcome(StrEnum):
    """What one try of a case ended as; JUnit's four."""

    PASSED = "passed"
    FAILED = "failed"
    ERRORED = "errored"
    SKIPPED = "skipped"

    @property
    def is_failure(self) -> bool:
        """Whether this outcome counts against the case: failed and errored do."""
        return self in {Outcome.FAILED, Outcome.ERRORED}


class Verdict(StrEnum):
    """What a case was at one commit and variant, over all tries and attempts."""

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


class ActorKind(StrEnum):
    """Where the identity of an actor comes from."""

    SLACK = "slack"
    GITHUB = "github"
    SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who does something: `id` is Slack's user id, GitHub's login, or the name of a part of FlakeGuard."""

    kind: ActorKind
    id: str
    name: str

    @property
    def subject(self) -> str:
        """The actor as the audit trail writes it, such as `slack:U012AB3CD`."""
        return f"{self.kind}:{self.id}"


SYSTEM = Actor(ActorKind.SYSTEM, "flakeguard", "FlakeGuard")


@dataclass(frozen=True, slots=True)
class FailureText:
    """What a report says about one failure; untrusted, already bounded in length."""

    type: str
    message: str
    text: str


@dataclass(frozen=True, slots=True)
class TryResult:
    """One execution of a case inside an attempt; `number` counts from 1, `duration` is in seconds."""

    number: int
    outcome: Outcome
    duration: float
    failure: FailureText | None = None


@dataclass(frozen=True, slots=True)
class Identity:
    """What makes a case the same case over runs and machines: normalised names, and the key made of them.

    `key` is 16 bytes; `uid` is the short published form of it.
    """

    file: str
    class_name: str
    name: str
    suite: str
    key: bytes
    uid: str

    @property
    def title(self) -> str:
        """The case as people read it, such as `tests/test_cart.py::TestCart::test_total`."""
        if not self.file:
            return "::".join(part for part in (self.class_name or self.suite, self.name) if part)
        module = self.file.rpartition(".")[0].replace("/", ".")
        inside = "" if self.class_name == module else self.class_name.removeprefix(f"{module}.")
        return "::".join(part for part in (self.file, inside, self.name) if part)


@dataclass(frozen=True, slots=True)
class CaseRun:
    """Everything one variant of one run says of one case: its tries in order, at least one."""

    identity: Identity
    tries: tuple[TryResult, ...]

    @property
    def verdict(self) -> Verdict:
        """The verdict of these tries taken together."""
        ran = [one.outcome for one in self.tries if one.outcome is not Outcome.SKIPPED]
        if not ran:
            return Verdict.SKIPPED
        failed = sum(outcome.is_failure for outcome in ran)
        if failed == 0:
            return Verdict.PASSED
        return Verdict.FAILED if failed == len(ran) else Verdict.FLAKY


@dataclass(frozen=True, slots=True)
class Problem:
    """Something of a run that could not be read, and why; shown, never dropped."""

    artifact: str
    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class Leg:
    """One variant of one run: its cases, and whether the reports of it are whole."""

    variant: str
    shards: tuple[str, ...]
    cases: tuple[CaseRun, ...]
    complete: bool


@dataclass(frozen=True, slots=True)
class RunReport:
    """Everything the artifacts of one attempt of one run say."""

    legs: tuple[Leg, ...]
    problems: tuple[Problem, ...]
    files: int

    @property
    def complete(self) -> bool:
        """Whether nothing is missing: every leg whole, no problem, at least one case."""
        return bool(self.legs) and not self.problems and all(leg.complete for leg in self.legs)


@dataclass(frozen=True, slots=True, kw_only=True)
class FailureExcerpt:
    """The latest failure of a case, as a card shows it."""

    message: str
    text: str
    fingerprint_id: int | None
    variant: str
    sha: str
    run_number: int
    run_url: str
    occurred_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class VariantScore:
    """The filter's read-out for one case in one variant; `rate` and `interval` are shares of runs, 0 to 1."""

    variant: str
    status: Status
    p_flaky: float
    p_broken: float
    rate: float
    interval: tuple[float, float]
    runs: int
    failures: int
    mixed_commits: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseProfile:
    """What is known of one case: the worst of its variants first, the latest failure, the recent verdicts.

    `recent` holds the verdicts of the latest commits that ran it, oldest first.
    """

    repository_id: RepositoryId
    repository: str
    case_id: CaseId
    uid: str
    title: str
    status: Status
    variants: tuple[VariantScore, ...]
    last_failure: FailureExcerpt | None
    recent: tuple[Verdict, ...]
    first_seen_at: datetime
    last_seen_at: datetime

    @property
    def worst(self) -> VariantScore | None:
        """The variant that gives the case its status; None for a case that was never scored."""
        return self.variants[0] if self.variants else None
