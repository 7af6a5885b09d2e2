"""The App Home of a person, and the previews of links to our pages."""

from __future__ import annotations

from datetime import timedelta

from bot.analysis.home import Pages
from bot.analysis.model import Channel
from bot.commands.request import repository_name
from bot.commands.request.context import SlackContext
from bot.errors import NotFoundError
from bot.queries import access
from bot.queries import case as case_query
from bot.queries import home as home_query
from bot.queries.access import About
from bot.slack import ids
from bot.slack.block_kit import Block
from bot.slack.client import LinkPlace
from bot.slack.event_payloads import AppHomeOpened, LinkShared
from bot.slack.payloads import BlockAction
from bot.slack.views import card as card_view
from bot.slack.views import home as home_view
from bot.store.conversation import home as home_store
from bot.store.conversation import message as message_store

MOST = 2
"""Links of one message that are shown; with more it is a list, which needs no previews."""
REST = timedelta(minutes=30)
"""A link that was shared in the same channel within this time has been seen there."""


def on_opened(context: SlackContext, opened: AppHomeOpened) -> None:
    """Show the home, and remember to keep it up to date."""
    if opened.event.tab != "home":
        return
    with context.begin() as session:
        home_store.put(session, context.workspace.id, context.request.actor.id, context.now)
    _publish(context, Pages())


def on_page(context: SlackContext, action: BlockAction) -> None:
    """Turn a page of the home."""
    _publish(context, ids.decode_pages(action.value))


def on_link_shared(context: SlackContext, shared: LinkShared) -> None:
    """Show the cases that links lead to, as far as this workspace may see them and the channel has not lately."""
    pages, now, event = context.app.pages, context.now, shared.event
    if pages is None or not 1 <= len(event.links) <= MOST:
        return
    where = LinkPlace(event.channel, event.message_ts, event.unfurl_id, event.source)
    previews: dict[str, tuple[Block, ...]] = {}
    with context.begin() as session:
        for link in event.links:
            address = pages.read_url(link.url.replace("&amp;", "&"), now)
            if address is None or address[0] != context.workspace.id:
                continue
            case_id = address[1]
            try:
                access.require(session, context.workspace, About.CASE, case_id)
            except NotFoundError:
                continue
            if not where.is_draft:  # nobody else has seen a draft
                channel = Channel(context.workspace.id, where.channel)
                before = message_store.put_shared_link(session, channel, case_id, now)
                if before is not None and now - before < REST:
                    continue
            profile = case_query.of_case(session, case_id, now)
            previews[link.url] = card_view.unfurl(profile, case_query.latest_quarantine(session, profile), now)
    if previews:
        context.slack.unfurl(where, previews)


def _publish(context: SlackContext, pages: Pages) -> None:
    with context.begin() as session:
        repositories = repository_name.list_visible(context, session)
        state = home_query.of_person(session, context.person, repositories, pages, context.app.setup, context.now)
    context.slack.publish_home(context.request.actor.id, home_view.home(state, context.now))
