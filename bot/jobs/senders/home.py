"""Bringing the App Home of a person up to date after something changed."""

from __future__ import annotations

from bot.analysis.home import Pages
from bot.jobs.context import Context
from bot.queries import home as homes
from bot.slack.views import home
from bot.store.conversation.notice import Notice
from bot.store.workspaces import repository as repository_store
from bot.store.workspaces import workspace as workspace_store


def send(context: Context, notice: Notice) -> bool:
    """Publish the home of the person whose queue the notice is in; that is no message."""
    channel = notice.channel
    if channel is None:
        return False
    now = context.clock()
    with context.db.begin() as session:
        present = repository_store.list_by_id(session, workspace_store.list_visible(session, channel.workspace_id))
        state = homes.of_person(session, channel, present, Pages(), context.setup, now)
    context.slack_of(channel.workspace_id).publish_home(channel.id, home.home(state, now))
    return False
