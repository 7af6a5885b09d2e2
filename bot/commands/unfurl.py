"""Links to our own pages: a shared one is shown in short where it was shared."""

from __future__ import annotations

from bot.commands.door import Body, Door, now
from bot.errors import NotFoundError
from bot.services import access, profiles
from bot.slack import messages
from bot.slack.blockkit import Block

MOST = 2
"""Links of one message that are shown; with more it is a list, which needs no pictures."""


def on_link_shared(door: Door, body: Body) -> None:
    """Show the cases that shared links lead to, as far as this workspace may see them."""
    if door.pages is None or not 1 <= len(body.links) <= MOST:
        return
    moment = now()
    shown: dict[str, tuple[Block, ...]] = {}
    with door.db.begin() as session:
        for link in body.links:
            found = door.pages.read_url(link.url, moment)
            if found is None or found[0] != door.workspace.id:
                continue
            try:
                access.require_case(session, door.workspace, found[1])
            except NotFoundError:
                continue
            profile = profiles.of_case(session, found[1], moment)
            shown[link.url] = messages.unfurl(profile, profiles.latest_quarantine(session, profile), moment)
    if shown:
        door.slack.unfurl(body.where, body.container.message_ts, shown)
