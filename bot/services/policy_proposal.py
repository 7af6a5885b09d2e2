"""Proposals nobody has to make: where the policy says so, what turns flaky is proposed for quarantine at once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from bot import telemetry
from bot.analysis.case_state import StatusChange
from bot.analysis.model import SYSTEM, Channel, Status
from bot.analysis.quarantine.lifecycle import OPEN_STATES, Scope
from bot.analysis.run import StoredRun
from bot.errors import UserError
from bot.queries import policy
from bot.services import quarantine
from bot.store.database import Session
from bot.store.decisions import quarantine as quarantine_store

_log = telemetry.logger(__name__)


def by_policy(
    session: Session, run: StoredRun, changes: Sequence[StatusChange], channel: Channel | None, now: datetime
) -> None:
    """Propose what turned flaky in a run, as long as the budget has room; a person has to approve all the same."""
    rules = policy.of_repository(session, run.repository_id).quarantine
    flaky = [change.case_id for change in changes if change.after is Status.FLAKY]
    if not rules.propose or not flaky:
        return
    if rules.budget.repository is not None:
        taken = len(quarantine_store.list_open(session, [run.repository_id], OPEN_STATES))
        flaky = flaky[: max(0, rules.budget.repository - taken)]
    for case_id in flaky:
        proposal = quarantine.Proposal(
            case_id=case_id,
            scope=Scope.CASE,
            variant=None,
            fingerprint_id=None,
            days=rules.days,
            reason=f"It turned flaky in run #{run.number}, and the policy proposes every flaky test.",
            owner=None,
        )
        try:
            quarantine.propose(session, run.repository_id, proposal, SYSTEM, now, channel=channel)
        except UserError as error:
            _log.info("proposal by the policy not made", case=case_id, reason=str(error))
