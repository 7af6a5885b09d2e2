"""The notices a change calls for, and where: cards, thread lines, check runs, App Homes and news of runs."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from bot.analysis import case_state
from bot.analysis.case_state import StatusChange
from bot.analysis.model import SYSTEM, CaseId, Channel, EventId, RepositoryId, RunId, Status
from bot.analysis.notice import (
    AuditLineNotice,
    CardNotice,
    CheckRunNotice,
    HomeNotice,
    ImportNotice,
    IncidentNotice,
    Notice,
    StatusChangeNotice,
    StormNotice,
    UnreadableReportNotice,
)
from bot.analysis.run import StoredRun
from bot.analysis.subscription import STORM_WINDOW, Event, Subject, is_storm
from bot.queries import owner
from bot.services import subscription
from bot.services.subscription import Audience
from bot.store.cases import case as case_store
from bot.store.conversation import card as card_store
from bot.store.conversation import home as home_store
from bot.store.conversation import notice as notice_store
from bot.store.conversation import storm as storm_store
from bot.store.database import Session
from bot.store.decisions import audit as audit_store
from bot.store.decisions import mute as mute_store
from bot.store.runs import result as result_store
from bot.store.scores import score as score_store
from bot.store.scores import status_change as status_change_store

CHECK_AGE = timedelta(days=7)
"""Check runs of commits older than this are left as they are."""
HOME_PAUSE = timedelta(seconds=5)
"""How long an App Home rests between two updates."""
HOME_AGE = timedelta(days=3)
"""The App Home of somebody who has not looked at it for longer is brought up to date when they open it."""
MAX_HOMES = 200
IMPORT_DELAY = timedelta(seconds=3)
"""How long the message about imported history waits for more of it."""
CARD_PAUSE = timedelta(seconds=45)
"""How long a card rests after it was brought up to date; what a person does to it is shown at once."""
BLOCKING = timedelta(days=1)
"""A case blocks the default branch when it failed there within this time."""
_PROPOSE = "quarantine:propose"
_URGENT = frozenset({"quarantine:suspend"})


def check_runs(session: Session, repository_id: RepositoryId, head_shas: Iterable[str], now: datetime) -> None:
    """Bring the check runs of commits up to date."""
    notices = [CheckRunNotice(repository_id=repository_id, head_sha=head_sha) for head_sha in head_shas]
    notice_store.put_all(session, notices, now)


def check_runs_of_case(session: Session, repository_id: RepositoryId, case_id: CaseId, now: datetime) -> None:
    """Bring the check runs of recent commits on which a case failed up to date."""
    heads = result_store.list_failing_heads(session, repository_id, case_id, now - CHECK_AGE)
    check_runs(session, repository_id, heads, now)


def homes(session: Session, repository_id: RepositoryId, now: datetime) -> None:
    """Bring the App Homes up to date of those who looked at theirs lately; each rests between two updates."""
    viewers = home_store.list_viewers(session, repository_id, now - HOME_AGE, MAX_HOMES)
    notice_store.put_all(session, [HomeNotice(channel=viewer) for viewer in viewers], now, pause=HOME_PAUSE)


def cards(session: Session, repository_id: RepositoryId, case_ids: Collection[CaseId], now: datetime) -> None:
    """Bring every card of some cases up to date at once."""
    posted = card_store.list_of_cases(session, [repository_id], case_ids)
    notice_store.put_all(session, _cards(repository_id, posted), now)
    homes(session, repository_id, now)


def move(
    session: Session,
    repository_id: RepositoryId,
    case_id: CaseId,
    entry: int,
    now: datetime,
    *,
    opening: Channel | None = None,
) -> None:
    """Tell of a move of a quarantine: cards, their threads, and the check runs it turns.

    `opening` is where a proposal is told when nobody subscribed. What the system does by itself is told outside quiet
    hours, unless it makes builds fail; what it proposes waits for the digest, unless it blocks the default branch.
    """
    told = audit_store.get(session, repository_id, entry)
    held = {channel for _, channel in card_store.list_of_cases(session, [repository_id], [case_id])}
    audience = subscription.audience(session, repository_id, opening, also=held)
    opened = _opened(session, audience, repository_id, case_id, opening) if told.tag == _PROPOSE else set()
    by_itself = told.actor.subject == SYSTEM.subject and told.tag not in _URGENT
    if (
        by_itself
        and opened
        and not result_store.fails_on_default_branch(session, repository_id, case_id, now - BLOCKING)
    ):
        opened = {channel for channel in opened if not audience.has_digest(channel)}
    channels = {*held, *opened}
    notices: list[Notice] = [*_cards(repository_id, ((case_id, channel) for channel in channels))]
    notices += [
        AuditLineNotice(repository_id=repository_id, event_id=EventId(entry), channel=channel) for channel in channels
    ]
    at = {channel: audience.loud_from(channel, now) for channel in channels} if by_itself else None
    notice_store.put_all(session, notices, now, at=at)
    check_runs_of_case(session, repository_id, case_id, now)
    homes(session, repository_id, now)


def changes(
    session: Session,
    run: StoredRun,
    found: Sequence[StatusChange],
    default: Channel | None,
    now: datetime,
) -> None:
    """Tell of the cases whose status moved in a run: cards, threads, and a storm card where they are too many.

    Only a flaky case opens a card, and a broken one where a channel asked for those; one with a card has it kept up
    to date whatever it becomes.
    """
    status_change_store.insert(session, run.repository_id, run.id, found, now)
    if not found:
        return
    ids = [one.case_id for one in found]
    subjects = _subjects(session, run.repository_id, ids, run.head_branch)
    held = card_store.list_of_cases(session, [run.repository_id], ids)
    quiet = mute_store.list_until(session, [run.repository_id], ids, now)
    channels = {channel for _, channel in held}
    audience = subscription.audience(session, run.repository_id, default, also=channels)
    for channel in sorted(audience.filters):
        new = [
            one.case_id
            for one in found
            if (one.case_id, channel) not in held
            and one.case_id not in quiet
            and _opens(audience, channel, one, subjects[one.case_id], run.on_default_branch)
        ]
        _open(session, audience, channel, run.repository_id, new, now)
    at = {channel: audience.loud_from(channel, now) for channel in channels}
    notice_store.put_all(session, _cards(run.repository_id, held), now, at=at, pause=CARD_PAUSE)
    after = {one.case_id: one for one in found}
    lines = [
        StatusChangeNotice(
            repository_id=run.repository_id,
            case_id=case_id,
            run_id=run.id,
            before=after[case_id].before,
            after=after[case_id].after,
            channel=channel,
        )
        for case_id, channel in held
        if audience.follows(channel, _EVENTS.get(after[case_id].after))
    ]
    notice_store.put_all(session, lines, now, at=at)
    homes(session, run.repository_id, now)


def renew(session: Session, repository_id: RepositoryId, case_ids: Collection[CaseId], now: datetime) -> None:
    """Bring the figures on the cards of cases that failed in a run up to date; a burst of runs is one update.

    A card that waits for the end of quiet hours goes on waiting: only what is posted is updated, which notifies nobody.
    """
    posted = card_store.list_posted(session, repository_id, case_ids)
    notice_store.put_all(session, _cards(repository_id, posted), now, pause=CARD_PAUSE)


def incident(
    session: Session, repository_id: RepositoryId, run_id: RunId, default: Channel | None, now: datetime
) -> None:
    """Tell once that far more failed in a run than usual."""
    _of_run(session, IncidentNotice, repository_id, run_id, default, now)


def unreadable(
    session: Session, repository_id: RepositoryId, run_id: RunId, default: Channel | None, now: datetime
) -> None:
    """Tell once that parts of a run could not be read."""
    _of_run(session, UnreadableReportNotice, repository_id, run_id, default, now)


def imported(session: Session, repository_id: RepositoryId, default: Channel | None, now: datetime) -> None:
    """Fold a run that is history into the one message of the day about imported history."""
    channels = subscription.audience(session, repository_id, default).channels(Event.INCIDENT)
    day = now.astimezone(UTC).date()
    notices = [ImportNotice(repository_id=repository_id, day=day, channel=channel) for channel in channels]
    notice_store.put_all(session, notices, now, at=now + IMPORT_DELAY)


def _of_run(
    session: Session,
    kind: type[IncidentNotice | UnreadableReportNotice],
    repository_id: RepositoryId,
    run_id: RunId,
    default: Channel | None,
    now: datetime,
) -> None:
    audience = subscription.audience(session, repository_id, default)
    channels = audience.channels(Event.INCIDENT)
    notices = [kind(repository_id=repository_id, run_id=run_id, channel=channel) for channel in channels]
    notice_store.put_all(session, notices, now, at={one: audience.loud_from(one, now) for one in channels})


def _cards(repository_id: RepositoryId, where: Iterable[tuple[CaseId, Channel]]) -> list[CardNotice]:
    return [CardNotice(repository_id=repository_id, case_id=case_id, channel=channel) for case_id, channel in where]


_EVENTS = {Status.FLAKY: Event.FLAKY, Status.BROKEN: Event.BROKEN, Status.HEALTHY: Event.FIXED}


def _opens(
    audience: Audience, channel: Channel, change: StatusChange, subject: Subject, on_default_branch: bool
) -> bool:
    """Whether a change is worth a card in a place that has none of the case."""
    match change.after:
        case Status.FLAKY:
            return audience.admits(channel, Event.FLAKY, subject)
        case Status.BROKEN:
            return on_default_branch and audience.admits(channel, Event.BROKEN, subject)
        case Status.HEALTHY | Status.INFRA | Status.SUSPECT | Status.INSUFFICIENT:
            return False


def _open(
    session: Session,
    audience: Audience,
    channel: Channel,
    repository_id: RepositoryId,
    new: list[CaseId],
    now: datetime,
) -> None:
    """Open a card for each new case, or one for all of them where they are too many."""
    if not new:
        return
    at = audience.loud_from(channel, now)
    storm = storm_store.find_open(session, channel, repository_id, now - STORM_WINDOW)
    if storm is None and not is_storm(
        len(new), card_store.count_opened(session, repository_id, channel, now - STORM_WINDOW)
    ):
        opened = _cards(repository_id, ((case_id, channel) for case_id in new))
        notice_store.put_all(session, opened, now, at=at)
        return
    if storm is None:
        storm_id = storm_store.insert(session, channel, repository_id, new, now)
    else:
        storm_id = storm.id
        storm_store.join(session, storm, new, now)
    card = StormNotice(repository_id=repository_id, storm_id=storm_id, channel=channel)
    notice_store.put(session, card, now, at=at, pause=CARD_PAUSE)


def _opened(
    session: Session, audience: Audience, repository_id: RepositoryId, case_id: CaseId, opening: Channel | None
) -> set[Channel]:
    """Where a proposal is told: in the channels that hear of it, else where it was made.

    A proposal is of no branch, so filters of branches let it through.
    """
    subject = _subjects(session, repository_id, [case_id], "")[case_id]
    told = {
        channel
        for channel, filters in audience.filters.items()
        if replace(filters, branch="").admit(Event.QUARANTINE, subject)
    }
    return told or ({opening} if opening else set())


def _subjects(
    session: Session, repository_id: RepositoryId, ids: Sequence[CaseId], branch: str
) -> dict[CaseId, Subject]:
    cases = case_store.list_by_id(session, [repository_id], ids)
    states = case_state.by_case(ids, score_store.list_of_cases(session, [repository_id], ids))
    named = owner.aliases(session, repository_id, owner.of_cases(session, repository_id, ids))
    return {
        case.id: Subject(
            branch=branch, file=case.file, rate=states[case.id].highest_rate, owners=named.get(case.id, ())
        )
        for case in cases
    }
