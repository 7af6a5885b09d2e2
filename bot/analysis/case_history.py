"""The history of one case: its results in every run, and its verdict at every commit."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.analysis.incident import Incident
from bot.analysis.model import CaseId, Outcome, Verdict
from bot.analysis.run import StoredRun


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseResult:
    """The results of one case in one variant of one run: the first outcome, and whether each retry failed.

    `whole` says that the variant was read completely: else a pass is no evidence. `fingerprint_id` is of the last
    failure, `runner` ran the case first, if the variant had several.
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
        """Whether any result is a pass that counts as evidence."""
        return self.whole and (self.outcome is Outcome.PASSED or not all(self.retries))

    @property
    def code(self) -> tuple[str, bool]:
        """The code that ran: the commit, and whether it is of a pull request."""
        return self.run.head_sha, self.run.is_pull_request

    @property
    def discounted(self) -> bool:
        """Whether it is part of an incident, and so no evidence about the case."""
        return bool(self.incidents)


@dataclass(frozen=True, slots=True)
class CommitVerdict:
    """The verdict of a case at one commit of the default branch, over all runs and variants outside incidents."""

    sha: str
    verdict: Verdict
    passes: int
    failures: int
    at: datetime
    url: str


def default_branch_verdicts(results: Iterable[CaseResult]) -> list[CommitVerdict]:
    """The verdict at every commit of the default branch with evidence, in the order of their first runs.

    Commits are left out on which the case was skipped, ran in an incident only, or passed in an incomplete report only.
    """
    grouped: dict[str, list[CaseResult]] = {}
    for result in results:
        if result.run.on_default_branch:
            grouped.setdefault(result.run.head_sha, []).append(result)
    verdicts = []
    for sha, of_commit in sorted(grouped.items(), key=lambda item: min(result.run.ordinal for result in item[1])):
        counted = [result for result in of_commit if not result.discounted]
        passes = sum(result.passed for result in counted)
        failures = sum(result.failed for result in counted)
        if passes or failures:
            verdict = Verdict.FLAKY if passes and failures else Verdict.FAILED if failures else Verdict.PASSED
            last = max(counted, key=lambda result: (result.failed, result.run.ordinal))
            verdicts.append(CommitVerdict(sha, verdict, passes, failures, last.run.started_at, last.run.url))
    return verdicts


def clean_streak(verdicts: Sequence[CommitVerdict]) -> int:
    """How many of the latest commits in a row passed."""
    failing = (number for number, commit in enumerate(reversed(verdicts)) if commit.verdict is not Verdict.PASSED)
    return next(failing, len(verdicts))
