"""How many cases may be quarantined at once, and which quarantine ends to make room."""

from __future__ import annotations

from collections.abc import Collection

from bot.analysis.model import QuarantineId
from bot.analysis.quarantine.lifecycle import Quarantine
from bot.analysis.quarantine.policy import Budget
from bot.errors import ConflictError


class OverBudgetError(ConflictError):
    """An approval has to name a quarantine that ends; `owner` is set if the budget of the owner is used up."""

    def __init__(self, message: str, *, owner: str | None) -> None:
        super().__init__(message)
        self.owner = owner


def replaced(
    approved: Quarantine, others: Collection[Quarantine], budget: Budget, named: QuarantineId | None
) -> Quarantine | None:
    """The quarantine that ends so that `approved` fits into the budget; None if there is room.

    `others` are quarantines of the repository, `named` is the one that the approver chose.

    Raises:
        OverBudgetError: there is no room, and the chosen one makes none.
    """
    in_force = [other for other in others if other.in_force and other.id != approved.id]
    of_owner = [other for other in in_force if approved.owner and other.owner == approved.owner]
    chosen = next((other for other in in_force if other.id == named), None)
    if budget.owner is not None and approved.owner and len(of_owner) >= budget.owner:
        if chosen is None or chosen.owner != approved.owner:
            message = (
                f"The owner has {len(of_owner)} tests in quarantine, the most the policy allows: name one that leaves."
            )
            raise OverBudgetError(message, owner=approved.owner)
        return chosen
    if budget.repository is not None and len(in_force) >= budget.repository:
        if chosen is None:
            message = f"{len(in_force)} tests are in quarantine, the most the policy allows: name one that leaves."
            raise OverBudgetError(message, owner=None)
        return chosen
    return None
