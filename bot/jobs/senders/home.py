"""Bringing the App Home of a person up to date after something changed."""

from __future__ import annotations

from bot.analysis.home import Pages
from bot.analysis.notice import HomeNotice
from bot.jobs.context import Context
from bot.queries import home as home_query
from bot.slack.views import home as home_view
from bot.store.workspaces import repository as repository_store
from bot.store.workspaces import workspace as workspace_store


def send(context: Context, notice: HomeNotice) -> None:
    """Publish the App Home of a person."""
    person, now = notice.channel, context.clock()
    with context.db.begin() as session:
        visible = repository_store.list_by_id(session, workspace_store.list_visible(session, person.workspace_id))
        state = home_query.of_person(session, person, visible, Pages(), context.setup, now)
    context.slack_of(person.workspace_id).publish_home(person.id, home_view.home(state, now))
