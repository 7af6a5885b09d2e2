"""Links to our own pages: a shared one is shown in short where it was shared."""

from __future__ import annotations

from datetime import timedelta

from bot.analysis.model import Channel
from bot.commands.context import Body, Door, now
from bot.errors import NotFoundError
from bot.queries import access, case
from bot.slack.block_kit import Block
from bot.slack.client import LinkPlace
from bot.slack.views import message
from bot.store.conversation import shared_link as shared_link_store

MOST = 2
"""Links of one message that are shown; with more it is a list, which needs no pictures."""
REST = timedelta(minutes=30)
"""A link that was shared in the same channel within this time has been seen there."""


def on_link_shared(door: Door, body: Body) -> None:
    """Show the cases that links lead to, as far as this workspace may see them and the channel has not lately."""
    if door.pages is None or not 1 <= len(body.links) <= MOST:
        return
    moment = now()
    where = LinkPlace(body.where, body.container.message_ts, body.unfurl_id, body.source)
    shown: dict[str, tuple[Block, ...]] = {}
    with door.db.begin() as session:
        for link in body.links:
            found = door.pages.read_url(link.url.replace("&amp;", "&"), moment)
            if found is None or found[0] != door.workspace.id:
                continue
            try:
                access.require_case(session, door.workspace, found[1])
            except NotFoundError:
                continue
            if not where.is_draft:  # nobody else has seen a draft
                before = shared_link_store.put(session, Channel(door.workspace.id, where.channel), found[1], moment)
                if before is not None and moment - before < REST:
                    continue
            profile = case.of_case(session, found[1], moment)
            shown[link.url] = message.unfurl(profile, case.latest_quarantine(session, profile), moment)
    if shown:
        door.slack.unfurl(where, shown)
