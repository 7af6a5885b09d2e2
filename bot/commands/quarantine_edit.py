"""What changes a quarantine without ending it: a later end, an owner, and silence for a while."""

from __future__ import annotations

from datetime import datetime

from bot.analysis.quarantine.lifecycle import Quarantine
from bot.commands import case_picker
from bot.commands.request import duration
from bot.commands.request.context import Command, SlackContext
from bot.commands.request.parser import Typed
from bot.errors import ConflictError
from bot.queries import case as case_query
from bot.queries.access import Authorized
from bot.services import quarantine
from bot.slack import form
from bot.slack.form_metadata import CaseMetadata
from bot.slack.ids import Action, CaseAction
from bot.slack.payloads import BlockAction, ViewSubmission
from bot.slack.views import modal, response
from bot.store.cases.case import Case
from bot.store.database import Session


def open_extend(context: SlackContext, authorized: Authorized[Case], days: int | None = None) -> None:
    """Ask how much longer a case stays in quarantine."""
    with context.begin() as session:
        profile = case_query.of_case(session, authorized.subject.id, context.now)
        latest = case_query.latest_quarantine(session, profile)
    context.open(modal.extend(profile, _require_open(latest), days=days))


def open_assign(context: SlackContext, authorized: Authorized[Case], _days: int | None = None) -> None:
    """Ask who will fix a case."""
    with context.begin() as session:
        profile = case_query.of_case(session, authorized.subject.id, context.now)
        latest = case_query.latest_quarantine(session, profile)
    context.open(modal.assign(profile, _require_open(latest)))


def open_mute(context: SlackContext, authorized: Authorized[Case], days: int | None = None) -> None:
    """Ask for how long nothing is announced of a case."""
    with context.begin() as session:
        profile = case_query.of_case(session, authorized.subject.id, context.now)
    context.open(modal.mute(profile, days=days))


def unmute(context: SlackContext, authorized: Authorized[Case], _days: int | None = None) -> None:
    """Announce a case again."""
    with context.begin() as session:
        quarantine.unmute(session, authorized, context.now)
    context.answer(response.done("The test is announced again."))


def on_extend_open(context: SlackContext, _action: BlockAction, authorized: Authorized[Quarantine]) -> None:
    """Ask how much longer the quarantine of a button lasts."""
    with context.begin() as session:
        profile = case_query.of_case(session, authorized.subject.case_id, context.now)
    context.open(modal.extend(profile, authorized.subject, days=None))


def extend(submission: ViewSubmission, authorized: Authorized[Quarantine], session: Session, now: datetime) -> None:
    """Let a quarantine last longer."""
    target = CaseMetadata.decode(submission.view.private_metadata)
    days = form.decode_days(submission.view.state.values)
    quarantine.extend(session, authorized, days, now, expected=target.version)


def assign(submission: ViewSubmission, authorized: Authorized[Quarantine], session: Session, now: datetime) -> None:
    """Name who will fix a case."""
    target = CaseMetadata.decode(submission.view.private_metadata)
    owner = form.decode_owner(submission.view.state.values)
    quarantine.assign(session, authorized, owner, now, expected=target.version)


def mute(submission: ViewSubmission, authorized: Authorized[Case], session: Session, now: datetime) -> None:
    """Announce nothing of a case for a while."""
    days = form.decode_days(submission.view.state.values)
    quarantine.mute(session, authorized, days, now)


def _require_open(latest: Quarantine | None) -> Quarantine:
    if latest is None or not latest.state.is_open:
        message = "This test is not in quarantine."
        raise ConflictError(message)
    return latest


def _with_days(typed: Typed) -> tuple[str, int | None]:
    """The name that was typed, and the days of the duration behind it."""
    if typed.words and duration.is_duration(typed.words[-1]):
        return " ".join(typed.words[:-1]), duration.days(typed.words[-1])
    return typed.rest, None


def _run_extend(context: SlackContext, typed: Typed) -> None:
    words, days = _with_days(typed)
    authorized = case_picker.find_case(context, typed, words, CaseAction.EXTEND, days=days)
    if authorized is not None:
        open_extend(context, authorized, days)


def _run_mute(context: SlackContext, typed: Typed) -> None:
    words, days = _with_days(typed)
    authorized = case_picker.find_case(context, typed, words, CaseAction.MUTE, days=days)
    if authorized is not None:
        open_mute(context, authorized, days)


COMMANDS = (
    Command(
        name="extend",
        usage="<test> [14d]",
        says="keep a test in quarantine longer",
        examples=("extend test_total 14d", "extend test_total 2w"),
        run=_run_extend,
        also=Action.EXTEND_OPEN,
    ),
    Command(
        name="mute",
        usage="<test> [7d]",
        says="announce nothing of a test for a while",
        examples=("mute test_total 7d", "mute test_total 36h"),
        run=_run_mute,
        also=Action.MORE,
    ),
)
