"""Results of one case, made in a few words for tests of what is concluded from them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from bot.analysis.case_history import CaseResult
from bot.analysis.incident import Incident, Kind
from bot.analysis.model import SYSTEM, CaseId, Outcome, RepositoryId, RunId
from bot.analysis.run import StoredRun

START = datetime(2026, 5, 12, 8, tzinfo=UTC)
CASE = CaseId(1)
REPOSITORY = RepositoryId(1)


def run(
    number: int,
    *,
    sha: str | None = None,
    branch: str = "main",
    hours: float | None = None,
    repository_id: RepositoryId = REPOSITORY,
) -> StoredRun:
    begun = START + timedelta(hours=number if hours is None else hours)
    return StoredRun(
        repository_id=repository_id,
        id=RunId(number),
        ordinal=number,
        github_run_id=number,
        number=number,
        attempt=1,
        event="push" if branch == "main" else "pull_request",
        head_sha=sha or f"{number:07x}",
        head_branch=branch,
        base_sha=None,
        conclusion="success",
        url=f"https://github.invalid/runs/{number}",
        started_at=begun,
        completed_at=begun + timedelta(minutes=10),
        on_default_branch=branch == "main",
        workflow="CI",
        workflow_path=".github/workflows/ci.yml",
        ingested_at=begun + timedelta(minutes=10),
        complete=True,
        outage=0.0,
        files=1,
        judged=True,
    )


def result(of: StoredRun, tries: str = ".", *, variant: str = "linux", whole: bool = True, kind: int = 7) -> CaseResult:
    """The result of these tries: `.` passed, `F` failed, `s` skipped."""
    outcomes = {".": Outcome.PASSED, "F": Outcome.FAILED, "s": Outcome.SKIPPED}
    return CaseResult(
        case_id=CASE,
        run=of,
        variant=variant,
        outcome=outcomes[tries[0]],
        retries=tuple(one == "F" for one in tries[1:]),
        whole=whole,
        fingerprint_id=kind if "F" in tries else None,
    )


def incident(
    kind: Kind = Kind.RUN, *, number: int = 12, suite: str = "", failed: int = 312, ran: int = 600
) -> Incident:
    return Incident(
        id=number,
        repository_id=RepositoryId(1),
        kind=kind,
        started_at=START + timedelta(hours=number),
        ended_at=START + timedelta(hours=number + 1) if kind is Kind.MARKED else None,
        reason="the registry was down" if kind is Kind.MARKED else "",
        actor=SYSTEM,
        run_id=None if kind is Kind.MARKED else RunId(number),
        run_number=None if kind is Kind.MARKED else number,
        suite=suite,
        failed=failed,
        ran=ran,
    )
