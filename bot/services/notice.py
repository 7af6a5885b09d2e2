"""The notices that events and requests call for: cards, thread lines, check runs and App Homes."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from bot.analysis.audit import AuditAction, RecordedEvent
from bot.analysis.model import SYSTEM, CaseId, Channel, EventId, RepositoryId
from bot.analysis.notice import AuditLineNotice, CardNotice, CheckRunNotice, HomeNotice, Notice
from bot.analysis.subscription import Event, Subject
from bot.queries import audience as audience_query
from bot.queries import case_state, owner
from bot.queries.audience import Audience
from bot.store.cases import case as case_store
from bot.store.conversation import card as card_store
from bot.store.conversation import home as home_store
from bot.store.conversation import notice as notice_store
from bot.store.database import Session
from bot.store.runs import result as result_store

CHECK_AGE = timedelta(days=7)
"""Check runs of commits older than this are left as they are."""
HOME_AGE = timedelta(days=3)
"""The App Home of somebody who has not opened it for longer is brought up to date when they open it."""
MAX_HOMES = 200
BLOCKING = timedelta(days=1)
"""A case blocks the default branch if it failed there within this time."""


def check_runs(session: Session, repository_id: RepositoryId, head_shas: Iterable[str], now: datetime) -> None:
    """Bring the check runs of commits up to date."""
    notices = [CheckRunNotice(repository_id=repository_id, head_sha=head_sha) for head_sha in head_shas]
    notice_store.put_all(session, notices, now)


def cards(session: Session, repository_id: RepositoryId, case_ids: Collection[CaseId], now: datetime) -> None:
    """Bring every card of some cases up to date at once, and the App Homes; nothing for no case."""
    if not case_ids:
        return
    posted = card_store.list_of_cases(session, [repository_id], case_ids)
    notice_store.put_all(session, [*of_cards(repository_id, posted), *homes(session, repository_id, now)], now)


def of_cards(repository_id: RepositoryId, posted: Iterable[tuple[CaseId, Channel]]) -> list[CardNotice]:
    """The notices that bring cards up to date."""
    return [CardNotice(repository_id=repository_id, case_id=case_id, channel=channel) for case_id, channel in posted]


def homes(session: Session, repository_id: RepositoryId, now: datetime) -> list[HomeNotice]:
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
    immediate += [CheckRunNotice(repository_id=repository_id, head_sha=head_sha) for head_sha in heads]
    immediate += homes(session, repository_id, now)
    notice_store.put_all(session, immediate, now)
    notice_store.put_all(session, delayed, now, at=audience.loud_from(audience.hours, now))


def _opened(
    session: Session, proposals: Sequence[RecordedEvent], audience: Audience, can_wait: Collection[EventId]
) -> dict[EventId, set[Channel]]:
    """Where each proposal opens a card: in the subscribed channels, else in the one where it was made.

    A proposal is of no branch, so filters of branches let it through. One that FlakeGuard makes waits for the digest,
    unless the case blocks the default branch.
    """
    repository_id, now = proposals[0].repository_id, proposals[0].at
    case_ids = [event.case_id for event in proposals if event.case_id is not None]
    about = subjects(session, repository_id, case_ids, "")
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


def subjects(
    session: Session, repository_id: RepositoryId, case_ids: Collection[CaseId], branch: str
) -> dict[CaseId, Subject]:
    """What the filters of subscriptions look at in cases."""
    cases = case_store.list_by_id(session, [repository_id], list(case_ids))
    states = case_state.list_scored(session, [repository_id], case_ids)
    owners = owner.aliases(session, repository_id, owner.of_cases(session, repository_id, case_ids))
    return {
        case.id: Subject(
            branch=branch, file=case.file, rate=states[case.id].highest_rate, owners=owners.get(case.id, ())
        )
        for case in cases
    }
