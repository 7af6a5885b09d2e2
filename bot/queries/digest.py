"""What the digest of a channel tells, in a number of statements that does not depend on its repositories."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, time, timedelta

from bot.analysis import channel_schedule
from bot.analysis.case_state import StatusChange
from bot.analysis.channel_schedule import Hours
from bot.analysis.digest import ChangedCase, ChangeKind, Day, Digest, OwnerQuarantines, StaleProposal
from bot.analysis.learning import error_ledger
from bot.analysis.learning.error_ledger import ErrorLedger
from bot.analysis.model import CaseId, Channel, RepositoryId, Status
from bot.analysis.quarantine.escalation import DIRECT_MESSAGE_AFTER, EXPIRES_SOON
from bot.analysis.quarantine.lifecycle import Quarantine, State
from bot.analysis.subscription import Event, Filters, NoticeSubject
from bot.queries import access, case_item, case_state, impact, owner, policy, waiting
from bot.store.cases import case as case_store
from bot.store.cases import masked as masked_store
from bot.store.conversation import subscription as subscription_store
from bot.store.database import Session
from bot.store.decisions import quarantine as quarantine_store
from bot.store.runs import result as result_store
from bot.store.scores import label as label_store
from bot.store.scores import status_change as status_change_store
from bot.store.workspaces import repository as repository_store
from bot.store.workspaces import workspace as workspace_store
from bot.store.workspaces.repository import Repository

CHART_DAYS = 14
LEDGER = timedelta(days=30)
"""How far back the error rate is counted: in one day hardly anybody gives a verdict."""
_DAY = timedelta(days=1)
_IN_FORCE = (State.ACTIVE, State.SUSPENDED)
_NEWS = {Status.FLAKY: ChangeKind.FLAKY, Status.BROKEN: ChangeKind.BROKEN, Status.HEALTHY: ChangeKind.FIXED}
_ORDER = (ChangeKind.BROKEN, ChangeKind.FLAKY, ChangeKind.FIXED)


def of_channel(
    session: Session, channel: Channel, day: date | None, default: Channel | None, cadence: str, now: datetime
) -> Digest | None:
    """The digest of a channel, of a scheduled day or (None) of now; None where it is off.

    `default` is the channel of repositories without a subscription, `cadence` says how often the digest comes.
    """
    hours = subscription_store.get_channel(session, channel).hours
    if day is None:
        day, since = now.astimezone(hours.zone).date(), now - (timedelta(days=7) if _is_weekly(hours) else _DAY)
    elif hours.digest is None or day.weekday() not in hours.digest.days:
        return None
    else:
        since = channel_schedule.begin_of(hours.digest, hours.zone, day)
    subscribed = _list_subscribed(session, channel, default)
    repositories = [repository for repository, _ in subscribed]
    ids = [repository.id for repository in repositories]
    quarantines = quarantine_store.list_open(session, ids)
    return Digest(
        day=day,
        since=since,
        until=now,
        repositories=tuple(repository.full_name for repository in repositories),
        days=_days(session, ids, hours, now),
        rows=_rows(session, dict(subscribed), since, now),
        owned=_owned(session, quarantines, now),
        proposals=sum(quarantine.state is State.PROPOSED for quarantine in quarantines),
        cost=impact.total(session, ids, since, now),
        ledgers=tuple(list_ledgers(session, ids, min(since, now - LEDGER), now)),
        stale=_stale(session, channel, repositories, now),
        cadence=cadence,
        is_weekly=_is_weekly(hours),
    )


def list_ledgers(
    session: Session, repository_ids: Sequence[RepositoryId], since: datetime, now: datetime
) -> list[ErrorLedger]:
    """The error ledger of each repository of a period that ends now, in their order."""
    labels = label_store.list_since(session, repository_ids, since, now)
    masked = masked_store.list_since(session, repository_ids, since, now)
    return [
        ErrorLedger(
            since=since,
            until=now,
            statuses=error_ledger.count_errors([label for label in labels if label.repository_id == repository_id]),
            masked=tuple(masked[repository_id]),
        )
        for repository_id in repository_ids
    ]


def _is_weekly(hours: Hours) -> bool:
    return hours.digest is not None and hours.digest.is_weekly


def _list_subscribed(session: Session, channel: Channel, default: Channel | None) -> list[tuple[Repository, Filters]]:
    """The repositories a digest tells of: those subscribed to; in the default channel also those nobody subscribed."""
    visible = access.visible(session, workspace_store.get(session, channel.workspace_id))
    subscriptions = subscription_store.list_of_channel(session, channel)
    filters = {subscription.repository_id: subscription.filters for subscription in subscriptions}
    if channel == default:
        subscribed = subscription_store.list_subscribed(session, visible)
        filters |= {repository_id: Filters() for repository_id in visible if repository_id not in subscribed}
    repositories = {repository.id: repository for repository in repository_store.list_by_id(session, visible)}
    return [
        (repositories[repository_id], filters[repository_id])
        for repository_id in visible
        if repository_id in filters and filters[repository_id].admit(Event.DIGEST)
    ]


def _rows(
    session: Session, subscribed: Mapping[Repository, Filters], since: datetime, until: datetime
) -> tuple[ChangedCase, ...]:
    """The news of the period as the filters admit it; cases of one cluster are one row."""
    repositories = {repository.id: repository for repository in subscribed}
    news = _news(status_change_store.list_between(session, list(repositories), since, until))
    cases = case_store.list_by_id(session, list(repositories), list(news))
    states = case_state.list_scored(session, repositories, news)
    owners = owner.of_cases(session, repositories, news)
    policies = policy.of_repositories(session, repositories)
    rows: dict[CaseId, ChangedCase] = {}
    for case in sorted(cases, key=lambda case: (-states[case.id].rate, case.id)):
        repository, state = repositories[case.repository_id], states[case.id]
        named = {case.id: owners.get(case.id, ())}
        aliases = owner.with_groups(policies[repository.id], named)[case.id]
        if subscribed[repository].covers(NoticeSubject(branch="", file=case.file, rate=state.rate, owners=aliases)):
            rows[case.id] = ChangedCase(
                change=news[case.id],
                title=case.title,
                repository=repository.full_name,
                rate=state.rate,
                failures=state.worst.failures if state.worst else 0,
                runs=state.worst.runs if state.worst else 0,
                owners=named[case.id],
            )
    items = [
        item
        for kind in _ORDER
        for item in case_item.group(session, list(repositories), [case_id for case_id in rows if news[case_id] is kind])
    ]
    merged = []
    for first, *others in items:
        more = f" and {len(others):,} more that fail with it" if others else ""
        merged.append(replace(rows[first], title=f"{rows[first].title}{more}"))
    return tuple(sorted(merged, key=lambda row: (_ORDER.index(row.change), -row.rate, row.title)))


def _news(changes: Sequence[StatusChange]) -> dict[CaseId, ChangeKind]:
    """What each case became over a period; one that came back to where it was is no news."""
    first: dict[CaseId, Status] = {}
    last: dict[CaseId, Status] = {}
    for change in changes:
        first.setdefault(change.case_id, change.before)
        last[change.case_id] = change.after
    troubled = {Status.FLAKY, Status.BROKEN}
    return {
        case_id: _NEWS[after]
        for case_id, after in last.items()
        if after in _NEWS
        and after is not first[case_id]
        and (after is not Status.HEALTHY or first[case_id] in troubled)
    }


def _days(session: Session, repository_ids: Sequence[RepositoryId], hours: Hours, now: datetime) -> tuple[Day, ...]:
    today = now.astimezone(hours.zone).date()
    days = [today - _DAY * back for back in range(CHART_DAYS - 1, -1, -1)]
    begin = channel_schedule.moment(days[0], time(), hours.zone)
    counts = {
        (day, is_flaky): number
        for day, is_flaky, number in result_store.count_failures_by_day(session, repository_ids, begin, hours.zone.key)
    }
    return tuple(Day(day, counts.get((day, True), 0), counts.get((day, False), 0)) for day in days)


def _owned(session: Session, quarantines: Sequence[Quarantine], now: datetime) -> tuple[OwnerQuarantines, ...]:
    in_force: Counter[tuple[str, ...]] = Counter()
    ending: Counter[tuple[str, ...]] = Counter()
    masking = [quarantine for quarantine in quarantines if quarantine.state in _IN_FORCE]
    owners = owner.of_cases(
        session,
        {quarantine.repository_id for quarantine in masking},
        [quarantine.case_id for quarantine in masking],
    )
    for quarantine in masking:
        names = owners.get(quarantine.case_id, ())
        in_force[names] += 1
        ending[names] += quarantine.expires_at is not None and quarantine.expires_at <= now + EXPIRES_SOON
    ranked = sorted(in_force, key=lambda names: (-ending[names], -in_force[names], names))
    return tuple(OwnerQuarantines(names, in_force[names], ending[names]) for names in ranked)


def _stale(
    session: Session, channel: Channel, repositories: Sequence[Repository], now: datetime
) -> tuple[StaleProposal, ...]:
    names = {repository.id: repository.full_name for repository in repositories}
    cards = [
        (since, card)
        for since, card in waiting.list_undecided(session, now)
        if card.channel == channel and card.repository_id in names and now - since >= DIRECT_MESSAGE_AFTER
    ]
    owners = owner.of_cases(session, names, [card.case_id for _, card in cards])
    return tuple(
        StaleProposal(
            title=card.title,
            repository=names[card.repository_id],
            since=since,
            owners=owners.get(card.case_id, ()),
        )
        for since, card in cards
    )
