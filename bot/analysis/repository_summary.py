"""How the cases of a repository do: counts by status, quarantines, recent runs, and the trend."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from bot.analysis.model import RepositoryId, Status


@dataclass(frozen=True, slots=True, kw_only=True)
class RepositorySummary:
    """Counts of a repository.

    `changes_this_week` is how many cases turned to each status in the last seven days, `changes_last_week` in the seven
    before.
    """

    repository: str
    repository_id: RepositoryId
    counts: Mapping[Status, int]
    quarantined: int
    proposed: int
    runs_last_day: int
    failed_runs_last_day: int
    last_run_at: datetime | None
    changes_this_week: Mapping[Status, int]
    changes_last_week: Mapping[Status, int]

    @property
    def cases(self) -> int:
        """How many cases the repository has."""
        return sum(self.counts.values())
