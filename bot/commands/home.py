"""The App Home of a person: shown when they open it and when they turn a page."""

from __future__ import annotations

from bot.analysis.model import Place
from bot.commands import subject
from bot.commands.door import Body, Door, now
from bot.services import homes as homes_of
from bot.slack import home
from bot.slack.home import Pages
from bot.store import homes


def on_opened(door: Door, body: Body) -> None:
    """Show the home, and remember to keep it up to date."""
    if body.tab not in {"", "home"}:
        return
    with door.db.begin() as session:
        homes.put(session, door.workspace.id, body.actor.id, now())
    _publish(door, body, Pages())


def on_page(door: Door, body: Body) -> None:
    """Turn a page of the home."""
    _publish(door, body, Pages.decode(body.choice))


def _publish(door: Door, body: Body, pages: Pages) -> None:
    with door.db.begin() as session:
        present = subject.visible(door, session)
        state = homes_of.of_person(session, Place(door.workspace.id, body.actor.id), present, pages, door.setup, now())
    door.slack.publish_home(body.actor.id, home.home(state, now()))
