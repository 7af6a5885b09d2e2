"""Incidents: times and runs in which so much failed that no case is to blame, found by the filter or marked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bot.analysis.model import Actor, RepositoryId, RunId

LEFT_OUT = 1.0
"""The outage term of a run inside a marked window: all of it is the outage's. What the filter finds stays below."""


class Kind(StrEnum):
    """A window a person marked, or far more failures than usual in a run, in one suite or on one runner of it."""

    MARKED = "marked"
    RUN = "run"
    SUITE = "suite"
    RUNNER = "runner"


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """One incident; `failed` of `ran` cases failed where the filter found it, in `suite` or in the whole variant.

    Of an outage of a runner, `suite` is the name of it. A marked one has no run: it covers the runs that overlap
    it, and is open while `ended_at` is None.
    """

    id: int
    repository_id: RepositoryId
    kind: Kind
    started_at: datetime
    ended_at: datetime | None
    reason: str
    actor: Actor
    run_id: RunId | None = None
    run_number: int | None = None
    run_url: str = ""
    variant: str = ""
    suite: str = ""
    failed: int = 0
    ran: int = 0

    @property
    def is_open(self) -> bool:
        """Whether it is a window that nobody has ended yet."""
        return self.kind is Kind.MARKED and self.ended_at is None

    def covers(self, started_at: datetime, completed_at: datetime | None) -> bool:
        """Whether a run of these times lies in this marked window, in part or in full."""
        if self.kind is not Kind.MARKED:
            return False
        return (completed_at or started_at) >= self.started_at and (
            self.ended_at is None or started_at <= self.ended_at
        )

    @property
    def sentence(self) -> str:
        """What happened, as an explanation says it."""
        match self.kind:
            case Kind.RUN:
                return f"{self.failed:,} of {self.ran:,} failed in run #{self.run_number}"
            case Kind.SUITE:
                return f"{self.failed:,} of {self.ran:,} of suite {self.suite} failed in run #{self.run_number}"
            case Kind.RUNNER:
                runner = self.suite or "a runner without a name"
                return f"{self.failed:,} of {self.ran:,} on {runner} failed in run #{self.run_number}"
            case Kind.MARKED:
                until = "now" if self.ended_at is None else f"{self.ended_at:%-d %b %H:%M}"
                why = f" ({self.reason})" if self.reason else ""
                return f"{self.actor.name} marked {self.started_at:%-d %b %H:%M} to {until} UTC as an incident{why}"


@dataclass(frozen=True, slots=True)
class FaultySuite:
    """A suite that failed as a whole again and again: its fixture is at fault, not its cases."""

    suite: str
    runs: int
    last_at: datetime


FAULT_FROM = 3
"""From this many suite outages on, in as many runs, a suite is reported as a fault of its fixture."""


def faulty_suites(found: list[Incident]) -> tuple[FaultySuite, ...]:
    """The suites whose outages repeat, most often first."""
    runs: dict[str, set[RunId]] = {}
    last: dict[str, datetime] = {}
    for one in found:
        if one.kind is Kind.SUITE and one.run_id is not None:
            runs.setdefault(one.suite, set()).add(one.run_id)
            last[one.suite] = max(last.get(one.suite, one.started_at), one.started_at)
    faults = [FaultySuite(suite, len(seen), last[suite]) for suite, seen in runs.items() if len(seen) >= FAULT_FROM]
    return tuple(sorted(faults, key=lambda fault: (-fault.runs, fault.suite)))
