"""A repository whose executions are fed to the filter, for tests of what a history means."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

import numpy as np

from bot.analysis import scoring
from bot.analysis.case_state import VariantScore
from bot.analysis.model import Status

START = datetime(2026, 1, 1, tzinfo=UTC)
VARIANT = "linux"


def execution(  # noqa: PLR0913  # as many as there are things to vary
    sha: str,
    ids: Sequence[int],
    failing: Sequence[int] = (),
    *,
    branch: str = "main",
    base_sha: str | None = None,
    event_kind: str = "push",
    hours: float = 0,
    retries: Mapping[int, tuple[bool, ...]] | None = None,
    suites: Sequence[int] | None = None,
    variant: str = VARIANT,
) -> scoring.Execution:
    numbers = np.array(ids, dtype=np.int32)
    return scoring.Execution(
        variant=variant,
        branch=branch,
        on_default_branch=branch == "main",
        sha=sha,
        base_sha=base_sha,
        event_kind=event_kind,
        started_at=START + timedelta(hours=hours),
        case_ids=numbers,
        suites=np.array(suites, dtype=np.int32) if suites is not None else np.zeros(len(numbers), dtype=np.int32),
        failed=np.isin(numbers, failing),
        retries=retries or {},
    )


class ScoredRepository:
    """`cases` cases in suites of ten or so, an execution an hour; all of them run unless `ids` says otherwise."""

    def __init__(self, cases: int = 50, *, hysteresis: bool = True, keys: int | None = None) -> None:
        self.cases = cases
        self.scorer = scoring.Scorer(scoring.RepositoryMemory(keys or cases), hysteresis=hysteresis)
        self.hours = 0.0

    def run(
        self,
        sha: str,
        *failing: int,
        branch: str = "main",
        base_sha: str | None = None,
        event_kind: str = "push",
        retries: Mapping[int, tuple[bool, ...]] | None = None,
        ids: Sequence[int] | None = None,
        later: float = 1,
    ) -> scoring.Observation:
        self.hours += later
        ran = range(self.cases) if ids is None else ids
        return self.scorer.observe(
            execution(
                sha,
                ran,
                failing,
                branch=branch,
                base_sha=base_sha,
                event_kind=event_kind if branch == "main" or event_kind != "push" else "pull_request",
                hours=self.hours,
                retries=retries,
                suites=[case * 5 // max(self.cases, 5) for case in ran],
            )
        )

    def score(self, case: int, *, hours: float | None = None) -> VariantScore:
        at = START + timedelta(hours=self.hours if hours is None else hours)
        return next(one for one in scoring.readout.everything(self.scorer, VARIANT, at) if one.case_id == case)

    def status(self, case: int) -> Status:
        return self.score(case).status

    def statuses(self) -> dict[int, Status]:
        at = START + timedelta(hours=self.hours)
        return {one.case_id: one.status for one in scoring.readout.everything(self.scorer, VARIANT, at)}
