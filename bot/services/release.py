"""Lifting quarantines by evidence: a recovered case is released, and its channels are notified."""

from __future__ import annotations

from datetime import datetime

from bot.analysis import audit
from bot.analysis.audit import AuditAction
from bot.analysis.model import SYSTEM, QuarantineId, RepositoryId
from bot.analysis.quarantine import lifecycle
from bot.analysis.quarantine import release as recovery
from bot.analysis.quarantine.lifecycle import State
from bot.queries import explanation, policy
from bot.services import event
from bot.store import queue
from bot.store.database import Session
from bot.store.decisions import quarantine as quarantine_store
from bot.store.runs import history as history_store
from bot.store.scores import score as score_store


def request(session: Session, repository_id: RepositoryId) -> None:
    """Have the quarantines of a repository looked at after a run of its default branch, where there are any."""
    if quarantine_store.list_open(session, [repository_id], [State.ACTIVE]):
        name = f"recovery:{repository_id}"
        queue.defer(session, queue.RECOVERY, lock=name, key=name, repository_id=repository_id)


def release(session: Session, repository_id: RepositoryId, now: datetime) -> list[QuarantineId]:
    """Lift every quarantine whose case has shown that it is well again; returns them.

    A case that did not run, or whose reports were read in part only, has shown nothing and stays.
    """
    active = quarantine_store.list_open(session, [repository_id], [State.ACTIVE])
    if not active:
        return []
    rules = policy.of_repository(session, repository_id).quarantine
    case_ids = sorted({quarantine.case_id for quarantine in active})
    since = min(quarantine.decided_at or quarantine.proposed_at for quarantine in active)
    runs = history_store.list_runs(session, repository_id, only_default_branch=True, since=since)
    results = explanation.with_incidents(
        session, repository_id, history_store.list_results(session, repository_id, case_ids, runs)
    )
    scores = score_store.list_of_cases(session, [repository_id], case_ids)
    reasons = {}
    for quarantine in active:
        progress = recovery.progress(
            quarantine,
            [result for result in results if result.case_id == quarantine.case_id],
            {score.variant: score.p_flaky for score in scores if score.case_id == quarantine.case_id},
            rules,
        )
        if progress.is_released:
            reasons[quarantine] = _reason(progress)
    unchanged = reasons.keys() & set(quarantine_store.lock_open(session, repository_id, [State.ACTIVE]))
    afters = [
        lifecycle.lift(quarantine, reason, SYSTEM, now)
        for quarantine, reason in reasons.items()
        if quarantine in unchanged
    ]
    quarantine_store.update(session, afters)
    event.record_all(
        session,
        [audit.of_quarantine(AuditAction.RELEASE, after, SYSTEM, now, reason=after.decision or "") for after in afters],
    )
    return [after.id for after in afters]


def _reason(progress: recovery.Progress) -> str:
    return (
        f"Well again: passed on the last {progress.streak} commits of the default branch, "
        f"{100 * progress.p_flaky:.0f} % likely flaky."
    )
