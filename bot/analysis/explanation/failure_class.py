"""What one failure of a commit is called, by what is known of its case."""

from __future__ import annotations

from enum import StrEnum

from bot.analysis.model import Status


class Naming(StrEnum):
    """What a failure is called, in the order of precedence."""

    QUARANTINED = "QUARANTINED"
    BROKEN_ON_MAIN = "BROKEN ON MAIN"
    INFRA = "INFRA"
    FLAKY = "FLAKY"
    NEW = "NEW"


def name_failure(*, quarantined: bool, status: Status, in_outage: bool) -> Naming:
    """What a failure is called; one of a healthy, suspect or insufficient case is new."""
    if quarantined:
        return Naming.QUARANTINED
    if status is Status.BROKEN:
        return Naming.BROKEN_ON_MAIN
    if status is Status.INFRA or in_outage:
        return Naming.INFRA
    if status is Status.FLAKY:
        return Naming.FLAKY
    return Naming.NEW
