"""One case: everything about it, and why it has its status."""

from __future__ import annotations

from bot.analysis.model import CaseId
from bot.commands import case_picker, subject
from bot.commands.command import Command
from bot.commands.context import Body, Door, now
from bot.commands.parser import Typed
from bot.queries import case, explanation, owner
from bot.services.quarantine import DEEDS
from bot.slack.block_kit import Message
from bot.slack.ids import Action, Deed
from bot.slack.views import case as details
from bot.slack.views import confirmation
from bot.store.decisions import audit as audit_store


def show(door: Door, body: Body, case_id: CaseId, _days: int | None = None) -> None:
    """Show everything about a case to the one who asked."""
    door.answer(body, details_of(door, body, case_id))


def details_of(door: Door, body: Body, case_id: CaseId) -> Message:
    """Everything about a case."""
    with door.db.begin() as session:
        profile = subject.case(door, body, session, case_id)
        trail = [
            details.AuditLine(
                entry.created_at, entry.actor.name, DEEDS.get(entry.tag.partition(":")[2], entry.tag), entry.reason
            )
            for entry in audit_store.list_case(session, profile.repository_id, profile.case_id)
        ]
        return details.case_details(
            profile,
            case.latest_quarantine(session, profile),
            trail,
            now(),
            address=door.pages.of_case(door.workspace.id, profile.case_id, profile.uid, now()) if door.pages else "",
            recent=case.recent(session, profile),
            explanation=explanation.of_case(session, case_id, now(), ahead=False),
            owners=owner.of_cases(session, profile.repository_id, [case_id]).get(case_id, ()),
        )


def why(door: Door, body: Body, case_id: CaseId, _days: int | None = None) -> None:
    """Say why a case has its status, and what would change it."""
    with door.db.begin() as session:
        profile = subject.case(door, body, session, case_id)
        message = details.explained(profile, explanation.of_case(session, case_id, now()))
    door.answer(body, message)


def on_why(door: Door, body: Body) -> None:
    """Say why the case of a button has its status."""
    why(door, body, CaseId(body.subject))


def on_details(door: Door, body: Body) -> None:
    """Show everything about the case of a button."""
    show(door, body, CaseId(body.subject))


def on_find_open(door: Door, body: Body) -> None:
    """Ask which test to show."""
    door.open(body, confirmation.choose(Deed.DETAILS))


def _test(door: Door, body: Body, typed: Typed) -> None:
    case_id = case_picker.one_case(door, body, typed, typed.rest, Deed.DETAILS)
    if case_id is not None:
        show(door, body, case_id)


def _explain(door: Door, body: Body, typed: Typed) -> None:
    case_id = case_picker.one_case(door, body, typed, typed.rest, Deed.WHY)
    if case_id is not None:
        why(door, body, case_id)


COMMANDS = (
    Command(
        name="test",
        usage="<name or part of it>",
        says="everything about one test: its verdicts, its rate, how it fails, who owns it, its history",
        examples=("test test_total", 'test "tests/api/test_cart.py total"'),
        run=_test,
        also=Action.FIND_OPEN,
    ),
    Command(
        name="explain",
        usage="<test>",
        says="why a test has its status, and what would change it",
        examples=("explain test_total",),
        run=_explain,
        also=Action.WHY,
    ),
)
