"""One case: everything about it, why it has its status, and what the menus of cards and rows do with it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from bot.commands import case_picker, quarantine, quarantine_edit
from bot.commands.request.context import Command, SlackContext
from bot.commands.request.parser import Typed
from bot.queries import case as case_query
from bot.queries import explanation, owner
from bot.queries.access import Authorized
from bot.slack import form
from bot.slack.block_kit import Message, View
from bot.slack.form_metadata import ChoiceMetadata
from bot.slack.ids import Action, CaseAction, CaseChoice, PickList
from bot.slack.payloads import BlockAction, ViewSubmission
from bot.slack.views import case as case_view
from bot.slack.views import confirmation
from bot.store.cases.case import Case
from bot.store.decisions import audit as audit_store


def show(context: SlackContext, authorized: Authorized[Case], _days: int | None = None) -> None:
    """Show everything about a case to the person."""
    context.answer(_details(context, authorized))


def why(context: SlackContext, authorized: Authorized[Case], _days: int | None = None) -> None:
    """Say why a case has its status, and what would change it."""
    case_id = authorized.subject.id
    with context.begin() as session:
        profile = case_query.of_case(session, case_id, context.now)
        message = case_view.explained(profile, explanation.of_case(session, case_id, context.now))
    context.answer(message)


def on_why(context: SlackContext, _action: BlockAction, authorized: Authorized[Case]) -> None:
    """Say why the case of a button has its status."""
    why(context, authorized)


def on_details(context: SlackContext, _action: BlockAction, authorized: Authorized[Case]) -> None:
    """Show everything about the case of a button."""
    show(context, authorized)


def on_find_open(context: SlackContext, _action: BlockAction) -> None:
    """Ask which test to show."""
    context.open(confirmation.choose(CaseAction.DETAILS))


def on_more(context: SlackContext, action: BlockAction, authorized: Authorized[Case]) -> None:
    """Do what was chosen in the menu of a card or a row."""
    _ACTIONS[CaseChoice.decode(action.value).action](context, authorized, None)


def on_pick(context: SlackContext, action: BlockAction, authorized: Authorized[Case]) -> None:
    """Do what a pick list was for with the test that was picked."""
    pick = PickList.decode(action.block_id)
    _ACTIONS[pick.action](context, authorized, pick.days)


def on_choose(context: SlackContext, submission: ViewSubmission) -> View:
    """Go on with the test that was chosen in a form."""
    authorized = context.see_case(form.decode_case(submission.view.state.values))
    if ChoiceMetadata.decode(submission.view.private_metadata).action is CaseAction.QUARANTINE:
        return quarantine.form_of(context, authorized)
    return confirmation.as_view("Test", _details(context, authorized))


def _details(context: SlackContext, authorized: Authorized[Case]) -> Message:
    case, now, pages = authorized.subject, context.now, context.app.pages
    with context.begin() as session:
        profile = case_query.of_case(session, case.id, now)
        trail = [
            case_view.AuditLine(event.at, event.actor.name, event.action.phrase, event.reason)
            for event in audit_store.list_case(session, case.repository_id, case.id)
        ]
        return case_view.case_details(
            profile,
            case_query.latest_quarantine(session, profile),
            trail,
            now,
            address=pages.of_case(context.workspace.id, case.id, case.uid, now) if pages else "",
            recent=case_query.recent(session, profile),
            explanation=explanation.of_case(session, case.id, now, ahead=False),
            owners=owner.of_cases(session, [case.repository_id], [case.id]).get(case.id, ()),
        )


def _run_test(context: SlackContext, typed: Typed) -> None:
    authorized = case_picker.find_case(context, typed, typed.rest, CaseAction.DETAILS)
    if authorized is not None:
        show(context, authorized)


def _run_explain(context: SlackContext, typed: Typed) -> None:
    authorized = case_picker.find_case(context, typed, typed.rest, CaseAction.WHY)
    if authorized is not None:
        why(context, authorized)


_ACTIONS: Mapping[CaseAction, Callable[[SlackContext, Authorized[Case], int | None], None]] = {
    CaseAction.DETAILS: show,
    CaseAction.WHY: why,
    CaseAction.QUARANTINE: quarantine.open_form,
    CaseAction.EXTEND: quarantine_edit.open_extend,
    CaseAction.LIFT: quarantine.offer_lift,
    CaseAction.ASSIGN: quarantine_edit.open_assign,
    CaseAction.MUTE: quarantine_edit.open_mute,
    CaseAction.UNMUTE: quarantine_edit.unmute,
    CaseAction.LABEL: quarantine.open_label,
}
"""What the menus and pick lists do with a case; the number is days that were typed with its name."""
COMMANDS = (
    Command(
        name="test",
        usage="<name or part of it>",
        says="everything about one test: its verdicts, its rate, how it fails, who owns it, its history",
        examples=("test test_total", 'test "tests/api/test_cart.py total"'),
        run=_run_test,
        also=Action.FIND_OPEN,
    ),
    Command(
        name="explain",
        usage="<test>",
        says="why a test has its status, and what would change it",
        examples=("explain test_total",),
        run=_run_explain,
        also=Action.WHY,
    ),
)
