"""Taking back what rested on the runs of a marked window, once these have left every score."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from bot.analysis import audit
from bot.analysis.audit import AuditAction
from bot.analysis.incident import Incident
from bot.analysis.model import SYSTEM, CaseId, RepositoryId, RunId, Status
from bot.analysis.quarantine import lifecycle
from bot.analysis.quarantine.lifecycle import Quarantine, State
from bot.services import event
from bot.store.database import Session
from bot.store.decisions import quarantine as quarantine_store
from bot.store.runs import execution as execution_store
from bot.store.scores import status_change as status_change_store


def take_back(
    session: Session,
    repository_id: RepositoryId,
    left_out: Mapping[RunId, Incident],
    statuses: Mapping[CaseId, Status],
    now: datetime,
) -> int:
    """Withdraw the proposals and resume the quarantines that the left out runs brought about; returns how many.

    `statuses` are those without these runs.
    """
    if not left_out:
        return 0
    return _withdraw(session, repository_id, left_out, statuses, now) + _resume(
        session, repository_id, left_out, statuses, now
    )


def _withdraw(
    session: Session,
    repository_id: RepositoryId,
    left_out: Mapping[RunId, Incident],
    statuses: Mapping[CaseId, Status],
    now: datetime,
) -> int:
    """Withdraw what is proposed for a case that failed in such a run and is not flaky without them."""
    pending = quarantine_store.lock_open(session, repository_id, [State.PROPOSED])
    failed = execution_store.list_failing_runs(session, repository_id, list(left_out))
    afters = []
    for quarantine in pending:
        status = statuses.get(quarantine.case_id, Status.HEALTHY)
        run_id = failed.get(quarantine.case_id)
        if run_id is not None and status is not Status.FLAKY:
            reason = (
                f"It rested on runs of an incident: {left_out[run_id].sentence}. Without them the test is {status}."
            )
            afters.append(lifecycle.withdraw(quarantine, reason, SYSTEM, now))
    return _store(session, AuditAction.WITHDRAW, afters, now)


def _resume(
    session: Session,
    repository_id: RepositoryId,
    left_out: Mapping[RunId, Incident],
    statuses: Mapping[CaseId, Status],
    now: datetime,
) -> int:
    """Resume a quarantine that such a run suspended, if its case is not broken without them.

    A suspension lasts until a person ends it with a reason: here that is who marked the window, and why.
    """
    suspended = quarantine_store.lock_open(session, repository_id, [State.SUSPENDED])
    turned_at = {quarantine.case_id: quarantine.decided_at for quarantine in suspended if quarantine.decided_at}
    causes = status_change_store.list_causes(session, repository_id, turned_at, Status.BROKEN)
    afters = []
    for quarantine in suspended:
        status = statuses.get(quarantine.case_id, Status.HEALTHY)
        cause = causes.get(quarantine.case_id)
        window = None if cause is None else left_out.get(cause)
        if status is not Status.BROKEN and window is not None:
            reason = f"It was suspended for a run of an incident: {window.sentence}. Without it the test is {status}."
            afters.append(lifecycle.resume(quarantine, reason, window.actor, now))
    return _store(session, AuditAction.RESUME, afters, now)


def _store(session: Session, action: AuditAction, afters: Sequence[Quarantine], now: datetime) -> int:
    quarantine_store.update(session, afters)
    event.record_all(
        session,
        [
            audit.of_quarantine(action, after, after.decided_by or SYSTEM, now, reason=after.decision or "")
            for after in afters
        ],
    )
    return len(afters)
