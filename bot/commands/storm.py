"""The tests behind a storm card."""

from __future__ import annotations

from bot.commands.context import OUTDATED, Body, Door, now
from bot.errors import InvalidInputError
from bot.queries import case, case_state
from bot.slack.views import case_list, storm
from bot.store.conversation import storm as storm_store


def on_tests(door: Door, body: Body) -> None:
    """Show the tests of a storm to the one who asks, each with its menu; its repository was guarded."""
    with door.db.begin() as session:
        held = storm_store.get(session, body.number)
        if held.repository_id != body.subject:
            raise InvalidInputError(OUTDATED)
        ranked = case_state.rank(session, held.repository_id, held.case_ids, case_list.MAX_ROWS)
        rows = case.list_rows(session, [one.id for one, _ in ranked], now())
    door.answer(body, storm.tests(len(held.case_ids), rows))
