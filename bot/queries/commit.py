"""The state of a commit and of a run, read in a number of statements that does not depend on what failed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from bot.analysis import scoring
from bot.analysis.case_state import CaseState, VariantScore
from bot.analysis.commit_state import CaseFailure, CommitState
from bot.analysis.learning.label import LabelVerdict
from bot.analysis.model import Actor, CaseId, Outcome, Problem, RepositoryId, RunId, Status
from bot.analysis.quarantine.lifecycle import Quarantine
from bot.analysis.run import StoredRun
from bot.queries import case_state
from bot.store.cases import case as case_store
from bot.store.database import Session
from bot.store.decisions import check_run as check_run_store
from bot.store.decisions import quarantine as quarantine_store
from bot.store.runs import fingerprint as fingerprint_store
from bot.store.runs import history as history_store
from bot.store.runs import result as result_store
from bot.store.runs import run as run_store
from bot.store.runs.result import FailureRow, StoredResults
from bot.store.scores import label as label_store

_LOOK_BACK = 30
"""Runs in which the previous result of a broken case is looked for."""
_SKIPPED = result_store.CODES[Outcome.SKIPPED]


def state(session: Session, repository_id: RepositoryId, head_sha: str, now: datetime) -> CommitState:
    """The state of a commit: what each case did in the latest attempt that ran it.

    An attempt may have run again only the jobs, and so the shards, that had failed.
    """
    latest = run_store.list_latest_attempts(session, repository_id, head_sha)
    problems = run_store.list_problems_by_run(session, repository_id, [run.id for run in latest])
    latest = [run for run in latest if not _brought_no_tests(run, problems)]
    attempts = run_store.list_read_attempts(session, repository_id, [run.github_run_id for run in latest])
    return _read(session, repository_id, head_sha, latest, attempts, problems, now)


def of_run(session: Session, run: StoredRun, now: datetime) -> CommitState:
    """The state of one attempt of one run alone."""
    problems = run_store.list_problems_by_run(session, run.repository_id, [run.id])
    commit = _read(session, run.repository_id, run.head_sha, [run], [], problems, now)
    return replace(commit, complete=run.complete)


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthoredCommit:
    """The state of a commit, and what its author did about it.

    `is_claimed`: the author said that their change broke it. `rerun_at` is when its failed jobs were last run again
    through FlakeGuard.
    """

    state: CommitState
    run_url: str
    is_claimed: bool
    rerun_at: datetime | None


def of_author(
    session: Session, repository_id: RepositoryId, head_sha: str, author: Actor, now: datetime
) -> AuthoredCommit:
    """The commit, with what its author did about it."""
    commit_state = state(session, repository_id, head_sha, now)
    runs = run_store.list_latest_attempts(session, repository_id, head_sha)
    reruns = check_run_store.list_reruns(session, repository_id, [(run.github_run_id, run.attempt) for run in runs])
    case_ids = {failure.case_id for failure in commit_state.failures}
    claims = label_store.list_claimed(session, repository_id, case_ids, LabelVerdict.MINE, author, head_sha)
    return AuthoredCommit(
        state=commit_state,
        run_url=next((run.url for run in runs if run.failed), runs[0].url if runs else ""),
        is_claimed=bool(claims),
        rerun_at=max(reruns, default=None),
    )


def list_failed_runs(session: Session, repository_id: RepositoryId, head_sha: str) -> list[StoredRun]:
    """The runs of a commit that failed in their latest attempt."""
    return [run for run in run_store.list_latest_attempts(session, repository_id, head_sha) if run.failed]


def _read(
    session: Session,
    repository_id: RepositoryId,
    head_sha: str,
    latest: Sequence[StoredRun],
    attempts: Sequence[StoredRun],
    problems: Mapping[RunId, Sequence[Problem]],
    now: datetime,
) -> CommitState:
    """What each case did in the last of the attempts of each run that ran it."""
    run_ids = {run.id for run in [*latest, *attempts]}
    variants: dict[RunId, list[StoredResults]] = {}
    for variant in result_store.list_variants(session, repository_id, run_ids):
        variants.setdefault(variant.run_id, []).append(variant)
    last_results: dict[tuple[RunId, str], dict[CaseId, FailureRow]] = {}
    for row in result_store.list_run_failures(session, repository_id, run_ids):
        last_results.setdefault((row.run_id, row.variant), {})[row.case_id] = row
    failures: list[tuple[StoredRun, FailureRow]] = []
    cases = 0
    for run in latest:
        ran: dict[str, set[int]] = {}
        known: set[tuple[str, int]] = set()
        of_run = [attempt for attempt in attempts if attempt.github_run_id == run.github_run_id]
        for attempt in [run, *(earlier for earlier in of_run if earlier.attempt < run.attempt)]:
            for variant in variants.get(attempt.id, ()):
                ran_later = ran.setdefault(variant.variant, set())
                failures += [
                    (attempt, row)
                    for case_id, row in sorted(last_results.get((attempt.id, variant.variant), {}).items())
                    if row.outcome.is_failure and case_id not in ran_later
                ]
                ran_later.update(variant.case_ids[variant.outcomes != _SKIPPED].tolist())
                known.update((variant.variant, case_id) for case_id in variant.case_ids.tolist())
        cases += len(known)
    return CommitState(
        head_sha=head_sha,
        failures=_classified(session, repository_id, head_sha, failures, now),
        problems=tuple(problem for run in latest for problem in problems.get(run.id, ())),
        runs=len(latest),
        cases=cases,
        finished=all(run.ingested_at is not None for run in latest),
        complete=bool(latest) and all(run.complete or run.ingested_at is None for run in latest),
    )


def _brought_no_tests(run: StoredRun, problems: Mapping[RunId, Sequence[Problem]]) -> bool:
    """Whether a run was read, succeeded and brought nothing to read: a linter, say, is no evidence about tests."""
    return run.ingested_at is not None and not run.files and run.conclusion == "success" and run.id not in problems


def _classified(
    session: Session,
    repository_id: RepositoryId,
    head_sha: str,
    failures: Sequence[tuple[StoredRun, FailureRow]],
    now: datetime,
) -> tuple[CaseFailure, ...]:
    case_ids = sorted({row.case_id for _, row in failures})
    if not case_ids:
        return ()
    cases = case_store.list_current(session, case_ids)
    states = case_state.list_scored(session, [repository_id], case_ids)
    own_scores = {(score.case_id, score.variant): score for state in states.values() for score in state.scored}
    quarantines = quarantine_store.list_latest(session, [repository_id], case_ids)
    fingerprints = {row.fingerprint_id for _, row in failures if row.fingerprint_id}
    messages = fingerprint_store.list_messages(session, repository_id, fingerprints)
    failed_before = _list_failed_before(session, repository_id, head_sha, own_scores.values())
    classified = []
    for run, row in failures:
        own = own_scores.get((row.case_id, row.variant))
        status = _status(states[row.case_id], own, is_new=(row.case_id, row.variant) not in failed_before)
        classified.append(
            CaseFailure(
                case_id=row.case_id,
                title=cases[row.case_id].title,
                variant=row.variant,
                status=status,
                quarantined_until=_masked_until(quarantines.get(row.case_id), row, now),
                in_outage=run.outage >= scoring.INCIDENT,
                failures=own.failures if own else 0,
                runs=own.runs if own else 0,
                mixed_commits=own.mixed_commits if own else 0,
                message=messages[row.fingerprint_id][0] if row.fingerprint_id in messages else "",
                run_url=run.url,
            )
        )
    return tuple(classified)


def _masked_until(quarantine: Quarantine | None, row: FailureRow, now: datetime) -> datetime | None:
    if quarantine is None or not quarantine.masks(variant=row.variant, fingerprint_id=row.fingerprint_id, now=now):
        return None
    return quarantine.expires_at


def _status(state: CaseState, own: VariantScore | None, *, is_new: bool) -> Status:
    """The status a failure in one variant is classified by: that variant's, or flaky where the case is so elsewhere.

    The commit that breaks a case makes it broken; to that commit the failure is new all the same.
    """
    status = own.status if own else Status.INSUFFICIENT
    if status is Status.BROKEN and is_new:
        return Status.HEALTHY
    if status in {Status.BROKEN, Status.INFRA, Status.FLAKY}:
        return status
    return Status.FLAKY if state.status is Status.FLAKY else status


def _list_failed_before(
    session: Session, repository_id: RepositoryId, head_sha: str, scores: Iterable[VariantScore]
) -> set[tuple[CaseId, str]]:
    """The broken (case, variant) that failed on the latest other commit that was pushed."""
    broken = {(score.case_id, score.variant) for score in scores if score.status is Status.BROKEN}
    if not broken:
        return set()
    runs = [
        run
        for run in history_store.list_runs(session, repository_id, limit=_LOOK_BACK)
        if run.head_sha != head_sha and not run.is_pull_request
    ]
    runs.sort(key=lambda run: run.started_at)
    latest: dict[tuple[CaseId, str], bool] = {}
    for result in history_store.list_results(session, repository_id, sorted({case_id for case_id, _ in broken}), runs):
        if result.whole or result.outcome.is_failure:
            latest[result.case_id, result.variant] = result.outcome.is_failure
    return {key for key, has_failed in latest.items() if has_failed and key in broken}
