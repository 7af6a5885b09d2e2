"""Release by evidence: when a quarantined case has shown that it is well again, and how far it is from that."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from bot.analysis import case_history
from bot.analysis.case_history import CaseResult
from bot.analysis.quarantine.lifecycle import Quarantine, Scope, State
from bot.analysis.quarantine.policy import QuarantineRules


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a quarantined case is: clean commits in a row, how many are required, and its probability of being flaky.

    `streak` is that of the variant that is furthest behind.
    """

    streak: int
    needed: int
    p_flaky: float
    below: float

    @property
    def is_released(self) -> bool:
        """Whether the evidence suffices."""
        return self.streak >= self.needed and self.p_flaky < self.below


def progress(
    quarantine: Quarantine, results: Iterable[CaseResult], p_flaky: Mapping[str, float], rules: QuarantineRules
) -> Progress:
    """How far a quarantined case is from its release.

    Only commits of the default branch whose runs began after the approval count, in each variant by itself that the
    quarantine speaks of and in which the case ever failed (`p_flaky` has one entry for each). So a case that no longer
    runs, runs in some variants only, or is read in part only, is never released: silence is no evidence.
    """
    since = quarantine.decided_at
    quarantined = variants(quarantine, p_flaky)
    streaks = [_streak(results, variant, since) for variant in quarantined]
    return Progress(
        streak=min(streaks, default=0) if quarantine.state is State.ACTIVE else 0,
        needed=rules.release_after,
        p_flaky=max((p_flaky[variant] for variant in quarantined if variant in p_flaky), default=0.0),
        below=rules.release_below,
    )


def variants(quarantine: Quarantine, failed_in: Iterable[str]) -> list[str]:
    """The variants a quarantine speaks of: its own, or those in which its case ever failed."""
    if quarantine.scope is Scope.VARIANT and quarantine.variant is not None:
        return [quarantine.variant]
    return sorted(failed_in)


def _streak(results: Iterable[CaseResult], variant: str, since: datetime | None) -> int:
    counted = [
        result for result in results if result.variant == variant and (since is None or result.run.started_at >= since)
    ]
    return case_history.clean_streak(case_history.default_branch_verdicts(counted))
