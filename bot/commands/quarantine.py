"""Proposing, deciding and ending a quarantine."""

from __future__ import annotations

from bot.analysis.model import CaseId, QuarantineId
from bot.analysis.quarantine.lifecycle import OverBudgetError, Quarantine, Scope, State
from bot.commands import case_picker, subject
from bot.commands.command import Command
from bot.commands.context import Body, Door, now
from bot.commands.entitlement import approving
from bot.commands.parser import Typed
from bot.errors import ConflictError, UserError
from bot.queries import case, policy
from bot.services import notice, quarantine
from bot.slack.block_kit import View
from bot.slack.ids import Action, Deed, Shortcut
from bot.slack.views import confirmation, modal, response
from bot.slack.views import form as forms
from bot.slack.views import message as messages
from bot.store.cases import case as case_store
from bot.store.database import Session
from bot.store.decisions import quarantine as quarantine_store


def open_form(door: Door, body: Body, case_id: CaseId, _days: int | None = None) -> None:
    """Open the quarantine modal of a case."""
    door.open(body, form(door, body, case_id))


def open_label(door: Door, body: Body, case_id: CaseId, _days: int | None = None) -> None:
    """Ask what a case is that is called flaky."""
    with door.db.begin() as session:
        profile = subject.case(door, body, session, case_id)
    door.open(body, modal.label(profile, channel=body.where, ts=body.container.message_ts))


def offer_lift(door: Door, body: Body, case_id: CaseId, _days: int | None = None) -> None:
    """Show how a case is quarantined, and the button that ends it."""
    with door.db.begin() as session:
        profile = subject.case(door, body, session, case_id)
        held = case.latest_quarantine(session, profile)
    if held is None or not held.state.is_open:
        message = "This test is not in quarantine."
        raise ConflictError(message)
    door.answer(body, messages.lift_question(profile, held))


def on_open(door: Door, body: Body) -> None:
    """Open the quarantine modal of the case of a button."""
    open_form(door, body, CaseId(body.subject))


def on_shortcut(door: Door, body: Body) -> None:
    """Ask which test shall be quarantined."""
    door.open(body, confirmation.choose(Deed.QUARANTINE))


def on_propose(door: Door, body: Body) -> None:
    """Propose what was filled in."""
    target = modal.Target.decode(body.view.private_metadata)
    form = forms.QuarantineForm.decode(body.view.state.values)
    proposal = quarantine.Proposal(
        case_id=target.case_id,
        scope=form.scope,
        variant=target.variant if form.scope is Scope.VARIANT else None,
        fingerprint_id=target.fingerprint_id if form.scope is Scope.FAILURE else None,
        days=form.days,
        reason=form.reason,
        owner=form.owner,
    )
    with door.db.begin() as session:
        profile = subject.case(door, body, session, target.case_id)
        channel = door.channel(target.channel)
        quarantine.propose(session, profile.repository_id, proposal, body.actor, now(), channel=channel)


def on_approve(door: Door, body: Body) -> None:
    """Approve the quarantine whose button was clicked; where the budget has no room, ask what leaves."""
    quarantine_id = QuarantineId(body.subject)
    try:
        with approving(door, body, quarantine_id) as (session, actor):
            held = subject.quarantine(door, body, session, quarantine_id)
            budget = policy.of_repository(session, held.repository_id).quarantine.budget
            quarantine.approve(session, quarantine_id, actor, now(), budget=budget)
    except OverBudgetError as error:
        door.open(body, _budget_form(door, body, held, error))
    except ConflictError:
        _refresh(door, held)
        raise


def on_budget(door: Door, body: Body) -> None:
    """Approve a quarantine in place of another one."""
    target = modal.Target.decode(body.view.private_metadata)
    form = forms.BudgetForm.decode(body.view.state.values)
    with approving(door, body, _quarantine(target)) as (session, actor):
        held = subject.quarantine(door, body, session, _quarantine(target))
        budget = policy.of_repository(session, held.repository_id).quarantine.budget
        quarantine.approve(session, held.id, actor, now(), budget=budget, leaves=form.leaves, expected=target.version)


def on_withdraw(door: Door, body: Body) -> None:
    """Take a proposal back."""
    with door.db.begin() as session:
        held = subject.quarantine(door, body, session, QuarantineId(body.subject))
        quarantine.withdraw(session, held.id, body.actor, now())


def on_lift(door: Door, body: Body) -> None:
    """End a quarantine."""
    with door.db.begin() as session:
        held = subject.quarantine(door, body, session, QuarantineId(body.subject))
    try:
        with approving(door, body, held.id) as (session, actor):
            quarantine.lift(session, held.id, actor, now())
    except ConflictError:
        _refresh(door, held)
        raise
    if body.container.is_ephemeral:
        door.answer(body, response.done("The quarantine is lifted: the test fails builds again."))


def on_reject_open(door: Door, body: Body) -> None:
    """Ask why a proposal is turned down."""
    with door.db.begin() as session:
        held = subject.quarantine(door, body, session, QuarantineId(body.subject))
        profile = case.of_case(session, held.case_id, now())
    door.open(body, modal.reject(profile, held, channel=body.where, ts=body.container.message_ts))


def on_reject(door: Door, body: Body) -> None:
    """Turn a proposal down."""
    target = modal.Target.decode(body.view.private_metadata)
    form = forms.RejectForm.decode(body.view.state.values)
    with approving(door, body, _quarantine(target)) as (session, actor):
        held = subject.quarantine(door, body, session, _quarantine(target))
        quarantine.reject(session, held.id, form.reason, form.text, actor, now(), expected=target.version)


def on_resume_open(door: Door, body: Body) -> None:
    """Ask why a broken case may be masked again."""
    with door.db.begin() as session:
        held = subject.quarantine(door, body, session, QuarantineId(body.subject))
        profile = case.of_case(session, held.case_id, now())
    door.open(body, modal.resume(profile, held, channel=body.where, ts=body.container.message_ts))


def on_resume(door: Door, body: Body) -> None:
    """Mask a broken case again."""
    target = modal.Target.decode(body.view.private_metadata)
    form = forms.ResumeForm.decode(body.view.state.values)
    with approving(door, body, _quarantine(target)) as (session, actor):
        held = subject.quarantine(door, body, session, _quarantine(target))
        quarantine.resume(session, held.id, form.reason, actor, now(), expected=target.version)


def on_label_open(door: Door, body: Body) -> None:
    """Ask what the case of a button is."""
    open_label(door, body, CaseId(body.subject))


def on_label(door: Door, body: Body) -> None:
    """Keep what a person says of a case."""
    target = modal.Target.decode(body.view.private_metadata)
    form = forms.RejectForm.decode(body.view.state.values)
    with door.db.begin() as session:
        profile = subject.case(door, body, session, target.case_id)
        quarantine.label(session, profile.repository_id, profile.case_id, form.reason, form.text, body.actor, now())


def _run_quarantine(door: Door, body: Body, typed: Typed) -> None:
    if not typed.rest:
        on_shortcut(door, body)
        return
    case_id = case_picker.one_case(door, body, typed, typed.rest, Deed.QUARANTINE)
    if case_id is not None:
        open_form(door, body, case_id)


def _run_unquarantine(door: Door, body: Body, typed: Typed) -> None:
    case_id = case_picker.one_case(door, body, typed, typed.rest, Deed.LIFT)
    if case_id is not None:
        offer_lift(door, body, case_id)


def form(door: Door, body: Body, case_id: CaseId) -> View:
    """The quarantine modal of a case."""
    with door.db.begin() as session:
        profile = subject.case(door, body, session, case_id)
        days = policy.of_repository(session, profile.repository_id).quarantine.days
    target = modal.Target.of(profile, channel=body.where, ts=body.container.message_ts)
    return modal.quarantine(profile, target, days=days)


def _budget_form(door: Door, body: Body, held: Quarantine, error: OverBudgetError) -> View:
    """The modal that asks what leaves: of the owner's where it is the owner's budget, else of all."""
    with door.db.begin() as session:
        profile = case.of_case(session, held.case_id, now())
        in_force = quarantine_store.list_open(session, [held.repository_id], [State.ACTIVE, State.SUSPENDED])
        leaving = [one for one in in_force if error.owner is None or one.owner == error.owner]
        titles = _titles(session, held, leaving)
    choices = [(one, titles.get(one.case_id, f"test {one.case_id}")) for one in leaving]
    return modal.budget(profile, held, str(error), choices, channel=body.where)


def _titles(session: Session, held: Quarantine, leaving: list[Quarantine]) -> dict[CaseId, str]:
    found = case_store.list_by_id(session, [held.repository_id], [one.case_id for one in leaving])
    return {one.id: one.title for one in found}


def _quarantine(target: modal.Target) -> QuarantineId:
    if target.quarantine_id is None:
        message = "This form is from an older version. Close it and open it again."
        raise UserError(message)
    return target.quarantine_id


def _refresh(door: Door, held: Quarantine) -> None:
    """Bring the cards up to date for one who pressed a button that should be gone."""
    with door.db.begin() as session:
        notice.cards(session, held.repository_id, held.case_id, now())


COMMANDS = (
    Command(
        name="quarantine",
        usage="<test>",
        says="propose to keep a flaky test from failing builds",
        examples=("quarantine test_total",),
        run=_run_quarantine,
        also=Shortcut.QUARANTINE,
    ),
    Command(
        name="unquarantine",
        usage="<test>",
        says="end a quarantine, so that the test fails builds again",
        examples=("unquarantine test_total",),
        run=_run_unquarantine,
        also=Action.LIFT,
    ),
)
