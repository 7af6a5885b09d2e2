"""Taking back what rested on the runs of a marked window, once these have left every score."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from bot.analysis.incident import Incident
from bot.analysis.model import SYSTEM, CaseId, RepositoryId, RunId, Status
from bot.analysis.quarantine.lifecycle import State
from bot.services import quarantine
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
    withdrawn = 0
    pending = quarantine_store.list_open(session, [repository_id], [State.PROPOSED])
    for window in {one.id: one for one in left_out.values()}.values():
        inside = [run_id for run_id, one in left_out.items() if one.id == window.id]
        failed = execution_store.list_failing_cases(session, repository_id, inside)
        for held in pending:
            status = statuses.get(held.case_id, Status.HEALTHY)
            if held.case_id in failed and status is not Status.FLAKY:
                reason = f"It rested on runs of an incident: {window.sentence}. Without them the test is {status}."
                quarantine.withdraw(session, held.id, SYSTEM, now, reason=reason)
                withdrawn += 1
        pending = [held for held in pending if held.case_id not in failed]
    return withdrawn


def _resume(
    session: Session,
    repository_id: RepositoryId,
    left_out: Mapping[RunId, Incident],
    statuses: Mapping[CaseId, Status],
    now: datetime,
) -> int:
    """Resume a quarantine that such a run suspended, where its case is not broken without them.

    A suspension stays until a person ends it with a reason: here that is who marked the window, and why.
    """
    resumed = 0
    for held in quarantine_store.list_open(session, [repository_id], [State.SUSPENDED]):
        status = statuses.get(held.case_id, Status.HEALTHY)
        if status is Status.BROKEN or held.decided_at is None:
            continue
        cause = status_change_store.find_run(session, repository_id, held.case_id, Status.BROKEN, held.decided_at)
        window = None if cause is None else left_out.get(cause)
        if window is not None:
            reason = f"It was suspended for a run of an incident: {window.sentence}. Without it the test is {status}."
            quarantine.resume(session, held.id, reason, window.actor, now)
            resumed += 1
    return resumed
