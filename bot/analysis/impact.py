"""What flaky cases cost: blocked pull requests, lost minutes, a forecast for next week, and what quarantine saved.

A failure counts if the code is not its reason (the case is flaky, or passed in the next attempt), no incident covers
the run, and no quarantine masked it (ADR 10).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta

from bot.analysis.audit import AuditAction
from bot.analysis.case_state import VariantScore
from bot.analysis.model import CaseId, RunId, Status
from bot.analysis.quarantine.lifecycle import Scope
from bot.analysis.run import StoredRun

WEEK = 7.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A case that failed in one variant of one run; `is_final` if no retry passed. `seconds` is of failures."""

    case_id: CaseId
    run_id: RunId
    variant: str
    is_final: bool
    seconds: float
    fingerprint_id: int | None


@dataclass(frozen=True, slots=True)
class Mask:
    """A time in which a quarantine masked a case, one variant or one kind of failure of it."""

    case_id: CaseId
    scope: Scope
    variant: str | None
    fingerprint_id: int | None
    since: datetime
    until: datetime

    def hides(self, failure: Failure, at: datetime) -> bool:
        """Whether a failure at this time was masked."""
        if failure.case_id != self.case_id or not self.since <= at < self.until:
            return False
        match self.scope:
            case Scope.CASE:
                return True
            case Scope.VARIANT:
                return failure.variant == self.variant
            case Scope.FAILURE:
                return failure.fingerprint_id is not None and failure.fingerprint_id == self.fingerprint_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Impact:
    """What one case cost in a period, and what it is expected to cost next week."""

    case_id: CaseId
    title: str = ""
    failures: int
    blocked_pull_requests: int
    ci_minutes: float
    waiting_minutes: float
    expected_failures: float
    expected_blocked: float

    @property
    def minutes(self) -> float:
        """Minutes of CI and of waiting together."""
        return self.ci_minutes + self.waiting_minutes


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What flaky cases cost in a period, and what quarantine saved; each pull request and minute counts once."""

    failures: int = 0
    blocked_pull_requests: int = 0
    ci_minutes: float = 0.0
    waiting_minutes: float = 0.0
    saved_pull_requests: int = 0
    saved_minutes: float = 0.0

    @property
    def is_negligible(self) -> bool:
        """Whether not even a minute was lost or saved."""
        minutes = max(self.ci_minutes, self.waiting_minutes, self.saved_minutes)
        return minutes < 1 and not (self.blocked_pull_requests or self.saved_pull_requests)


def total(costs: Collection[Cost]) -> Cost:
    """The cost of several repositories together."""
    return Cost(**{field.name: sum(getattr(cost, field.name) for cost in costs) for field in fields(Cost)})


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """The runs and failures of a period; `days` is its length.

    `variants` are those of every run, `incidents` the runs that an incident covers.
    """

    days: float
    runs: Mapping[RunId, StoredRun]
    variants: Sequence[tuple[RunId, str]]
    failures: Sequence[Failure]
    scores: Mapping[tuple[CaseId, str], VariantScore]
    masks: Sequence[Mask]
    incidents: Collection[RunId]


@dataclass(slots=True)
class _CaseCost:
    failures: int = 0
    final_failures: int = 0
    pull_requests: set[str] = field(default_factory=set)
    ci_minutes: float = 0.0
    waiting: float = 0.0


class _Tally:
    """The costs of a period, added up run by run."""

    def __init__(self, period: Period) -> None:
        self._period = period
        self._attempts = {(run.github_run_id, run.attempt): run for run in period.runs.values()}
        self._variants = set(period.variants)
        self._masks: dict[CaseId, list[Mask]] = {}
        for mask in period.masks:
            self._masks.setdefault(mask.case_id, []).append(mask)
        self.by_run: dict[RunId, list[Failure]] = {}
        for failure in period.failures:
            self.by_run.setdefault(failure.run_id, []).append(failure)
        self.costs: dict[CaseId, _CaseCost] = {}
        self._blocked: set[str] = set()
        self._kept_green: set[str] = set()
        self._saved = 0.0

    def add(self, run: StoredRun, failures: Sequence[Failure]) -> None:
        """Count what the failures of one attempt cost."""
        masked = {failure for failure in failures if self._is_masked(failure, run)}
        counted = [failure for failure in failures if failure not in masked]
        final = [failure for failure in counted if failure.is_final]
        if not final and any(failure.is_final for failure in masked):
            self._saved += run.minutes
            if run.is_pull_request:
                self._kept_green.add(run.head_branch)
        rerun = self._attempts.get((run.github_run_id, run.attempt + 1))
        flaky = [failure for failure in final if self._is_flaky(failure) or self._passed_again(failure, rerun)]
        for failure in counted:
            if not failure.is_final and self._is_flaky(failure):
                cost = self.costs.setdefault(failure.case_id, _CaseCost())
                cost.failures += 1
                cost.ci_minutes += failure.seconds / 60
        if flaky and run.is_pull_request:
            self._blocked.add(run.head_branch)
        for failure in flaky:
            cost = self.costs.setdefault(failure.case_id, _CaseCost())
            cost.failures += 1
            cost.final_failures += 1
            cost.ci_minutes += rerun.minutes / len(flaky) if rerun else 0.0
            cost.waiting += _waited(run, rerun) / len(flaky)
            if run.is_pull_request:
                cost.pull_requests.add(run.head_branch)

    def total(self) -> Cost:
        """The cost of all cases; minutes are shared by the cases of a run, so their sum counts each once."""
        costs = self.costs.values()
        return Cost(
            failures=sum(cost.failures for cost in costs),
            blocked_pull_requests=len(self._blocked),
            ci_minutes=sum(cost.ci_minutes for cost in costs),
            waiting_minutes=sum(cost.waiting for cost in costs),
            saved_pull_requests=len(self._kept_green),
            saved_minutes=self._saved,
        )

    def _is_masked(self, failure: Failure, run: StoredRun) -> bool:
        return any(mask.hides(failure, run.started_at) for mask in self._masks.get(failure.case_id, ()))

    def _is_flaky(self, failure: Failure) -> bool:
        score = self._period.scores.get((failure.case_id, failure.variant))
        return score is not None and score.status is Status.FLAKY

    def _passed_again(self, failure: Failure, rerun: StoredRun | None) -> bool:
        """Whether the next attempt of the run ran the variant, and the case did not fail in it."""
        if rerun is None or rerun.conclusion is None or (rerun.id, failure.variant) not in self._variants:
            return False
        key = (failure.case_id, failure.variant)
        later = self.by_run.get(rerun.id, ())
        return not any(other.is_final and (other.case_id, other.variant) == key for other in later)


def assess(period: Period) -> tuple[list[Impact], Cost]:
    """The cost of every flaky case, what to fix first in front, and of all together.

    First come the most blocked pull requests, then the most lost minutes, then the most expected failures.
    The cases that made an attempt red share its minutes evenly.
    """
    tally = _Tally(period)
    for run_id, failures in tally.by_run.items():
        run = period.runs.get(run_id)
        if run is not None and run_id not in period.incidents:
            tally.add(run, failures)
    expected, expected_in_pulls = _expected_failures(period)
    impacts = [
        Impact(
            case_id=case_id,
            failures=cost.failures,
            blocked_pull_requests=len(cost.pull_requests),
            ci_minutes=cost.ci_minutes,
            waiting_minutes=cost.waiting,
            expected_failures=expected[case_id],
            expected_blocked=expected_in_pulls[case_id] * cost.final_failures / cost.failures,
        )
        for case_id, cost in tally.costs.items()
    ]
    impacts.sort(
        key=lambda impact: (-impact.blocked_pull_requests, -impact.minutes, -impact.expected_failures, impact.case_id)
    )
    return impacts, tally.total()


MASKING = frozenset({AuditAction.APPROVE, AuditAction.RESUME})
UNMASKING = frozenset({AuditAction.SUSPEND, AuditAction.LIFT, AuditAction.RELEASE, AuditAction.EXPIRE})


def masked_times(moves: Iterable[tuple[AuditAction, datetime]], end: datetime) -> list[tuple[datetime, datetime]]:
    """The times in which a quarantine masked, from what was done to it in order, and its latest end."""
    times: list[tuple[datetime, datetime]] = []
    since: datetime | None = None
    for action, at in moves:
        if action in MASKING:
            since = since or at
        elif action in UNMASKING and since is not None:
            times.append((since, min(at, end)))
            since = None
    if since is not None:
        times.append((since, end))
    return [(begin, finish) for begin, finish in times if begin < finish]


def _waited(run: StoredRun, rerun: StoredRun | None) -> float:
    """Minutes from the end of a red attempt to the end of the next one."""
    if rerun is None or rerun.completed_at is None or run.completed_at is None:
        return 0.0
    return max(timedelta(), rerun.completed_at - run.completed_at) / timedelta(minutes=1)


def _expected_failures(period: Period) -> tuple[Mapping[CaseId, float], Mapping[CaseId, float]]:
    """The flaky failures of each case to expect in a week: in all runs, and in those of pull requests."""
    pull_requests = {run_id for run_id, run in period.runs.items() if run.is_pull_request}
    runs = Counter(variant for _, variant in period.variants)
    pulls = Counter(variant for run_id, variant in period.variants if run_id in pull_requests)
    weeks = max(period.days, 1 / 24) / WEEK
    expected: dict[CaseId, float] = defaultdict(float)
    expected_in_pulls: dict[CaseId, float] = defaultdict(float)
    for (case_id, variant), score in period.scores.items():
        expected[case_id] += score.weight * runs[variant] / weeks
        expected_in_pulls[case_id] += score.weight * pulls[variant] / weeks
    return expected, expected_in_pulls
