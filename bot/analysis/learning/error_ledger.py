"""The error ledger: how often each status was wrong, by what people said of it at the time."""

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
"""The verdicts that confirm a status; a healthy case whose failure was a real bug was judged well.

`suspect` and `insufficient` claim nothing, so nothing can prove them wrong.
"""


@dataclass(frozen=True, slots=True)
class StatusErrors:
    """One status over a period: of how many cases people confirmed it, contradicted it, or disagreed about it."""

    status: Status
    confirmed: int
    wrong: int
    disputed: int

    @property
    def judged(self) -> int:
        """Of how many cases anybody said anything."""
        return self.confirmed + self.wrong + self.disputed

    @property
    def error_rate(self) -> float | None:
        """The share of wrong among the settled ones, 0 to 1; None where nothing is settled."""
        settled = self.confirmed + self.wrong
        return self.wrong / settled if settled else None


@dataclass(frozen=True, slots=True, kw_only=True)
class MaskedRegression:
    """A case that broke while a quarantine masked it: the first failure masked, and when the masking ended."""

    quarantine_id: QuarantineId
    case_id: CaseId
    title: str
    first_failure_at: datetime
    noticed_at: datetime


@dataclass(frozen=True, slots=True)
class Ledger:
    """How often FlakeGuard was wrong in a period; `statuses` holds those somebody judged, worst error first."""

    since: datetime
    until: datetime
    statuses: tuple[StatusErrors, ...]
    masked: tuple[MaskedRegression, ...]

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to publish."""
        return not self.statuses and not self.masked

    def of(self, status: Status) -> StatusErrors:
        """The line of a status; zeros where nobody judged it."""
        return next((line for line in self.statuses if line.status is status), StatusErrors(status, 0, 0, 0))


def count_errors(labels: Iterable[Label]) -> tuple[StatusErrors, ...]:
    """How often each status was wrong: one vote per person and case, the latest; a case counts by its majority."""
    votes: dict[tuple[Status, CaseId], dict[str, bool]] = {}
    for label in sorted(labels, key=lambda one: (one.created_at, one.id)):
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
