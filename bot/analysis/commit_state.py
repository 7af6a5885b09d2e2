"""The state of a commit: its failures over the latest attempt of every workflow, each classified."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bot.analysis.model import CaseId, Problem, Status


class FailureClass(StrEnum):
    """What a failure is to the author of the commit, in the order of precedence."""

    QUARANTINED = "QUARANTINED"
    BROKEN_ON_MAIN = "BROKEN ON MAIN"
    INFRA = "INFRA"
    FLAKY = "FLAKY"
    NEW = "NEW"

    @property
    def is_excused(self) -> bool:
        """Whether the failure is known not to come from the commit, and not to be a broken default branch either."""
        return self in {FailureClass.QUARANTINED, FailureClass.INFRA, FailureClass.FLAKY}


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseFailure:
    """One case of a commit whose last retry failed, and the figures of its variant.

    `status` is the one the failure is classified by; `mixed_commits` are commits with both outcomes on the same code.
    """

    case_id: CaseId
    title: str
    variant: str
    status: Status
    quarantined_until: datetime | None
    in_outage: bool
    failures: int
    runs: int
    mixed_commits: int
    message: str
    run_url: str

    @property
    def classification(self) -> FailureClass:
        """What the failure is to the author of the commit; one of a healthy, suspect or insufficient case is new."""
        if self.quarantined_until is not None:
            return FailureClass.QUARANTINED
        if self.status is Status.BROKEN:
            return FailureClass.BROKEN_ON_MAIN
        if self.status is Status.INFRA or self.in_outage:
            return FailureClass.INFRA
        return FailureClass.FLAKY if self.status is Status.FLAKY else FailureClass.NEW

    @property
    def record(self) -> str:
        """How often the case failed in this variant, as a clause."""
        return f"failed in {self.failures:,} of {self.runs:,} runs"


@dataclass(frozen=True, slots=True, kw_only=True)
class CommitState:
    """Everything known of a commit, or of one attempt of one of its runs.

    `runs` and `cases` are how many were read; `complete` says that nothing is known to be missing of them.
    """

    head_sha: str
    failures: tuple[CaseFailure, ...]
    problems: tuple[Problem, ...]
    runs: int
    cases: int
    finished: bool
    complete: bool

    @property
    def is_excused(self) -> bool:
        """Whether the commit was read whole, and every failure of it is quarantined, infra or flaky."""
        return self.finished and self.complete and all(failure.classification.is_excused for failure in self.failures)

    @property
    def faults(self) -> tuple[Problem, ...]:
        """What is missing or could not be read; notes are left out."""
        return tuple(problem for problem in self.problems if not problem.is_note)
