"""The notices that a recorded run calls for: cards, storms, changes of status, incidents and reports not read."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta

from bot.analysis.case_state import StatusChange
from bot.analysis.model import CaseId, Channel, RepositoryId, RunId, Status
from bot.analysis.notice import (
    ImportNotice,
    IncidentNotice,
    Notice,
    StatusChangeNotice,
    StormNotice,
    UnreadableReportNotice,
)
from bot.analysis.run import StoredRun
from bot.analysis.subscription import STORM_WINDOW, Event, Subject, is_storm
from bot.queries import audience as audience_query
from bot.queries.audience import Audience
from bot.services import notice
from bot.store.conversation import card as card_store
from bot.store.conversation import notice as notice_store
from bot.store.conversation import storm as storm_store
from bot.store.database import Session
from bot.store.decisions import mute as mute_store
from bot.store.scores import status_change as status_change_store

IMPORT_DELAY = timedelta(seconds=3)
"""How long the message about imported history waits for more of it."""
CARD_PAUSE = timedelta(seconds=45)
"""How long a card rests after an update; what a person does is shown at once."""
_EVENTS = {Status.FLAKY: Event.FLAKY, Status.BROKEN: Event.BROKEN, Status.HEALTHY: Event.FIXED}


def post_changes(
    session: Session, run: StoredRun, changes: Sequence[StatusChange], default: Channel | None, now: datetime
) -> None:
    """Keep the changes of status by a run, and post them: cards, threads, and a storm card if they are too many.

    Only a flaky case opens a card, and a broken one where a channel is subscribed to those; a card is kept up to date
    whatever its case becomes.
    """
    if not changes:
        return
    repository_id = run.repository_id
    changed = {change.case_id: change for change in changes}
    status_change_store.insert(session, repository_id, run.id, changes, now)
    subjects = notice.subjects(session, repository_id, list(changed), run.head_branch)
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
            and _opens(audience, channel, change, subjects[change.case_id], run.on_default_branch)
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
    notices: list[Notice] = [*notice.of_cards(repository_id, posted), *lines]
    notice_store.put_all(session, notices, now, at=at, pause=CARD_PAUSE)
    notice_store.put_all(session, notice.homes(session, repository_id, now), now)


def renew_cards(session: Session, repository_id: RepositoryId, case_ids: Collection[CaseId], now: datetime) -> None:
    """Bring the figures on the cards of cases that failed in a run up to date; a burst of runs is one update.

    A card that waits for the end of quiet hours goes on waiting: only what is posted is updated, which notifies nobody.
    """
    posted = card_store.list_posted(session, repository_id, case_ids)
    notice_store.put_all(session, notice.of_cards(repository_id, posted), now, pause=CARD_PAUSE)


def post_incident(
    session: Session, repository_id: RepositoryId, run_id: RunId, default: Channel | None, now: datetime
) -> None:
    """Post once that far more failed in a run than usual."""
    _post(session, IncidentNotice, repository_id, run_id, default, now)


def post_unreadable(
    session: Session, repository_id: RepositoryId, run_id: RunId, default: Channel | None, now: datetime
) -> None:
    """Post once that parts of a run could not be read."""
    _post(session, UnreadableReportNotice, repository_id, run_id, default, now)


def post_import(session: Session, repository_id: RepositoryId, default: Channel | None, now: datetime) -> None:
    """Add a run that is history to the one message of the day about imported history."""
    channels = audience_query.of_repository(session, repository_id, default).channels(Event.INCIDENT)
    day = now.astimezone(UTC).date()
    notices = [ImportNotice(repository_id=repository_id, day=day, channel=channel) for channel in channels]
    notice_store.put_all(session, notices, now, at=now + IMPORT_DELAY)


def _post(
    session: Session,
    kind: type[IncidentNotice | UnreadableReportNotice],
    repository_id: RepositoryId,
    run_id: RunId,
    default: Channel | None,
    now: datetime,
) -> None:
    audience = audience_query.of_repository(session, repository_id, default)
    channels = audience.channels(Event.INCIDENT)
    notices = [kind(repository_id=repository_id, run_id=run_id, channel=channel) for channel in channels]
    notice_store.put_all(session, notices, now, at=audience.loud_from(channels, now))


def _opens(
    audience: Audience, channel: Channel, change: StatusChange, subject: Subject, on_default_branch: bool
) -> bool:
    """Whether a change opens a card in a channel that has none of the case."""
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
    """Open a card for each new case, or one for all of them if they are too many."""
    if not new:
        return
    at = audience.loud_from([channel], now)
    storm = storm_store.find_open(session, channel, repository_id, now - STORM_WINDOW)
    if storm is None and not is_storm(
        len(new), card_store.count_opened(session, repository_id, channel, now - STORM_WINDOW)
    ):
        opened = notice.of_cards(repository_id, ((case_id, channel) for case_id in new))
        notice_store.put_all(session, opened, now, at=at)
        return
    if storm is None:
        storm_id = storm_store.insert(session, channel, repository_id, new, now)
    else:
        storm_id = storm.id
        storm_store.join(session, storm, new, now)
    card = StormNotice(repository_id=repository_id, storm_id=storm_id, channel=channel)
    notice_store.put_all(session, [card], now, at=at, pause=CARD_PAUSE)
