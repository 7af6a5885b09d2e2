"""What has to be posted in Slack or published on GitHub: one class per kind of notice.

A notice is stored under its natural key in the transaction of the fact it speaks of, and rendered from the state at
the time it is sent. `is_living` kinds are brought up to date when they are asked for again; the others are sent once.
`channel` is where a notice is posted, for a notice to one person their id of Slack in the place of a channel's.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import date, datetime, timedelta
from typing import ClassVar, TypeAlias, get_args

from bot.analysis.model import CaseId, Channel, EventId, QuarantineId, RepositoryId, RunId, Status
from bot.analysis.quarantine.escalation import EscalationStep


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeKind:
    """What the kinds have in common: unless a kind says otherwise, its natural key is its name and all its fields."""

    kind: ClassVar[str]
    is_living: ClassVar = False

    def key(self) -> str:
        """The natural key."""
        return ":".join([self.kind, *(str(getattr(self, field.name)) for field in fields(self))])


@dataclass(frozen=True, slots=True, kw_only=True)
class RepositoryNotice(NoticeKind):
    """What the kinds about one repository have in common."""

    repository_id: RepositoryId


@dataclass(frozen=True, slots=True, kw_only=True)
class CardNotice(RepositoryNotice):
    """The card of a case in a channel."""

    kind: ClassVar = "card"
    is_living: ClassVar = True
    case_id: CaseId
    channel: Channel


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditLineNotice(RepositoryNotice):
    """An entry of the audit trail, in the thread of a card."""

    kind: ClassVar = "history"
    event_id: EventId
    channel: Channel

    def key(self) -> str:
        """The natural key."""
        return f"history:{self.event_id}:{self.channel}"


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusChangeNotice(RepositoryNotice):
    """A change of the status of a case by a run, in the thread of its card."""

    kind: ClassVar = "status"
    case_id: CaseId
    run_id: RunId
    before: Status
    after: Status
    channel: Channel

    def key(self) -> str:
        """The natural key."""
        return f"alert:{self.case_id}:{self.run_id}:{self.channel}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportNotice(RepositoryNotice):
    """The summary of the history that was imported on a day (UTC)."""

    kind: ClassVar = "imported"
    is_living: ClassVar = True
    day: date
    channel: Channel


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentNotice(RepositoryNotice):
    """Far more failed in a run than usual, or nearly all of a suite or runner."""

    kind: ClassVar = "incident"
    run_id: RunId
    channel: Channel


@dataclass(frozen=True, slots=True, kw_only=True)
class UnreadableReportNotice(RepositoryNotice):
    """Parts of a run are missing or could not be read."""

    kind: ClassVar = "unreadable"
    run_id: RunId
    channel: Channel


@dataclass(frozen=True, slots=True, kw_only=True)
class StormNotice(RepositoryNotice):
    """The one card of many cases that turned flaky at once."""

    kind: ClassVar = "storm"
    is_living: ClassVar = True
    storm_id: int
    channel: Channel

    def key(self) -> str:
        """The natural key."""
        return f"storm:{self.storm_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestNotice(NoticeKind):
    """The digest of a channel: of a scheduled day, or asked for by a request (Slack's id of it)."""

    kind: ClassVar = "digest"
    day: date | None = None
    request: str = ""
    channel: Channel

    def key(self) -> str:
        """The natural key."""
        return f"digest:{self.channel}:{self.day or f'now:{self.request}'}"


@dataclass(frozen=True, slots=True, kw_only=True)
class EscalationNotice(RepositoryNotice):
    """A request to decide on a card that has waited since a time, one step louder."""

    kind: ClassVar = "escalation"
    case_id: CaseId
    step: EscalationStep
    since: datetime
    channel: Channel

    def key(self) -> str:
        """The natural key."""
        return f"escalation:{self.step}:{self.repository_id}:{self.case_id}:{self.since:%Y%m%d%H%M}:{self.channel}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReminderNotice(RepositoryNotice):
    """A quarantine ends in so many days, in the thread of a card."""

    kind: ClassVar = "reminder"
    quarantine_id: QuarantineId
    days_left: int
    expires_on: date
    channel: Channel

    def key(self) -> str:
        """The natural key."""
        return f"reminder:{self.quarantine_id}:{self.days_left}:{self.expires_on:%Y%m%d}:{self.channel}"


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorNotice(RepositoryNotice):
    """A commit whose every failure is known, to its author."""

    kind: ClassVar = "author"
    is_living: ClassVar = True
    head_sha: str
    channel: Channel


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckRunNotice(RepositoryNotice):
    """The check run of a commit on GitHub."""

    kind: ClassVar = "check"
    is_living: ClassVar = True
    head_sha: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HomeNotice(NoticeKind):
    """The App Home of one person, which rests between two updates."""

    kind: ClassVar = "home"
    rest: ClassVar = timedelta(seconds=5)
    is_living: ClassVar = True
    channel: Channel


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelPauseNotice(NoticeKind):
    """Slack refuses messages to a channel, to the person who looks after it."""

    kind: ClassVar = "paused"
    paused: Channel
    paused_at: datetime
    reason: str
    channel: Channel

    def key(self) -> str:
        """The natural key."""
        return f"paused:{self.paused}:{self.paused_at.timestamp():.0f}"


Notice: TypeAlias = (
    CardNotice
    | AuditLineNotice
    | StatusChangeNotice
    | ImportNotice
    | IncidentNotice
    | UnreadableReportNotice
    | StormNotice
    | DigestNotice
    | EscalationNotice
    | ReminderNotice
    | AuthorNotice
    | CheckRunNotice
    | HomeNotice
    | ChannelPauseNotice
)
KINDS: tuple[type[Notice], ...] = get_args(Notice)
