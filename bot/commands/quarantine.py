"""Proposing, deciding and ending a quarantine."""

from __future__ import annotations

from datetime import datetime

from bot.analysis.quarantine.lifecycle import OverBudgetError, Quarantine, Scope, State
from bot.analysis.quarantine.proposal import Proposal
from bot.commands import case_picker
from bot.commands.request.context import Command, SlackContext
from bot.commands.request.parser import Typed
from bot.errors import ConflictError
from bot.queries import case as case_query
from bot.queries.access import Authorized
from bot.services import notice, quarantine
from bot.slack import form
from bot.slack.block_kit import Message, View
from bot.slack.form_metadata import CaseMetadata
from bot.slack.ids import Action, CaseAction, ShortcutId
from bot.slack.payloads import BlockAction, Shortcut, ViewSubmission
from bot.slack.views import card as card_view
from bot.slack.views import confirmation, modal, response
from bot.store.cases import case as case_store
from bot.store.cases.case import Case
from bot.store.database import Session
from bot.store.decisions import quarantine as quarantine_store


def open_form(context: SlackContext, authorized: Authorized[Case], _days: int | None = None) -> None:
    """Ask for how long and why a case shall be quarantined."""
    context.open(form_of(context, authorized))


def form_of(context: SlackContext, authorized: Authorized[Case]) -> View:
    """The form that proposes a quarantine of a case."""
    with context.begin() as session:
        profile = case_query.of_case(session, authorized.subject.id, context.now)
    target = CaseMetadata.of(profile, channel=context.request.channel_id)
    return modal.quarantine(profile, target, days=authorized.policy.quarantine.days)


def open_label(context: SlackContext, authorized: Authorized[Case], _days: int | None = None) -> None:
    """Ask what a case is that is called flaky."""
    with context.begin() as session:
        profile = case_query.of_case(session, authorized.subject.id, context.now)
    context.open(modal.label(profile))


def offer_lift(context: SlackContext, authorized: Authorized[Case], _days: int | None = None) -> None:
    """Show how a case is quarantined, and the button that ends it."""
    with context.begin() as session:
        profile = case_query.of_case(session, authorized.subject.id, context.now)
        latest = case_query.latest_quarantine(session, profile)
    if latest is None or not latest.state.is_open:
        message = "This test is not in quarantine."
        raise ConflictError(message)
    context.answer(card_view.lift_question(profile, latest))


def on_open(context: SlackContext, _action: BlockAction, authorized: Authorized[Case]) -> None:
    """Open the quarantine form of the case of a button."""
    open_form(context, authorized)


def on_label_open(context: SlackContext, _action: BlockAction, authorized: Authorized[Case]) -> None:
    """Ask what the case of a button is."""
    open_label(context, authorized)


def on_shortcut(context: SlackContext, _shortcut: Shortcut) -> None:
    """Ask which test shall be quarantined."""
    context.open(confirmation.choose(CaseAction.QUARANTINE))


def on_propose(context: SlackContext, submission: ViewSubmission, authorized: Authorized[Case]) -> None:
    """Propose what was filled in."""
    target = CaseMetadata.decode(submission.view.private_metadata)
    answers = form.QuarantineForm.decode(submission.view.state.values)
    proposal = Proposal(
        case_id=authorized.subject.id,
        scope=answers.scope,
        variant=target.variant if answers.scope is Scope.VARIANT else None,
        fingerprint_id=target.fingerprint_id if answers.scope is Scope.FAILURE else None,
        days=answers.days,
        reason=answers.reason,
        owner=answers.owner,
    )
    channel = context.opening_channel(target.channel)
    with context.begin() as session:
        quarantine.propose(session, authorized, proposal, context.now, channel=channel)


def approve(_action: BlockAction, authorized: Authorized[Quarantine], session: Session, now: datetime) -> None:
    """Approve the quarantine whose button was clicked."""
    quarantine.approve(session, authorized, now)


def approve_instead(
    submission: ViewSubmission, authorized: Authorized[Quarantine], session: Session, now: datetime
) -> None:
    """Approve a quarantine in place of another one."""
    target = CaseMetadata.decode(submission.view.private_metadata)
    leaving = form.decode_leaving(submission.view.state.values)
    quarantine.approve(session, authorized, now, leaves=leaving, expected=target.version)


def withdraw(_action: BlockAction, authorized: Authorized[Quarantine], session: Session, now: datetime) -> None:
    """Take a proposal back."""
    quarantine.withdraw(session, authorized, now)


def lift(action: BlockAction, authorized: Authorized[Quarantine], session: Session, now: datetime) -> Message | None:
    """End a quarantine; confirms it to the person when the button was not in a channel."""
    quarantine.lift(session, authorized, now)
    if not action.container.is_ephemeral:
        return None
    return response.done("The quarantine is lifted: the test fails builds again.")


def reject(submission: ViewSubmission, authorized: Authorized[Quarantine], session: Session, now: datetime) -> None:
    """Turn a proposal down."""
    target = CaseMetadata.decode(submission.view.private_metadata)
    answers = form.RejectForm.decode(submission.view.state.values)
    quarantine.reject(session, authorized, answers.reason, answers.text, now, expected=target.version)


def resume(submission: ViewSubmission, authorized: Authorized[Quarantine], session: Session, now: datetime) -> None:
    """Mask a broken case again."""
    target = CaseMetadata.decode(submission.view.private_metadata)
    reason = form.decode_reason(submission.view.state.values)
    quarantine.resume(session, authorized, reason, now, expected=target.version)


def label(submission: ViewSubmission, authorized: Authorized[Case], session: Session, now: datetime) -> None:
    """Keep what a person says of a case."""
    answers = form.RejectForm.decode(submission.view.state.values)
    quarantine.label(session, authorized, answers.reason, answers.text, now)


def on_reject_open(context: SlackContext, _action: BlockAction, authorized: Authorized[Quarantine]) -> None:
    """Ask why a proposal is turned down."""
    with context.begin() as session:
        profile = case_query.of_case(session, authorized.subject.case_id, context.now)
    context.open(modal.reject(profile, authorized.subject))


def on_resume_open(context: SlackContext, _action: BlockAction, authorized: Authorized[Quarantine]) -> None:
    """Ask why a broken case may be masked again."""
    with context.begin() as session:
        profile = case_query.of_case(session, authorized.subject.case_id, context.now)
    context.open(modal.resume(profile, authorized.subject))


def on_conflict(context: SlackContext, authorized: Authorized[Quarantine], error: ConflictError) -> None:
    """Where the budget has no room, ask what leaves; else bring the cards with the outdated button up to date.

    Raises:
        ConflictError: the one that is not about the budget, to be answered.
    """
    if isinstance(error, OverBudgetError):
        context.open(_budget_form(context, authorized, error))
        return
    with context.begin() as session:
        notice.cards(session, authorized.repository.id, [authorized.subject.case_id], context.now)
    raise error


def _budget_form(context: SlackContext, authorized: Authorized[Quarantine], error: OverBudgetError) -> View:
    """The form that asks what leaves: of the owner's where it is the owner's budget, else of all."""
    repository_id = authorized.repository.id
    with context.begin() as session:
        profile = case_query.of_case(session, authorized.subject.case_id, context.now)
        in_force = quarantine_store.list_open(session, [repository_id], [State.ACTIVE, State.SUSPENDED])
        leaving = [other for other in in_force if error.owner is None or other.owner == error.owner]
        cases = case_store.list_by_id(session, [repository_id], [other.case_id for other in leaving])
    titles = {case.id: case.title for case in cases}
    choices = [(other, titles.get(other.case_id, f"test {other.case_id}")) for other in leaving]
    return modal.budget(profile, authorized.subject, str(error), choices)


def _run_quarantine(context: SlackContext, typed: Typed) -> None:
    if not typed.rest:
        context.open(confirmation.choose(CaseAction.QUARANTINE))
        return
    authorized = case_picker.find_case(context, typed, typed.rest, CaseAction.QUARANTINE)
    if authorized is not None:
        open_form(context, authorized)


def _run_unquarantine(context: SlackContext, typed: Typed) -> None:
    authorized = case_picker.find_case(context, typed, typed.rest, CaseAction.LIFT)
    if authorized is not None:
        offer_lift(context, authorized)


COMMANDS = (
    Command(
        name="quarantine",
        usage="<test>",
        says="propose to keep a flaky test from failing builds",
        examples=("quarantine test_total",),
        run=_run_quarantine,
        also=ShortcutId.QUARANTINE,
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
