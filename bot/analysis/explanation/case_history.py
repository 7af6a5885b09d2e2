"""The history of one case: what it did in every run, and what that amounts to commit by commit."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.analysis.incident import Incident
from bot.analysis.model import CaseId, Outcome, Verdict
from bot.analysis.run import StoredRun


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseResult:
    """What one case did in one variant of one run: the first outcome, and whether each retry failed.

    `whole` says that the variant was read in full: else a pass is no evidence. `fingerprint_id` is of the last
    failure, `runner` what ran the case first, where the variant had several.
    """

    case_id: CaseId
    run: StoredRun
    variant: str
    outcome: Outcome
    retries: tuple[bool, ...] = ()
    whole: bool = True
    fingerprint_id: int | None = None
    runner: str = ""
    incidents: tuple[Incident, ...] = ()

    @property
    def failed(self) -> bool:
        """Whether any result is a failure."""
        return self.outcome.is_failure or any(self.retries)

    @property
    def passed(self) -> bool:
        """Whether any result is a pass, as far as the variant was read in full."""
        return self.whole and (self.outcome is Outcome.PASSED or not all(self.retries))

    @property
    def blocked(self) -> bool:
        """Whether it failed to the end, so that the run was red for it."""
        return self.retries[-1] if self.retries else self.outcome.is_failure

    @property
    def code(self) -> tuple[str, bool]:
        """What tells whether two results are of the same code: the commit, and push or pull request."""
        return self.run.head_sha, self.run.is_pull_request

    @property
    def discounted(self) -> bool:
        """Whether it lies in an incident, so that it says nothing about the case."""
        return bool(self.incidents)


@dataclass(frozen=True, slots=True)
class CommitVerdict:
    """What a case was at one commit of the default branch, over every run and variant of it, incidents left out."""

    sha: str
    verdict: Verdict
    passes: int
    failures: int
    at: datetime
    url: str


def default_branch_verdicts(results: Iterable[CaseResult]) -> list[CommitVerdict]:
    """The verdict at every commit of the default branch that ran the case, in the order the commits were first run.

    A commit on which it was skipped, ran in an incident only, or passed in part of a report only says nothing and is
    left out. Results that came late for an older commit count there.
    """
    grouped: dict[str, list[CaseResult]] = {}
    for one in results:
        if one.run.on_default_branch:
            grouped.setdefault(one.run.head_sha, []).append(one)
    found = []
    for sha, of_commit in sorted(grouped.items(), key=lambda item: min(one.run.ordinal for one in item[1])):
        counted = [one for one in of_commit if not one.discounted]
        passes = sum(one.passed for one in counted)
        failures = sum(one.failed for one in counted)
        if passes or failures:
            verdict = Verdict.FLAKY if passes and failures else Verdict.FAILED if failures else Verdict.PASSED
            last = max(counted, key=lambda one: (one.failed, one.run.ordinal))
            found.append(CommitVerdict(sha, verdict, passes, failures, last.run.started_at, last.run.url))
    return found


def clean_streak(verdicts: Sequence[CommitVerdict]) -> int:
    """How many of the latest commits in a row have the verdict passed."""
    streak = 0
    for one in reversed(verdicts):
        if one.verdict is not Verdict.PASSED:
            break
        streak += 1
    return streak
