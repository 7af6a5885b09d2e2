"""Bringing the App Home of a person up to date after something changed."""

from __future__ import annotations

from bot.jobs.context import Context
from bot.services import homes
from bot.slack import home
from bot.slack.home import Pages
from bot.store import repositories, workspaces
from bot.store.notices import Notice


def send(context: Context, notice: Notice) -> bool:
    """Publish the home of the person whose queue the notice is in; that is no message."""
    place = notice.place
    if place is None:
        return False
    now = context.clock()
    with context.db.begin() as session:
        present = repositories.list_by_id(session, workspaces.list_visible(session, place.workspace_id))
        state = homes.of_person(session, place, present, Pages(), context.setup, now)
    context.slack_of(place.workspace_id).publish_home(place.channel, home.home(state, now))
    return False
