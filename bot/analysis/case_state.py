"""The state of a case: the figures of its variants, the worst of them, and the status people see."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from bot.analysis.model import SEVERITY, CaseId, Status, worst

_FAR: Final = 1.5
"""Times outside the interval of a rate, from which on the share of failed runs is called far from the rate."""
INACTIVE_ORDER: Final = (Status.INFRA, Status.HEALTHY, Status.INSUFFICIENT)
"""Of several inactive variants the first of these counts: one that ran long says more than one that is new."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VariantScore:
    """The filter's read-out for one case in one variant.

    `rate` and `interval` are shares of executions, 0 to 1; `ranking` orders cases by how surely they are flaky.
    `mixed_commits` are commits with both outcomes on the same code.
    """

    case_id: CaseId
    variant: str
    status: Status
    p_flaky: float
    p_broken: float
    ranking: float
    rate: float
    interval: tuple[float, float]
    runs: int
    failures: int
    mixed_commits: int

    @property
    def weight(self) -> float:
        """What fixing the case is worth: how surely it is flaky, times how often it then fails."""
        return self.p_flaky * self.rate

    @property
    def began_lately(self) -> bool:
        """Whether far fewer runs failed than the rate says: it was lower for most of them."""
        return self.failures / max(self.runs, 1) < self.interval[0] / _FAR

    @property
    def had_reasons(self) -> bool:
        """Whether far more runs failed than the rate says: most failures were a change's or an outage's."""
        return self.failures / max(self.runs, 1) > self.interval[1] * _FAR


@dataclass(frozen=True, slots=True)
class CaseState:
    """What is concluded about a case over all its variants.

    `scored` are the variants in which it failed outside an outage, the worst first; `inactive` those in which it
    never did, the one that says most first.
    """

    case_id: CaseId
    scored: tuple[VariantScore, ...] = ()
    inactive: tuple[VariantScore, ...] = ()

    @property
    def variants(self) -> tuple[VariantScore, ...]:
        """Every variant, the one that gives the case its figures first."""
        return (*self.scored, *self.inactive)

    @property
    def worst(self) -> VariantScore | None:
        """The variant whose figures stand for the case; None for a case that was never judged."""
        return next(iter(self.variants), None)

    @property
    def status(self) -> Status:
        """The status as people see it: that of the worst variant. A new variant takes nothing from another's."""
        status = worst(score.status for score in self.scored) if self.scored else Status.INSUFFICIENT
        if not self.inactive or status not in {Status.HEALTHY, Status.INSUFFICIENT}:
            return status
        if status is Status.HEALTHY and self.inactive[0].status is Status.INSUFFICIENT:
            return Status.HEALTHY
        return self.inactive[0].status

    @property
    def p_flaky(self) -> float:
        """How surely the worst variant is flaky, 0 to 1."""
        return self.worst.p_flaky if self.worst else 0.0

    @property
    def rate(self) -> float:
        """The rate of the variant whose figures stand for the case, 0 to 1."""
        return self.worst.rate if self.worst else 0.0

    @property
    def failures(self) -> int:
        """The failed runs of all variants."""
        return sum(score.failures for score in self.variants)

    @property
    def highest_rate(self) -> float:
        """The highest rate of any scored variant, 0 to 1."""
        return max((score.rate for score in self.scored), default=0.0)


def by_case(
    case_ids: Iterable[CaseId], scored: Iterable[VariantScore], inactive: Iterable[VariantScore] = ()
) -> dict[CaseId, CaseState]:
    """The state of each case; of one without a score, that it was never judged."""
    grouped: dict[CaseId, tuple[list[VariantScore], list[VariantScore]]] = {case_id: ([], []) for case_id in case_ids}
    for index, scores in enumerate((scored, inactive)):
        for score in scores:
            grouped.setdefault(score.case_id, ([], []))[index].append(score)
    return {
        case_id: CaseState(
            case_id,
            tuple(sorted(active, key=lambda score: (SEVERITY.index(score.status), -score.p_flaky, score.variant))),
            tuple(sorted(passing, key=lambda score: INACTIVE_ORDER.index(score.status))),
        )
        for case_id, (active, passing) in grouped.items()
    }


@dataclass(frozen=True, slots=True)
class StatusChange:
    """A case whose status, over all its variants, is another."""

    case_id: CaseId
    before: Status
    after: Status


def changes(before: Mapping[CaseId, Status], after: Mapping[CaseId, Status]) -> tuple[StatusChange, ...]:
    """The cases whose status is another now, in order of case; one that never failed counts as healthy."""
    statuses = (
        (case_id, before.get(case_id, Status.HEALTHY), after.get(case_id, Status.HEALTHY))
        for case_id in sorted({*before, *after})
    )
    return tuple(StatusChange(case_id, old, new) for case_id, old, new in statuses if old is not new)


def statuses(states: Mapping[CaseId, CaseState]) -> dict[CaseId, Status]:
    """The status of each case."""
    return {case_id: state.status for case_id, state in states.items()}
