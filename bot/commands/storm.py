"""The tests behind a storm card."""

from __future__ import annotations

from bot.commands.door import OUTDATED, Body, Door, now
from bot.errors import InvalidInputError
from bot.services import profiles
from bot.slack import listing, storm
from bot.slack.listing import CaseRow
from bot.store import cases, storms


def on_tests(door: Door, body: Body) -> None:
    """Show the tests of a storm to the one who asks, each with its menu; its repository was guarded."""
    with door.db.begin() as session:
        held = storms.get(session, body.number)
        if held.repository_id != body.subject:
            raise InvalidInputError(OUTDATED)
        worst = cases.list_worst(session, held.repository_id, held.case_ids, listing.MAX_ROWS)
        rows = []
        for one in worst:
            profile = profiles.of_case(session, one.id, now())
            rows.append(CaseRow(profile, profiles.latest_quarantine(session, profile)))
    door.answer(body, storm.tests(len(held.case_ids), rows))
