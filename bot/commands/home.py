"""The App Home of a person: shown when they open it and when they turn a page."""

from __future__ import annotations

from bot.analysis.model import Channel
from bot.commands import subject
from bot.commands.context import Body, Door, now
from bot.queries import home as homes_of
from bot.slack.views import home
from bot.slack.views.home import Pages
from bot.store.conversation import home as home_store


def on_opened(door: Door, body: Body) -> None:
    """Show the home, and remember to keep it up to date."""
    if body.tab not in {"", "home"}:
        return
    with door.db.begin() as session:
        home_store.put(session, door.workspace.id, body.actor.id, now())
    _publish(door, body, Pages())


def on_page(door: Door, body: Body) -> None:
    """Turn a page of the home."""
    _publish(door, body, Pages.decode(body.choice))


def _publish(door: Door, body: Body, pages: Pages) -> None:
    with door.db.begin() as session:
        present = subject.visible(door, session)
        state = homes_of.of_person(
            session, Channel(door.workspace.id, body.actor.id), present, pages, door.setup, now()
        )
    door.slack.publish_home(body.actor.id, home.home(state, now()))
