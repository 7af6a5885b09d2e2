"""Incidents: runs in which so much failed that no case is at fault, found by the filter or marked by a person."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bot.analysis.model import SYSTEM, Actor, RepositoryId, RunId
from bot.analysis.run import Run

LEFT_OUT = 1.0
"""The outage term of a run in a marked window; the filter's own is always smaller."""


class Kind(StrEnum):
    """A window marked by a person, or far more failures than usual in a run, a suite or on a runner."""

    MARKED = "marked"
    RUN = "run"
    SUITE = "suite"
    RUNNER = "runner"


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """One incident; if the filter found it, `failed` of `ran` cases failed in `suite` or in the whole variant.

    For an outage of a runner, `suite` is the runner's name. A marked incident has no run: it covers the runs that
    overlap it, and is open while `ended_at` is None.
    """

    id: int = 0
    repository_id: RepositoryId
    kind: Kind
    started_at: datetime
    ended_at: datetime | None = None
    reason: str = ""
    actor: Actor = SYSTEM
    run_id: RunId | None = None
    run_number: int | None = None
    run_url: str = ""
    variant: str = ""
    suite: str = ""
    failed: int = 0
    ran: int = 0

    @property
    def is_open(self) -> bool:
        """Whether it is a marked window without an end."""
        return self.kind is Kind.MARKED and self.ended_at is None

    def covers(self, started_at: datetime, completed_at: datetime | None) -> bool:
        """Whether a run overlaps this marked window."""
        is_before_end = self.ended_at is None or started_at <= self.ended_at
        return self.kind is Kind.MARKED and (completed_at or started_at) >= self.started_at and is_before_end

    @property
    def sentence(self) -> str:
        """What happened, for an explanation."""
        if self.kind is Kind.MARKED:
            until = "now" if self.ended_at is None else f"{self.ended_at:%-d %b %H:%M}"
            why = f" ({self.reason})" if self.reason else ""
            return f"{self.actor.name} marked {self.started_at:%-d %b %H:%M} to {until} UTC as an incident{why}"
        part = {Kind.SUITE: f" of suite {self.suite}", Kind.RUNNER: f" on {self.suite or 'a runner without a name'}"}
        return f"{self.failed:,} of {self.ran:,}{part.get(self.kind, '')} failed in run #{self.run_number}"


def covering(windows: Iterable[Incident], run: Run) -> Incident | None:
    """The marked window that covers a run."""
    return next((window for window in windows if window.covers(run.started_at, run.completed_at)), None)


@dataclass(frozen=True, slots=True)
class FaultySuite:
    """A suite that failed as a whole repeatedly: its fixture is at fault, not its cases."""

    suite: str
    runs: int
    last_at: datetime


MIN_OUTAGES = 3
"""Runs with an outage of a suite from which on its fixture is reported as the fault."""


def faulty_suites(incidents: list[Incident]) -> tuple[FaultySuite, ...]:
    """The suites with repeated outages, most often first."""
    runs: dict[str, dict[RunId, datetime]] = {}
    for incident in incidents:
        if incident.kind is Kind.SUITE and incident.run_id is not None:
            runs.setdefault(incident.suite, {})[incident.run_id] = incident.started_at
    suites = [FaultySuite(suite, len(at), max(at.values())) for suite, at in runs.items() if len(at) >= MIN_OUTAGES]
    return tuple(sorted(suites, key=lambda faulty: (-faulty.runs, faulty.suite)))
