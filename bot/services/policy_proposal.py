"""Proposals of the policy: where it says so, every case that turns flaky is proposed for quarantine at once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from bot import telemetry
from bot.analysis import audit
from bot.analysis.audit import AuditAction
from bot.analysis.case_state import StatusChange
from bot.analysis.model import SYSTEM, CaseId, Channel, Status
from bot.analysis.quarantine import proposal
from bot.analysis.quarantine.lifecycle import OPEN_STATES
from bot.analysis.quarantine.proposal import Proposal
from bot.analysis.run import StoredRun
from bot.errors import UserError
from bot.queries import case_state, policy
from bot.services import event
from bot.store.database import Session
from bot.store.decisions import quarantine as quarantine_store

_log = telemetry.logger(__name__)


def propose_flaky(
    session: Session, run: StoredRun, changes: Sequence[StatusChange], channel: Channel | None, now: datetime
) -> None:
    """Propose the cases that turned flaky in a run, as long as the budget has room; a person has to approve them."""
    rules = policy.of_repository(session, run.repository_id).quarantine
    flaky = [change.case_id for change in changes if change.after is Status.FLAKY]
    if not rules.propose or not flaky:
        return
    if rules.budget.repository is not None:
        taken = len(quarantine_store.list_open(session, [run.repository_id], OPEN_STATES))
        flaky = flaky[: max(0, rules.budget.repository - taken)]
    reason = f"It turned flaky in run #{run.number}, and the policy proposes every flaky test."
    proposals = [Proposal(case_id=case_id, days=rules.days, reason=reason) for case_id in flaky]
    proposed = quarantine_store.insert_proposed(
        session, run.repository_id, _allowed(session, run, proposals, now), SYSTEM, now
    )
    event.record_all(
        session,
        [
            audit.of_quarantine(AuditAction.PROPOSE, quarantine, SYSTEM, now, reason=reason, channel=channel)
            for quarantine in proposed
        ],
    )


def _allowed(session: Session, run: StoredRun, proposals: Sequence[Proposal], now: datetime) -> list[Proposal]:
    """The proposals that the rules allow."""
    case_ids: list[CaseId] = [wanted.case_id for wanted in proposals]
    latest = quarantine_store.list_latest(session, [run.repository_id], case_ids)
    states = case_state.list_states(session, {run.repository_id: case_ids}, now)
    allowed = []
    for wanted in proposals:
        try:
            proposal.check(wanted, states[wanted.case_id].status, latest.get(wanted.case_id), SYSTEM, now)
        except UserError as error:
            _log.info("proposal by the policy not made", case=wanted.case_id, reason=str(error))
            continue
        allowed.append(wanted)
    return allowed
