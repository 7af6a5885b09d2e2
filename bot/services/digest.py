"""The digest of a channel: when it is due, and what it tells."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta

from bot.analysis import channel_schedule
from bot.analysis.channel_schedule import Hours
from bot.analysis.digest import Cost, Day, Digest, News, Owned, Row, Waiting
from bot.analysis.model import CaseId, Channel, RepositoryId, Status
from bot.analysis.quarantine.escalation import DIRECT_AFTER, EXPIRING
from bot.analysis.quarantine.lifecycle import Quarantine, State
from bot.analysis.subscription import Event, Filters, Subject
from bot.queries import access, case_item, case_state, error_ledger, impact, owner
from bot.services import escalation
from bot.store.conversation import channel_pause as channel_pause_store
from bot.store.conversation import notice as notice_store
from bot.store.conversation import subscription as subscription_store
from bot.store.conversation.notice import NO_REPOSITORY, Kind
from bot.store.database import Session
from bot.store.decisions import quarantine as quarantine_store
from bot.store.runs import result as result_store
from bot.store.scores import status_change as status_change_store
from bot.store.scores.status_change import StatusChange
from bot.store.workspaces import repository as repository_store
from bot.store.workspaces import workspace as workspace_store
from bot.store.workspaces.repository import Repository

CHART_DAYS = 14
LEDGER = timedelta(days=30)
"""How far back the error rate is counted: in one day hardly anybody says anything."""
_DAY = timedelta(days=1)
_IN_FORCE = (State.ACTIVE, State.SUSPENDED)
_NEWS = {Status.FLAKY: News.FLAKY, Status.BROKEN: News.BROKEN, Status.HEALTHY: News.FIXED}
_ORDER = (News.BROKEN, News.FLAKY, News.FIXED)


def put_due(session: Session, now: datetime) -> int:
    """Ask for every digest that is due, once each however many processes do so; returns how many were new."""
    channels = subscription_store.list_with_digest(session)
    paused = channel_pause_store.list_of(session, [channel.channel for channel in channels])
    found = 0
    for channel in channels:
        hours = channel.hours
        if hours.digest is None or channel.channel in paused:
            continue
        day = channel_schedule.due_on(hours.digest, hours.zone, now, hours.digest_since or now)
        if day is not None:
            found += _put(session, channel.channel, day.isoformat(), day.isoformat(), now)
    return found


def put_now(session: Session, channel: Channel, key: str, now: datetime) -> None:
    """Ask for the digest of a channel at once; `key` tells one asking from another."""
    _put(session, channel, f"now:{key}", "", now)


def compose(
    session: Session, channel: Channel, day: date | None, default: Channel | None, cadence: str, now: datetime
) -> Digest | None:
    """Everything the digest of a channel tells, of a scheduled day or (None) of now; None where it is off.

    `default` is the place of what nobody subscribed to, `cadence` says in words how often the digest comes.
    """
    hours = subscription_store.get_channel(session, channel).hours
    if day is None:
        day, since = now.astimezone(hours.zone).date(), now - (timedelta(days=7) if _is_weekly(hours) else _DAY)
    elif hours.digest is None or day.weekday() not in hours.digest.days:
        return None
    else:
        since = channel_schedule.begin_of(hours.digest, hours.zone, day)
    told = _heard(session, channel, default)
    rows: list[Row] = []
    held: list[Quarantine] = []
    cost = Cost()
    for repository, filters in told:
        rows += _rows(session, repository, filters, since, now)
        held += quarantine_store.list_open(session, [repository.id])
        cost += _cost(session, repository.id, since, now)
    ids = [repository.id for repository, _ in told]
    return Digest(
        day=day,
        since=since,
        until=now,
        repositories=tuple(repository.full_name for repository, _ in told),
        days=_days(session, ids, hours, now),
        rows=tuple(sorted(rows, key=lambda row: (_ORDER.index(row.news), -row.rate, row.title))),
        owned=_owned(session, held, now),
        proposals=sum(one.state is State.PROPOSED for one in held),
        cost=cost,
        ledgers=tuple(error_ledger.of_repository(session, one, min(since, now - LEDGER), now) for one in ids),
        stale=_stale(session, channel, told, now),
        cadence=cadence,
        is_weekly=_is_weekly(hours),
    )


def _put(session: Session, channel: Channel, key: str, detail: str, now: datetime) -> bool:
    return notice_store.put(
        session,
        kind=Kind.DIGEST,
        key=f"digest:{channel}:{key}",
        repository_id=NO_REPOSITORY,
        detail=detail,
        channel=channel,
        now=now,
    )


def _is_weekly(hours: Hours) -> bool:
    return hours.digest is not None and hours.digest.is_weekly


def _heard(session: Session, channel: Channel, default: Channel | None) -> list[tuple[Repository, Filters]]:
    """The repositories a digest tells of: those subscribed to, or in the default channel those nobody asked for."""
    workspace = workspace_store.get(session, channel.workspace_id)
    visible = access.visible(session, workspace)
    filters = {one.repository_id: one.filters for one in subscription_store.list_of_channel(session, channel)}
    if channel == default:
        for repository_id in visible:
            if not subscription_store.list_repository(session, repository_id):
                filters[repository_id] = Filters()
    return [
        (repository_store.get(session, repository_id), filters[repository_id])
        for repository_id in visible
        if repository_id in filters and filters[repository_id].admit(Event.DIGEST)
    ]


def _rows(
    session: Session, repository: Repository, filters: Filters, since: datetime, until: datetime
) -> Iterable[Row]:
    news = _news(status_change_store.list_between(session, repository.id, since, until))
    named = owner.of_cases(session, repository.id, list(news))
    known_as = owner.aliases(session, repository.id, named)
    told: dict[CaseId, Row] = {}
    for case, state in case_state.rank(session, repository.id, list(news), len(news)):
        score = state.worst
        rate = score.rate if score else 0.0
        if filters.covers(Subject(branch="", file=case.file, rate=rate, owners=known_as.get(case.id, ()))):
            told[case.id] = Row(
                news=news[case.id],
                title=case.title,
                repository=repository.full_name,
                rate=rate,
                failures=score.failures if score else 0,
                runs=score.runs if score else 0,
                owners=named.get(case.id, ()),
            )
    for kind in _ORDER:
        for first, *others in case_item.group(session, repository.id, [one for one in told if news[one] is kind]):
            more = f" and {len(others):,} more that fail with it" if others else ""
            yield replace(told[first], title=f"{told[first].title}{more}")


def _news(found: Sequence[StatusChange]) -> dict[CaseId, News]:
    """What each case became over a period; one that came back to where it was is no news."""
    first: dict[CaseId, Status] = {}
    last: dict[CaseId, Status] = {}
    for one in found:
        first.setdefault(one.case_id, one.before)
        last[one.case_id] = one.after
    troubled = {Status.FLAKY, Status.BROKEN}
    return {
        case_id: _NEWS[after]
        for case_id, after in last.items()
        if after in _NEWS
        and after is not first[case_id]
        and (after is not Status.HEALTHY or first[case_id] in troubled)
    }


def _cost(session: Session, repository_id: RepositoryId, since: datetime, now: datetime) -> Cost:
    totals = impact.totals(session, repository_id, since, now)
    return Cost(
        ci_minutes=totals.ci_minutes,
        waiting_minutes=totals.waiting_minutes,
        blocked=totals.blocked_pull_requests,
        saved_minutes=totals.saved.minutes,
        saved_blocks=totals.saved.pull_requests,
    )


def _days(session: Session, ids: Sequence[RepositoryId], hours: Hours, now: datetime) -> tuple[Day, ...]:
    today = now.astimezone(hours.zone).date()
    days = [today - _DAY * back for back in range(CHART_DAYS - 1, -1, -1)]
    begin = hours.begin_of(days[0])
    counted: Counter[tuple[date, bool]] = Counter()
    for repository_id in ids:
        for day, is_flaky, number in result_store.count_failures_by_day(session, repository_id, begin, hours.zone.key):
            counted[day, is_flaky] += number
    return tuple(Day(day, counted[day, True], counted[day, False]) for day in days)


def _owned(session: Session, held: Sequence[Quarantine], now: datetime) -> tuple[Owned, ...]:
    in_force: Counter[tuple[str, ...]] = Counter()
    ending: Counter[tuple[str, ...]] = Counter()
    masking = [one for one in held if one.state in _IN_FORCE]
    for repository_id in sorted({one.repository_id for one in masking}):
        of_one = [one for one in masking if one.repository_id == repository_id]
        named = owner.of_cases(session, repository_id, [one.case_id for one in of_one])
        for one in of_one:
            whose = named.get(one.case_id, ())
            in_force[whose] += 1
            ending[whose] += one.expires_at is not None and one.expires_at <= now + EXPIRING
    ranked = sorted(in_force, key=lambda whose: (-ending[whose], -in_force[whose], whose))
    return tuple(Owned(whose, in_force[whose], ending[whose]) for whose in ranked)


def _stale(
    session: Session, channel: Channel, told: Sequence[tuple[Repository, Filters]], now: datetime
) -> tuple[Waiting, ...]:
    names = {repository.id: repository.full_name for repository, _ in told}
    found = [
        one
        for one in escalation.list_waiting(session, now)
        if one.channel == channel and one.repository_id in names and now - one.since >= DIRECT_AFTER
    ]
    whose = {
        repository_id: owner.of_cases(
            session, repository_id, [one.case_id for one in found if one.repository_id == repository_id]
        )
        for repository_id in {one.repository_id for one in found}
    }
    return tuple(
        Waiting(
            title=one.title,
            repository=names[one.repository_id],
            since=one.since,
            owners=whose[one.repository_id].get(one.case_id, ()),
        )
        for one in found
    )
