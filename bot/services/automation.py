"""What FlakeGuard decides about quarantines by itself: it proposes, suspends, releases and takes back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final

from bot import telemetry
from bot.analysis import audit
from bot.analysis.audit import AuditAction
from bot.analysis.case_state import StatusChange
from bot.analysis.incident import Incident
from bot.analysis.model import SYSTEM, CaseId, Channel, QuarantineId, RepositoryId, RunId, Status
from bot.analysis.quarantine import lifecycle, proposal, release
from bot.analysis.quarantine.lifecycle import OPEN_STATES, State
from bot.analysis.quarantine.proposal import Proposal
from bot.analysis.run import StoredRun
from bot.errors import UserError
from bot.queries import case_state, policy
from bot.queries import incident as incident_query
from bot.services import event
from bot.store import queue
from bot.store.database import Session
from bot.store.decisions import quarantine as quarantine_store
from bot.store.runs import execution as execution_store
from bot.store.runs import history as history_store
from bot.store.scores import status_change as status_change_store

_BROKEN: Final = "The test is broken."
_log = telemetry.logger(__name__)


def propose_flaky(
    session: Session, run: StoredRun, changes: Sequence[StatusChange], channel: Channel | None, now: datetime
) -> None:
    """Propose the cases that turned flaky in a run where the policy says so, as long as the budget has room.

    A person has to approve them.
    """
    rules = policy.of_repository(session, run.repository_id).quarantine
    flaky = [change.case_id for change in changes if change.after is Status.FLAKY]
    if not rules.propose or not flaky:
        return
    if rules.limits.repository is not None:
        open_quarantines = len(quarantine_store.list_open(session, [run.repository_id], OPEN_STATES))
        flaky = flaky[: max(0, rules.limits.repository - open_quarantines)]
    reason = f"It turned flaky in run #{run.number}, and the policy proposes every flaky test."
    latest = quarantine_store.list_latest(session, [run.repository_id], flaky)
    states = case_state.list_states(session, {run.repository_id: flaky}, now)
    proposals = []
    for case_id in flaky:
        new_proposal = Proposal(case_id=case_id, days=rules.days, reason=reason)
        try:
            proposal.check(new_proposal, states[case_id].status, latest.get(case_id), SYSTEM, now)
        except UserError as error:
            _log.info("proposal by the policy not made", case=case_id, reason=str(error))
        else:
            proposals.append(new_proposal)
    proposed = quarantine_store.insert_proposed(session, run.repository_id, proposals, SYSTEM, now)
    event.record_all(
        session,
        [
            audit.of_quarantine(AuditAction.PROPOSE, quarantine, SYSTEM, now, reason=reason, channel=channel)
            for quarantine in proposed
        ],
    )


def suspend_broken(
    session: Session, repository_id: RepositoryId, changes: Iterable[StatusChange], now: datetime
) -> None:
    """Suspend the quarantine of every case that turned broken, and withdraw the proposals for them."""
    broken = {change.case_id for change in changes if change.after is Status.BROKEN}
    if not broken:
        return
    decisions = {}
    for quarantine in quarantine_store.lock_open(session, repository_id, [State.ACTIVE, State.PROPOSED]):
        if quarantine.case_id not in broken:
            continue
        if quarantine.state is State.ACTIVE:
            decisions[lifecycle.suspend(quarantine, _BROKEN, SYSTEM, now)] = AuditAction.SUSPEND
        else:
            decisions[lifecycle.withdraw(quarantine, _BROKEN, SYSTEM, now)] = AuditAction.WITHDRAW
    event.record_decisions(session, decisions)


def request_release(session: Session, repository_id: RepositoryId) -> None:
    """Have the quarantines of a repository looked at after a run of its default branch, where there are any."""
    if quarantine_store.list_open(session, [repository_id], [State.ACTIVE]):
        queue.defer_each(session, queue.RECOVERY, [repository_id])


def release_recovered(session: Session, repository_id: RepositoryId, now: datetime) -> list[QuarantineId]:
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
    results = incident_query.list_results(session, repository_id, case_ids, runs)
    states = case_state.list_scored(session, [repository_id], case_ids)
    progress_of = {
        quarantine: release.progress(
            quarantine,
            [result for result in results if result.case_id == quarantine.case_id],
            {score.variant: score.p_flaky for score in states[quarantine.case_id].scored},
            rules,
        )
        for quarantine in active
    }
    unchanged = quarantine_store.lock_open(session, repository_id, [State.ACTIVE])
    decisions = {
        lifecycle.lift(quarantine, _recovery(progress), SYSTEM, now): AuditAction.RELEASE
        for quarantine, progress in progress_of.items()
        if progress.is_released and quarantine in unchanged
    }
    event.record_decisions(session, decisions)
    return [quarantine.id for quarantine in decisions]


def _recovery(progress: release.Progress) -> str:
    return (
        f"Well again: passed on the last {progress.streak} commits of the default branch, "
        f"{100 * progress.p_flaky:.0f} % likely flaky."
    )


def take_back(
    session: Session,
    repository_id: RepositoryId,
    left_out: Mapping[RunId, Incident],
    statuses: Mapping[CaseId, Status],
    now: datetime,
) -> int:
    """Withdraw proposals and resume quarantines that rested on runs of a marked incident; returns how many.

    `left_out` are the runs that left every score, `statuses` those of the cases without them. A proposal goes if its
    case failed in such a run and is not flaky without it. A suspension lasts until a person ends it with a reason: here
    that is who marked the incident, and why.
    """
    if not left_out:
        return 0
    quarantines = quarantine_store.lock_open(session, repository_id, [State.PROPOSED, State.SUSPENDED])
    suspended_at = {
        quarantine.case_id: quarantine.decided_at
        for quarantine in quarantines
        if quarantine.state is State.SUSPENDED and quarantine.decided_at
    }
    failed_in = execution_store.list_failing_runs(session, repository_id, list(left_out))
    broken_by = status_change_store.list_causes(session, repository_id, suspended_at, Status.BROKEN)
    decisions = {}
    for quarantine in quarantines:
        is_proposed = quarantine.state is State.PROPOSED
        status = statuses.get(quarantine.case_id, Status.HEALTHY)
        run_id = (failed_in if is_proposed else broken_by).get(quarantine.case_id)
        if run_id is None or run_id not in left_out:
            continue
        incident = left_out[run_id]
        if is_proposed and status is not Status.FLAKY:
            reason = f"It rested on runs of an incident: {incident.sentence}. Without them the test is {status}."
            decisions[lifecycle.withdraw(quarantine, reason, SYSTEM, now)] = AuditAction.WITHDRAW
        elif not is_proposed and status is not Status.BROKEN:
            reason = f"It was suspended for a run of an incident: {incident.sentence}. Without it the test is {status}."
            decisions[lifecycle.resume(quarantine, reason, incident.actor, now)] = AuditAction.RESUME
    event.record_decisions(session, decisions)
    return len(decisions)
