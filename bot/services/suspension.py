"""Cases that turned broken: their quarantines are suspended, and proposals to quarantine them withdrawn."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from bot.analysis import audit
from bot.analysis.audit import AuditAction
from bot.analysis.case_state import StatusChange
from bot.analysis.model import SYSTEM, RepositoryId, Status
from bot.analysis.quarantine import lifecycle
from bot.analysis.quarantine.lifecycle import State
from bot.services import event
from bot.store.database import Session
from bot.store.decisions import quarantine as quarantine_store

_REASON: Final = "The test is broken."


def suspend_broken(
    session: Session, repository_id: RepositoryId, changes: Iterable[StatusChange], now: datetime
) -> None:
    """Suspend the quarantine of every case that turned broken, and withdraw the proposals for them."""
    broken = {change.case_id for change in changes if change.after is Status.BROKEN}
    if not broken:
        return
    quarantines = quarantine_store.lock_open(session, repository_id, [State.ACTIVE, State.PROPOSED])
    afters = [
        lifecycle.suspend(quarantine, _REASON, SYSTEM, now)
        if quarantine.state is State.ACTIVE
        else lifecycle.withdraw(quarantine, _REASON, SYSTEM, now)
        for quarantine in quarantines
        if quarantine.case_id in broken
    ]
    quarantine_store.update(session, afters)
    actions = {State.SUSPENDED: AuditAction.SUSPEND, State.WITHDRAWN: AuditAction.WITHDRAW}
    event.record_all(
        session,
        [audit.of_quarantine(actions[after.state], after, SYSTEM, now, reason=_REASON) for after in afters],
    )
