"""The error ledger: how often each status was wrong, by people's verdicts at the time (ADR 11)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from bot.analysis.learning.label import Label, LabelVerdict
from bot.analysis.model import CaseId, QuarantineId, Status

_RIGHT = {
    Status.FLAKY: frozenset({LabelVerdict.FLAKY}),
    Status.BROKEN: frozenset({LabelVerdict.BUG, LabelVerdict.MINE}),
    Status.INFRA: frozenset({LabelVerdict.INFRA}),
    Status.HEALTHY: frozenset({LabelVerdict.BUG, LabelVerdict.MINE, LabelVerdict.FIXED}),
}
"""The verdicts that confirm a status. Of a healthy case a failure that is a real bug confirms it. `suspect` and
`insufficient` claim nothing, so they cannot be wrong."""


@dataclass(frozen=True, slots=True)
class StatusErrors:
    """The number of cases for which people confirmed a status, contradicted it, or disagreed."""

    status: Status
    confirmed: int
    wrong: int
    disputed: int

    @property
    def judged(self) -> int:
        """The number of cases with a verdict."""
        return self.confirmed + self.wrong + self.disputed

    @property
    def error_rate(self) -> float | None:
        """The share of wrong ones, disputed ones left out, 0 to 1; None if there are none."""
        settled = self.confirmed + self.wrong
        return self.wrong / settled if settled else None


@dataclass(frozen=True, slots=True, kw_only=True)
class MaskedRegression:
    """A case that broke while a quarantine masked it: the first masked failure, and when the masking ended."""

    quarantine_id: QuarantineId
    case_id: CaseId
    title: str
    first_failure_at: datetime
    detected_at: datetime


@dataclass(frozen=True, slots=True)
class ErrorLedger:
    """How often FlakeGuard was wrong in a period; `statuses` are those with verdicts, the highest error rate first."""

    since: datetime
    until: datetime
    statuses: tuple[StatusErrors, ...]
    masked: tuple[MaskedRegression, ...]

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to publish."""
        return not self.statuses and not self.masked

    def of(self, status: Status) -> StatusErrors:
        """The line of a status; zeros if it has no verdicts."""
        return next((line for line in self.statuses if line.status is status), StatusErrors(status, 0, 0, 0))


def count_errors(labels: Iterable[Label]) -> tuple[StatusErrors, ...]:
    """How often each status was wrong: one vote per person and case, the latest; a case counts by its majority."""
    votes: dict[tuple[Status, CaseId], dict[str, bool]] = {}
    for label in sorted(labels, key=lambda label: (label.created_at, label.id)):
        if label.status in _RIGHT and label.verdict.says_flaky is not None:
            votes.setdefault((label.status, label.case_id), {})[label.actor.subject] = (
                label.verdict in _RIGHT[label.status]
            )
    counts: dict[Status, list[int]] = {}
    for (status, _), by_actor in votes.items():
        right = sum(by_actor.values())
        wrong = len(by_actor) - right
        counts.setdefault(status, [0, 0, 0])[0 if right > wrong else 1 if wrong > right else 2] += 1
    lines = [StatusErrors(status, *numbers) for status, numbers in counts.items()]
    return tuple(sorted(lines, key=lambda line: (-(line.error_rate or 0.0), -line.judged, line.status)))
