"""The notices that events, runs and requests call for: cards, thread lines, storms, check runs and App Homes."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from bot.analysis.audit import AuditAction, RecordedEvent
from bot.analysis.case_state import StatusChange
from bot.analysis.model import SYSTEM, CaseId, Channel, EventId, RepositoryId, Status
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
from bot.analysis.subscription import STORM_WINDOW, Event, NoticeSubject, is_storm
from bot.queries import audience as audience_query
from bot.queries import case_state, owner, policy
from bot.queries.audience import Audience
from bot.store.cases import case as case_store
from bot.store.conversation import card as card_store
from bot.store.conversation import home as home_store
from bot.store.conversation import notice as notice_store
from bot.store.conversation import storm as storm_store
from bot.store.database import Session
from bot.store.decisions import mute as mute_store
from bot.store.runs import result as result_store
from bot.store.scores import status_change as status_change_store

CHECK_AGE = timedelta(days=7)
"""Check runs of commits older than this are left as they are."""
HOME_AGE = timedelta(days=3)
"""The App Home of somebody who has not opened it for longer is brought up to date when they open it."""
MAX_HOMES = 200
BLOCKING = timedelta(days=1)
"""A case blocks the default branch if it failed there within this time."""
IMPORT_DELAY = timedelta(seconds=3)
"""How long the message about imported history waits for more of it."""
CARD_PAUSE = timedelta(seconds=45)
"""How long a card rests after an update; what a person does is shown at once."""
_EVENTS = {Status.FLAKY: Event.FLAKY, Status.BROKEN: Event.BROKEN, Status.HEALTHY: Event.FIXED}


def check_runs(session: Session, repository_id: RepositoryId, head_shas: Iterable[str], now: datetime) -> None:
    """Bring the check runs of commits up to date."""
    notice_store.put_all(session, _of_heads(repository_id, head_shas), now)


def cards(
    session: Session,
    repository_id: RepositoryId,
    case_ids: Collection[CaseId],
    now: datetime,
    *,
    head_shas: Iterable[str] = (),
) -> None:
    """Bring every card of some cases, the check runs of commits, and the App Homes up to date at once."""
    posted = card_store.list_of_cases(session, [repository_id], case_ids)
    notices: list[Notice] = [
        *_of_cards(repository_id, posted),
        *_of_heads(repository_id, head_shas),
        *_homes(session, repository_id, now),
    ]
    notice_store.put_all(session, notices, now)


def _of_heads(repository_id: RepositoryId, head_shas: Iterable[str]) -> list[CheckRunNotice]:
    return [CheckRunNotice(repository_id=repository_id, head_sha=head_sha) for head_sha in head_shas]


def _of_cards(repository_id: RepositoryId, posted: Iterable[tuple[CaseId, Channel]]) -> list[CardNotice]:
    """The notices that bring cards up to date."""
    return [CardNotice(repository_id=repository_id, case_id=case_id, channel=channel) for case_id, channel in posted]


def _homes(session: Session, repository_id: RepositoryId, now: datetime) -> list[HomeNotice]:
    """The notices that bring the App Homes up to date of those who opened theirs lately."""
    viewers = home_store.list_viewers(session, repository_id, now - HOME_AGE, MAX_HOMES)
    return [HomeNotice(channel=viewer) for viewer in viewers]


def post_events(session: Session, events: Sequence[RecordedEvent]) -> None:
    """Show events on cards, in their threads, on check runs and App Homes: a subscriber of `event`.

    A proposal opens cards. What FlakeGuard does by itself is posted outside quiet hours unless it is urgent.
    """
    case_ids = {event.case_id for event in events if event.case_id is not None}
    if not case_ids:
        return
    repository_id, now = events[0].repository_id, events[0].at
    posted = card_store.list_of_cases(session, [repository_id], case_ids)
    proposals = [event for event in events if event.action is AuditAction.PROPOSE]
    can_wait = {event.id for event in events if event.actor.subject == SYSTEM.subject and not event.action.is_urgent}
    audience = Audience({}, {})
    if proposals or can_wait:
        default = next((event.channel for event in proposals if event.channel), None)
        audience = audience_query.of_repository(
            session, repository_id, default, also={channel for _, channel in posted}
        )
    opened = _opened(session, proposals, audience, can_wait) if proposals else {}
    immediate: list[Notice] = []
    delayed: list[Notice] = []
    for event in events:
        if event.case_id is None:
            continue
        channels = {channel for case_id, channel in posted if case_id == event.case_id} | opened.get(event.id, set())
        notices = delayed if event.id in can_wait else immediate
        for channel in channels:
            notices.append(CardNotice(repository_id=repository_id, case_id=event.case_id, channel=channel))
            if event.action.is_posted:
                notices.append(AuditLineNotice(repository_id=repository_id, event_id=event.id, channel=channel))
    heads = result_store.list_failing_heads(session, repository_id, case_ids, now - CHECK_AGE)
    immediate += [*_of_heads(repository_id, heads), *_homes(session, repository_id, now)]
    notice_store.put_all(session, delayed, now, at=audience.loud_from(audience.hours, now), immediate=immediate)


def _opened(
    session: Session, proposals: Sequence[RecordedEvent], audience: Audience, can_wait: Collection[EventId]
) -> dict[EventId, set[Channel]]:
    """Where each proposal opens a card: in the subscribed channels, else in the one where it was made.

    A proposal is of no branch, so filters of branches let it through. One that FlakeGuard makes waits for the digest,
    unless the case blocks the default branch.
    """
    repository_id, now = proposals[0].repository_id, proposals[0].at
    case_ids = [event.case_id for event in proposals if event.case_id is not None]
    about = _subjects(session, repository_id, case_ids, "")
    blocking: set[CaseId] = set()
    if can_wait:
        blocking = result_store.list_failing_on_default_branch(session, repository_id, case_ids, now - BLOCKING)
    opened: dict[EventId, set[Channel]] = {}
    for event in proposals:
        if event.case_id is None:
            continue
        channels = {
            channel
            for channel, filters in audience.filters.items()
            if replace(filters, branch="").admit(Event.QUARANTINE, about[event.case_id])
        } or ({event.channel} if event.channel else set())
        if event.id in can_wait and event.case_id not in blocking:
            channels = {channel for channel in channels if not audience.has_digest(channel)}
        opened[event.id] = channels
    return opened


def _subjects(
    session: Session, repository_id: RepositoryId, case_ids: Collection[CaseId], branch: str
) -> dict[CaseId, NoticeSubject]:
    """What the filters of subscriptions look at in cases."""
    cases = case_store.list_by_id(session, [repository_id], list(case_ids))
    states = case_state.list_scored(session, [repository_id], case_ids)
    rules = policy.of_repository(session, repository_id)
    owners = owner.with_groups(rules, owner.of_cases(session, [repository_id], case_ids))
    return {
        case.id: NoticeSubject(
            branch=branch, file=case.file, rate=states[case.id].highest_rate, owners=owners.get(case.id, ())
        )
        for case in cases
    }


def post_changes(
    session: Session, run: StoredRun, changes: Sequence[StatusChange], default: Channel | None, now: datetime
) -> None:
    """Keep the changes of status by a run, and post them: cards, threads, and a storm card if they are too many.

    Only a flaky case opens a card, and a broken one where a channel is subscribed to those; a card is kept up to date
    whatever its case becomes. The caller asks for the check run and the App Homes after this: notices are put in the
    order of their keys, so that two transactions do not wait for each other.
    """
    if not changes:
        return
    repository_id = run.repository_id
    changed = {change.case_id: change for change in changes}
    status_change_store.insert(session, repository_id, run.id, changes, now)
    subject_of = _subjects(session, repository_id, changed, run.head_branch)
    posted = card_store.list_of_cases(session, [repository_id], changed)
    muted = mute_store.list_until(session, [repository_id], changed, now)
    channels = {channel for _, channel in posted}
    audience = audience_query.of_repository(session, repository_id, default, also=channels)
    for channel in sorted(audience.filters):
        new = [
            change.case_id
            for change in changes
            if (change.case_id, channel) not in posted
            and change.case_id not in muted
            and _opens(audience, channel, change, subject_of[change.case_id], run.on_default_branch)
        ]
        _open(session, audience, channel, repository_id, new, now)
    at = audience.loud_from(channels, now)
    lines = [
        StatusChangeNotice(
            repository_id=repository_id,
            case_id=case_id,
            run_id=run.id,
            before=changed[case_id].before,
            after=changed[case_id].after,
            channel=channel,
        )
        for case_id, channel in posted
        if audience.follows(channel, _EVENTS.get(changed[case_id].after))
    ]
    notices: list[Notice] = [*_of_cards(repository_id, posted), *lines]
    notice_store.put_all(session, notices, now, at=at, pause=CARD_PAUSE)


def renew_cards(session: Session, repository_id: RepositoryId, case_ids: Collection[CaseId], now: datetime) -> None:
    """Bring the figures on the cards of cases that failed in a run up to date; a burst of runs is one update.

    A card that waits for the end of quiet hours goes on waiting: only what is posted is updated, which notifies nobody.
    """
    posted = card_store.list_posted(session, repository_id, case_ids)
    notice_store.put_all(session, _of_cards(repository_id, posted), now, pause=CARD_PAUSE)


def post_of_run(
    session: Session,
    kind: type[IncidentNotice | UnreadableReportNotice],
    run: StoredRun,
    default: Channel | None,
    now: datetime,
) -> None:
    """Post once what concerns a run as a whole: that far more failed in it than usual, or could not be read."""
    audience = audience_query.of_repository(session, run.repository_id, default)
    channels = audience.channels(Event.INCIDENT)
    notices = [kind(repository_id=run.repository_id, run_id=run.id, channel=channel) for channel in channels]
    notice_store.put_all(session, notices, now, at=audience.loud_from(channels, now))


def post_import(session: Session, repository_id: RepositoryId, default: Channel | None, now: datetime) -> None:
    """Add a run that is history to the one message of the day about imported history."""
    channels = audience_query.of_repository(session, repository_id, default).channels(Event.INCIDENT)
    day = now.astimezone(UTC).date()
    notices = [ImportNotice(repository_id=repository_id, day=day, channel=channel) for channel in channels]
    notice_store.put_all(session, notices, now, at=now + IMPORT_DELAY)


def _opens(
    audience: Audience, channel: Channel, change: StatusChange, subject: NoticeSubject, on_default_branch: bool
) -> bool:
    """Whether a change opens a card in a channel that has none of the case."""
    if change.after is Status.BROKEN:
        return on_default_branch and audience.admits(channel, Event.BROKEN, subject)
    return change.after is Status.FLAKY and audience.admits(channel, Event.FLAKY, subject)


def _open(
    session: Session,
    audience: Audience,
    channel: Channel,
    repository_id: RepositoryId,
    new: list[CaseId],
    now: datetime,
) -> None:
    """Open a card for each new case, or one for all of them if they are too many."""
    if not new:
        return
    at = audience.loud_from([channel], now)
    storm = storm_store.find_open(session, channel, repository_id, now - STORM_WINDOW)
    if storm is None and not is_storm(
        len(new), card_store.count_opened(session, repository_id, channel, now - STORM_WINDOW)
    ):
        opened = _of_cards(repository_id, ((case_id, channel) for case_id in new))
        notice_store.put_all(session, opened, now, at=at)
        return
    if storm is None:
        storm_id = storm_store.insert(session, channel, repository_id, new, now)
    else:
        storm_id = storm.id
        storm_store.join(session, storm, new, now)
    card = StormNotice(repository_id=repository_id, storm_id=storm_id, channel=channel)
    notice_store.put_all(session, [card], now, at=at, pause=CARD_PAUSE)
