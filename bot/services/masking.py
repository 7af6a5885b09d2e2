"""What must not be masked: a case that turned broken stops being so, and is not proposed for it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from bot.analysis.case_state import StatusChange
from bot.analysis.model import SYSTEM, RepositoryId, Status
from bot.analysis.quarantine.lifecycle import State
from bot.services import quarantine
from bot.store.database import Session
from bot.store.decisions import quarantine as quarantine_store


def stop_broken(session: Session, repository_id: RepositoryId, changes: Iterable[StatusChange], now: datetime) -> None:
    """Suspend the quarantine of every case that turned broken, and withdraw what is proposed for one."""
    broken = {change.case_id for change in changes if change.after is Status.BROKEN}
    if not broken:
        return
    for held in quarantine_store.list_open(session, [repository_id], [State.ACTIVE, State.PROPOSED]):
        if held.case_id not in broken:
            continue
        if held.state is State.ACTIVE:
            quarantine.suspend(session, held.id, SYSTEM, now)
        else:
            quarantine.withdraw(session, held.id, SYSTEM, now, reason="The test is broken.")
