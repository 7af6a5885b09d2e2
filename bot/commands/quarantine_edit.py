"""What keeps a quarantine in order: a later end, an owner, and quiet for a while."""

from __future__ import annotations

from bot.analysis.case_profile import CaseProfile
from bot.analysis.model import CaseId, QuarantineId
from bot.analysis.quarantine.lifecycle import Quarantine
from bot.commands import case_picker, duration, subject
from bot.commands.command import Command
from bot.commands.context import Body, Door, now
from bot.commands.entitlement import approving
from bot.commands.parser import Typed
from bot.errors import ConflictError
from bot.queries import case
from bot.services import quarantine
from bot.slack.ids import Action, Deed
from bot.slack.views import form, modal, response
from bot.store.database import Session


def open_extend(door: Door, body: Body, case_id: CaseId, days: int | None = None) -> None:
    """Ask how much longer a case stays in quarantine."""
    with door.db.begin() as session:
        profile, held = _open_quarantine(door, body, session, case_id)
    _extend_form(door, body, profile, held, days)


def open_assign(door: Door, body: Body, case_id: CaseId, _days: int | None = None) -> None:
    """Ask who will mend a case."""
    with door.db.begin() as session:
        profile, held = _open_quarantine(door, body, session, case_id)
    door.open(body, modal.assign(profile, held, channel=body.where, ts=body.container.message_ts))


def open_mute(door: Door, body: Body, case_id: CaseId, days: int | None = None) -> None:
    """Ask for how long nothing shall be announced of a case."""
    with door.db.begin() as session:
        profile = subject.case(door, body, session, case_id)
    door.open(body, modal.mute(profile, days=days, channel=body.where, ts=body.container.message_ts))


def unmute(door: Door, body: Body, case_id: CaseId, _days: int | None = None) -> None:
    """Announce a case again."""
    with door.db.begin() as session:
        profile = subject.case(door, body, session, case_id)
        quarantine.unmute(session, profile.repository_id, case_id, body.actor, now())
    door.answer(body, response.done("The test is announced again."))


def on_extend_open(door: Door, body: Body) -> None:
    """Ask how much longer the quarantine of a button lasts."""
    with door.db.begin() as session:
        held = subject.quarantine(door, body, session, QuarantineId(body.subject))
        profile = case.of_case(session, held.case_id, now())
    _extend_form(door, body, profile, held, None)


def on_extend(door: Door, body: Body) -> None:
    """Let a quarantine last longer."""
    target = modal.Target.decode(body.view.private_metadata)
    days = form.DaysForm.decode(body.view.state.values).days
    with approving(door, body, _quarantine(target)) as (session, actor):
        held = subject.quarantine(door, body, session, _quarantine(target))
        quarantine.extend(session, held.id, days, actor, now(), expected=target.version)


def on_assign(door: Door, body: Body) -> None:
    """Name who will mend a case."""
    target = modal.Target.decode(body.view.private_metadata)
    owner = form.OwnerForm.decode(body.view.state.values).owner
    with door.db.begin() as session:
        held = subject.quarantine(door, body, session, _quarantine(target))
        quarantine.assign(session, held.id, owner, body.actor, now(), expected=target.version)


def on_mute(door: Door, body: Body) -> None:
    """Keep a case quiet."""
    target = modal.Target.decode(body.view.private_metadata)
    days = form.DaysForm.decode(body.view.state.values).days
    with door.db.begin() as session:
        profile = subject.case(door, body, session, target.case_id)
        quarantine.mute(session, profile.repository_id, profile.case_id, days, body.actor, now())


def _extend_form(door: Door, body: Body, profile: CaseProfile, held: Quarantine, days: int | None) -> None:
    door.open(body, modal.extend(profile, held, days=days, channel=body.where, ts=body.container.message_ts))


def _open_quarantine(door: Door, body: Body, session: Session, case_id: CaseId) -> tuple[CaseProfile, Quarantine]:
    profile = subject.case(door, body, session, case_id)
    held = case.latest_quarantine(session, profile)
    if held is None or not held.state.is_open:
        message = "This test is not in quarantine."
        raise ConflictError(message)
    return profile, held


def _quarantine(target: modal.Target) -> QuarantineId:
    if target.quarantine_id is None:
        message = "This form is from an older version. Close it and open it again."
        raise ConflictError(message)
    return target.quarantine_id


def _with_days(typed: Typed) -> tuple[str, int | None]:
    """The name that was typed, and the days of the duration behind it."""
    if typed.words and duration.is_duration(typed.words[-1]):
        return " ".join(typed.words[:-1]), duration.days(typed.words[-1])
    return typed.rest, None


def _run_extend(door: Door, body: Body, typed: Typed) -> None:
    words, days = _with_days(typed)
    case_id = case_picker.one_case(door, body, typed, words, Deed.EXTEND, days=days)
    if case_id is not None:
        open_extend(door, body, case_id, days)


def _run_mute(door: Door, body: Body, typed: Typed) -> None:
    words, days = _with_days(typed)
    case_id = case_picker.one_case(door, body, typed, words, Deed.MUTE, days=days)
    if case_id is not None:
        open_mute(door, body, case_id, days)


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
