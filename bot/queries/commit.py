"""What a commit amounts to: its failures over the latest attempt of every workflow and variant, each named."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from bot.analysis import scoring
from bot.analysis.explanation.failure_class import Naming, name_failure
from bot.analysis.model import CaseId, Outcome, Problem, RepositoryId, Status
from bot.analysis.quarantine.lifecycle import State
from bot.services import judge
from bot.store.cases import case as case_store
from bot.store.database import Session
from bot.store.decisions import quarantine as quarantine_store
from bot.store.runs import fingerprint as fingerprint_store
from bot.store.runs import result as result_store
from bot.store.runs import run as run_store

_LOOK_BACK = 30  # runs
_SKIPPED = result_store.CODES[Outcome.SKIPPED]


@dataclass(frozen=True, slots=True, kw_only=True)
class FailingCase:
    """One case of a commit whose last try failed, and what is known about it."""

    case_id: CaseId
    title: str
    variant: str
    status: Status
    quarantined_until: datetime | None
    in_outage: bool
    failures: int
    runs: int
    mixed_commits: int
    message: str
    run_url: str

    @property
    def naming(self) -> Naming:
        """What the failure is called."""
        quarantined = self.quarantined_until is not None
        return name_failure(quarantined=quarantined, status=self.status, in_outage=self.in_outage)


@dataclass(frozen=True, slots=True, kw_only=True)
class CommitState:
    """Everything known of a commit."""

    failures: tuple[FailingCase, ...]
    problems: tuple[Problem, ...]
    runs: int
    cases: int
    finished: bool
    complete: bool


def state(session: Session, repository_id: RepositoryId, head_sha: str, now: datetime) -> CommitState:
    """The state of a commit at a time: what each case did in the latest attempt that ran it.

    An attempt may have run again only the jobs, and so the shards, that had failed.
    """
    found = run_store.list_latest_attempts(session, repository_id, head_sha)
    latest = [run for run in found if not _without_tests(session, run)]
    failing: list[FailingCase] = []
    total = 0
    complete = bool(latest)
    for run in latest:
        attempts = [run, *run_store.list_earlier_attempts(session, run)]
        complete = complete and (run.complete or run.ingested_at is None)
        ran: dict[str, NDArray[np.int32]] = {}
        known: set[tuple[str, int]] = set()
        for attempt in attempts:
            for leg in result_store.list_legs(session, repository_id, [attempt.id]):
                later = ran.get(leg.variant, np.empty(0, dtype=np.int32))
                failing += [one for one in _failing(session, attempt, leg, now) if one.case_id not in later]
                ran[leg.variant] = np.union1d(later, leg.case_ids[leg.outcomes != _SKIPPED])
                known.update((leg.variant, case_id) for case_id in leg.case_ids.tolist())
        total += len(known)
    return CommitState(
        failures=tuple(failing),
        problems=tuple(run_store.list_problems(session, repository_id, [run.id for run in latest])),
        runs=len(latest),
        cases=total,
        finished=all(run.ingested_at is not None for run in latest),
        complete=complete,
    )


def of_run(session: Session, run: run_store.StoredRun, now: datetime) -> CommitState:
    """The state of one attempt of one run alone."""
    legs = result_store.list_legs(session, run.repository_id, [run.id])
    return CommitState(
        failures=tuple(one for leg in legs for one in _failing(session, run, leg, now)),
        problems=tuple(run_store.list_problems(session, run.repository_id, [run.id])),
        runs=1,
        cases=sum(len(leg.case_ids) for leg in legs),
        finished=run.ingested_at is not None,
        complete=run.complete,
    )


def _without_tests(session: Session, run: run_store.StoredRun) -> bool:
    """Whether a run was read, succeeded and brought nothing to read: a linter, say, is no evidence about tests."""
    if run.ingested_at is None or run.files > 0 or run.conclusion != "success":
        return False
    return not run_store.list_problems(session, run.repository_id, [run.id])


def _failing(
    session: Session, run: run_store.StoredRun, leg: result_store.StoredLeg, now: datetime
) -> list[FailingCase]:
    last: dict[CaseId, result_store.FailureRow] = {}
    for row in result_store.list_run_failures(session, run.repository_id, [leg.run_id]):
        if row.variant == leg.variant:
            last[row.case_id] = row
    found = []
    for case_id, row in sorted(last.items()):
        if not row.outcome.is_failure:
            continue
        scores = case_store.list_scores(session, run.repository_id, case_ids=[case_id])
        own = next((score for score in scores if score.variant == leg.variant), None)
        held = quarantine_store.find_latest(session, run.repository_id, case_id)
        masked = held is not None and held.masks(variant=leg.variant, fingerprint_id=row.fingerprint_id, now=now)
        found.append(
            FailingCase(
                case_id=case_id,
                title=case_store.get(session, run.repository_id, case_id).title,
                variant=leg.variant,
                status=_status(session, run, own, scores),
                quarantined_until=held.expires_at if held and masked and held.state is State.ACTIVE else None,
                in_outage=run.outage >= scoring.INCIDENT,
                failures=own.failures if own else 0,
                runs=own.runs if own else 0,
                mixed_commits=own.mixed_commits if own else 0,
                message=fingerprint_store.get_message(session, run.repository_id, row.fingerprint_id),
                run_url=run.url,
            )
        )
    return found


def _status(
    session: Session, run: run_store.StoredRun, own: case_store.ScoreRow | None, scores: list[case_store.ScoreRow]
) -> Status:
    """The status under which a failure in one variant is named: its own, or that the case is flaky elsewhere.

    The commit that breaks a case makes it broken; to that commit the failure is new all the same.
    """
    status = own.status if own else Status.INSUFFICIENT
    if own is not None and status is Status.BROKEN and not _failed_before(session, run, own.case_id, own.variant):
        return Status.HEALTHY
    if status in {Status.BROKEN, Status.INFRA, Status.FLAKY}:
        return status
    return Status.FLAKY if judge.worst(scores) is Status.FLAKY else status


def _failed_before(session: Session, run: run_store.StoredRun, case_id: CaseId, variant: str) -> bool:
    """Whether the case failed in a variant on the latest other commit that was pushed."""
    for sha, event, of, outcome, _ in result_store.list_case_outcomes(session, run.repository_id, case_id, _LOOK_BACK):
        if of == variant and sha != run.head_sha and not event.startswith("pull_request"):
            return outcome.is_failure
    return False
