"""Doing something with one case: what the menus of cards and rows, the pick lists and the choosing modal lead to."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from bot.analysis.model import CaseId
from bot.commands import case, case_picker, quarantine, quarantine_edit
from bot.commands.context import OUTDATED, Body, Door
from bot.errors import InvalidInputError
from bot.slack.block_kit import View
from bot.slack.ids import Deed
from bot.slack.views import confirmation, form

Act = Callable[[Door, Body, CaseId, int | None], None]
"""Does something with a case; the number is days that were typed with its name."""

DEEDS: Mapping[Deed, Act] = {
    Deed.DETAILS: case.show,
    Deed.WHY: case.why,
    Deed.QUARANTINE: quarantine.open_form,
    Deed.EXTEND: quarantine_edit.open_extend,
    Deed.LIFT: quarantine.offer_lift,
    Deed.ASSIGN: quarantine_edit.open_assign,
    Deed.MUTE: quarantine_edit.open_mute,
    Deed.UNMUTE: quarantine_edit.unmute,
    Deed.LABEL: quarantine.open_label,
}


def on_more(door: Door, body: Body) -> None:
    """Do what was chosen in the menu of a card or a row."""
    deed = body.choice.partition(":")[0]
    if deed not in set(Deed):
        raise InvalidInputError(OUTDATED)
    DEEDS[Deed(deed)](door, body, CaseId(body.subject), None)


def on_pick(door: Door, body: Body) -> None:
    """Do what a pick list was for with the test that was picked."""
    deed, days = case_picker.picked(body.block)
    DEEDS[deed](door, body, CaseId(body.subject), days)


def on_choose(door: Door, body: Body) -> View | None:
    """Go on with the test that was chosen in a modal."""
    case_id = form.CaseForm.decode(body.view.state.values).case_id
    if confirmation.deed_of(body.view.private_metadata) is Deed.QUARANTINE:
        return quarantine.form(door, body, case_id)
    return confirmation.as_view("Test", case.details_of(door, body, case_id))
