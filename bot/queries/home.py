"""What the App Home of one person shows, in a number of statements that does not depend on its rows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from bot.analysis.connection import Setup
from bot.analysis.home import PAGE, Home, Page, Pages
from bot.analysis.model import Channel
from bot.analysis.quarantine.lifecycle import Quarantine, State
from bot.analysis.subscription import NamedSubscription
from bot.queries import case, connection
from bot.queries import repository as repository_query
from bot.store.conversation import subscription as subscription_store
from bot.store.database import Session
from bot.store.decisions import quarantine as quarantine_store
from bot.store.workspaces.repository import Repository

_REPOSITORIES = 10
_SUBSCRIPTIONS = 50


def of_person(
    session: Session,
    person: Channel,
    repositories: Sequence[Repository],
    pages: Pages,
    setup: Setup,
    now: datetime,
) -> Home:
    """The home of a person, whose id is the channel's, and who may see these repositories."""
    ids = [repository.id for repository in repositories]
    quarantines = quarantine_store.list_open(session, ids)
    waiting = [
        quarantine
        for quarantine in quarantines
        if quarantine.state is State.PROPOSED and quarantine.proposed_by.id != person.id
    ]
    own = [
        quarantine
        for quarantine in quarantines
        if quarantine.state is not State.PROPOSED and person.id in {quarantine.owner, quarantine.proposed_by.id}
    ]
    names = {repository.id: repository.full_name for repository in repositories}
    subscriptions = subscription_store.list_created(session, person.workspace_id, person.id, _SUBSCRIPTIONS)
    return Home(
        waiting=_page(session, waiting, pages.waiting, now),
        own=_page(session, own, pages.own, now),
        pages=pages,
        subscriptions=[
            NamedSubscription(subscription, names[subscription.repository_id])
            for subscription in subscriptions
            if subscription.repository_id in names
        ],
        repositories=repository_query.summarize(session, repositories[:_REPOSITORIES], now),
        connections=connection.of_person(session, person, ids, setup, now),
    )


def _page(session: Session, quarantines: Sequence[Quarantine], number: int, now: datetime) -> Page:
    shown = quarantines[number * PAGE : (number + 1) * PAGE]
    return Page(case.list_quarantined(session, shown, now), len(quarantines))
