"""The tests behind a storm card."""

from __future__ import annotations

from bot.commands.context import OUTDATED, Body, Door, now
from bot.errors import InvalidInputError
from bot.queries import case
from bot.slack.views import case_list, storm
from bot.slack.views.case_list import CaseRow
from bot.store.cases import case as case_store
from bot.store.conversation import storm as storm_store


def on_tests(door: Door, body: Body) -> None:
    """Show the tests of a storm to the one who asks, each with its menu; its repository was guarded."""
    with door.db.begin() as session:
        held = storm_store.get(session, body.number)
        if held.repository_id != body.subject:
            raise InvalidInputError(OUTDATED)
        worst = case_store.list_worst(session, held.repository_id, held.case_ids, case_list.MAX_ROWS)
        rows = []
        for one in worst:
            profile = case.of_case(session, one.id, now())
            rows.append(CaseRow(profile, case.latest_quarantine(session, profile)))
    door.answer(body, storm.tests(len(held.case_ids), rows))
