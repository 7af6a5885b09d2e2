"""What was done, as the audit trail records it: an entry of the trail is the event that everything reacts to."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Final, Self

from bot.analysis.learning.label import LabelVerdict
from bot.analysis.model import Actor, CaseId, Channel, EventId, RepositoryId
from bot.analysis.quarantine.lifecycle import Quarantine

QUARANTINE: Final = "quarantine"
"""The aggregate type of what is done to quarantines."""


class AuditAction(StrEnum):
    """What can be done, as `subject:verb`; the subject is the kind of the aggregate.

    `phrase` says what somebody did, `case_phrase` the same with the name of a case behind it. `is_broadcast`: the
    channel of a card is notified, not only its thread. `is_urgent`: quiet hours do not delay it.
    """

    phrase: str
    case_phrase: str
    is_broadcast: bool
    is_urgent: bool

    def __new__(
        cls, value: str, phrase: str = "", case_phrase: str = "", is_broadcast: bool = False, is_urgent: bool = False
    ) -> Self:
        """Make a member of its row."""
        member = str.__new__(cls, value)
        member._value_ = value
        member.phrase, member.case_phrase = phrase, case_phrase
        member.is_broadcast, member.is_urgent = is_broadcast, is_urgent
        return member

    PROPOSE = "quarantine:propose", "proposed a quarantine", "proposed to quarantine", True
    APPROVE = "quarantine:approve", "approved the quarantine", "approved the quarantine of", True
    REJECT = "quarantine:reject", "rejected the quarantine", "rejected the quarantine of"
    WITHDRAW = "quarantine:withdraw", "withdrew the proposal", "withdrew the proposal to quarantine"
    LIFT = "quarantine:lift", "lifted the quarantine", "lifted the quarantine of"
    RELEASE = "quarantine:release", "lifted the quarantine", "sees the fix of", True
    EXPIRE = (
        "quarantine:expire",
        "ended the quarantine, its time is over",
        "ended, as its time was over, the quarantine of",
        True,
    )
    SUSPEND = "quarantine:suspend", "suspended the quarantine", "suspended the quarantine of", True, True
    RESUME = "quarantine:resume", "resumed the quarantine", "resumed the quarantine of", True
    EXTEND = "quarantine:extend", "extended the quarantine", "extended the quarantine of"
    ASSIGN = "quarantine:assign", "named another owner", "named another owner of"
    ASSIGN_CASE = "case:assign", "named another owner", "named another owner of"
    LABEL = "case:label", "said it is not flaky", "gave a verdict on"
    MUTE = "case:mute", "muted the test", "muted"
    UNMUTE = "case:unmute", "ended the mute", "ended the mute of"
    RENAME = "case:rename", "followed a rename", "followed the rename of"
    START_INCIDENT = "incident:start", "started an incident", "started an incident with"
    END_INCIDENT = "incident:end", "ended an incident", "ended an incident with"

    @property
    def is_posted(self) -> bool:
        """Whether it is posted in the thread of the card of its case."""
        return self not in {AuditAction.ASSIGN_CASE, AuditAction.START_INCIDENT, AuditAction.END_INCIDENT}

    @property
    def aggregate_type(self) -> str:
        """The kind of what it is done to."""
        return self.value.partition(":")[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEvent:
    """Something that was done to a quarantine, a case or an incident, whose number is `aggregate_id`.

    `version` counts the events of an aggregate from 1, None for the next. `case_id` is the case it concerns. `channel`
    is where a quarantine was proposed; `verdict` is a person's verdict on the case, `head_sha` the commit they gave it
    of, None for the case as a whole.
    """

    action: AuditAction
    repository_id: RepositoryId
    aggregate_id: int
    version: int | None = None
    case_id: CaseId | None = None
    actor: Actor
    at: datetime
    reason: str = ""
    channel: Channel | None = None
    verdict: LabelVerdict | None = None
    head_sha: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedEvent(AuditEvent):
    """An event in the audit trail."""

    id: EventId


def of_quarantine(
    action: AuditAction,
    quarantine: Quarantine,
    actor: Actor,
    at: datetime,
    *,
    reason: str = "",
    channel: Channel | None = None,
    verdict: LabelVerdict | None = None,
) -> AuditEvent:
    """What was done to a quarantine; `quarantine` is as it is afterwards."""
    event = of_case(action, quarantine.repository_id, quarantine.case_id, actor, at, reason=reason, verdict=verdict)
    return replace(event, aggregate_id=quarantine.id, version=quarantine.version, channel=channel)


def of_case(
    action: AuditAction,
    repository_id: RepositoryId,
    case_id: CaseId,
    actor: Actor,
    at: datetime,
    *,
    reason: str = "",
    verdict: LabelVerdict | None = None,
    head_sha: str | None = None,
) -> AuditEvent:
    """What was done to a case."""
    return AuditEvent(
        action=action,
        repository_id=repository_id,
        aggregate_id=case_id,
        case_id=case_id,
        actor=actor,
        at=at,
        reason=reason,
        verdict=verdict,
        head_sha=head_sha,
    )
