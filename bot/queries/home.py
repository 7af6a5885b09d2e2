"""What the App Home of one person shows, gathered."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from bot.analysis.model import Channel
from bot.analysis.quarantine.lifecycle import Quarantine, State
from bot.queries import case, connection, repository
from bot.queries.connection import Setup
from bot.slack.ids import Pages
from bot.slack.views import phrase
from bot.slack.views.home import PAGE, HomeState, Page
from bot.slack.views.subscription import describe
from bot.store.conversation import subscription as subscription_store
from bot.store.database import Session
from bot.store.decisions import quarantine as quarantine_store
from bot.store.workspaces.repository import Repository

_REPOSITORIES = 10
_SUBSCRIPTIONS = 50


def of_person(
    session: Session,
    channel: Channel,
    present: Sequence[Repository],
    pages: Pages,
    setup: Setup,
    now: datetime,
) -> HomeState:
    """The home of a person, whose id is the channel of `place`, and who may see these repositories."""
    user = channel.id
    ids = [one.id for one in present]
    waiting = [one for one in quarantine_store.list_open(session, ids, [State.PROPOSED]) if one.proposed_by.id != user]
    in_force = quarantine_store.list_open(session, ids, [State.ACTIVE, State.SUSPENDED])
    own = [one for one in in_force if user in {one.owner, one.proposed_by.id}]
    return HomeState(
        waiting=_page(session, waiting, pages.waiting, now),
        own=_page(session, own, pages.own, now),
        pages=pages,
        subscriptions=_subscriptions(session, channel, present),
        repositories=repository.summarize(session, present[:_REPOSITORIES], now),
        connections=connection.of_person(session, channel, ids, setup, now),
    )


def _subscriptions(session: Session, channel: Channel, present: Sequence[Repository]) -> tuple[str, ...]:
    """A line for each channel that the person subscribed to something they may still see."""
    names = {one.id: one.full_name for one in present}
    found = subscription_store.list_created(session, channel.workspace_id, channel.id, _SUBSCRIPTIONS)
    return tuple(
        f"<#{one.channel.id}> hears of {phrase.repository(names[one.repository_id])}: {describe(one.filters)}"
        for one in found
        if one.repository_id in names
    )


def _page(session: Session, held: Sequence[Quarantine], number: int, now: datetime) -> Page:
    shown = held[number * PAGE : (number + 1) * PAGE]
    return Page(case.list_quarantined(session, shown, now), len(held))
