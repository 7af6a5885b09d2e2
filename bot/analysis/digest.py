"""The content of a digest of a channel's repositories."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from bot.analysis.impact import Cost
from bot.analysis.learning.error_ledger import ErrorLedger


class ChangeKind(StrEnum):
    """How the status of a case changed in the period."""

    FLAKY = "newly flaky"
    BROKEN = "newly broken"
    FIXED = "fixed"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedCase:
    """A case whose status changed; failures and runs are of its worst variant, `rate` is a share, 0 to 1."""

    change: ChangeKind
    title: str
    repository: str
    rate: float
    failures: int
    runs: int
    owners: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Day:
    """Failures of one local day: of cases that are flaky, and of all others."""

    day: date
    flaky: int
    other: int


@dataclass(frozen=True, slots=True)
class OwnerQuarantines:
    """The quarantines of one owner, or of several together; `expiring` of them end within three days."""

    owners: tuple[str, ...]
    quarantined: int
    expiring: int


@dataclass(frozen=True, slots=True)
class StaleProposal:
    """A proposal that has waited for a decision for too long."""

    title: str
    repository: str
    since: datetime
    owners: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Digest:
    """A digest: `day` is its local date, `since` and `until` are its period, `cadence` says how often it comes."""

    day: date
    since: datetime
    until: datetime
    repositories: tuple[str, ...]
    days: tuple[Day, ...]
    rows: tuple[ChangedCase, ...]
    owned: tuple[OwnerQuarantines, ...]
    proposals: int
    cost: Cost
    ledgers: tuple[ErrorLedger, ...]
    stale: tuple[StaleProposal, ...]
    cadence: str
    is_weekly: bool

    def count(self, change: ChangeKind) -> int:
        """The number of cases with a kind of change."""
        return sum(row.change is change for row in self.rows)

    @property
    def quarantined(self) -> int:
        """How many cases are in quarantine."""
        return sum(owner.quarantined for owner in self.owned)

    @property
    def expiring(self) -> int:
        """How many quarantines end within three days."""
        return sum(owner.expiring for owner in self.owned)

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to report, so that it is not sent."""
        return (
            not self.rows
            and not self.proposals
            and not self.expiring
            and not self.stale
            and self.cost.is_negligible
            and not any(masked.detected_at >= self.since for ledger in self.ledgers for masked in ledger.masked)
        )
