"""The buttons and modals of a quarantine's life."""

from __future__ import annotations

from bot.analysis.lifecycle import Scope
from bot.analysis.model import CaseId, Place, QuarantineId
from bot.commands.door import Body, Door, now
from bot.errors import ConflictError, InvalidInputError, UserError
from bot.services import announce, profiles, quarantine
from bot.slack import modals
from bot.store import notices, quarantines


def on_open(door: Door, body: Body) -> None:
    """Open the quarantine modal of a case."""
    with door.db.begin() as session:
        profile = profiles.of_case(session, CaseId(body.subject))
    target = modals.Target.of(profile, channel=body.where, ts=body.container.message_ts)
    door.open(body, modals.quarantine(profile, target))


def on_propose(door: Door, body: Body) -> None:
    """Propose what was filled in."""
    target = modals.Target.decode(body.view.private_metadata)
    form = modals.QuarantineForm.decode(body.view.state.values)
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
        profile = profiles.of_case(session, target.case_id)
        quarantine.propose(
            session, profile.repository_id, proposal, body.actor, now(), place=door.place(target.channel)
        )


def on_approve(door: Door, body: Body) -> None:
    """Approve the quarantine whose button was clicked."""
    quarantine_id = QuarantineId(body.subject)
    try:
        with door.db.begin() as session:
            quarantine.approve(session, quarantine_id, body.actor, now())
    except ConflictError:
        _refresh(door, body, quarantine_id)
        raise


def on_withdraw(door: Door, body: Body) -> None:
    """Take a proposal back."""
    with door.db.begin() as session:
        quarantine.withdraw(session, QuarantineId(body.subject), body.actor, now())


def on_lift(door: Door, body: Body) -> None:
    """End a quarantine."""
    quarantine_id = QuarantineId(body.subject)
    try:
        with door.db.begin() as session:
            quarantine.lift(session, quarantine_id, body.actor, now())
    except ConflictError:
        _refresh(door, body, quarantine_id)
        raise


def on_reject_open(door: Door, body: Body) -> None:
    """Ask why a proposal is turned down."""
    with door.db.begin() as session:
        held = quarantines.get(session, QuarantineId(body.subject))
        profile = profiles.of_case(session, held.case_id)
    door.open(body, modals.reject(profile, held, channel=body.where, ts=body.container.message_ts))


def on_reject(door: Door, body: Body) -> None:
    """Turn a proposal down."""
    target = modals.Target.decode(body.view.private_metadata)
    form = modals.RejectForm.decode(body.view.state.values)
    with door.db.begin() as session:
        quarantine.reject(session, _quarantine(target), form.reason, form.text, body.actor, now())


def on_resume_open(door: Door, body: Body) -> None:
    """Ask why a broken case may be masked again."""
    with door.db.begin() as session:
        held = quarantines.get(session, QuarantineId(body.subject))
        profile = profiles.of_case(session, held.case_id)
    door.open(body, modals.resume(profile, held, channel=body.where, ts=body.container.message_ts))


def on_resume(door: Door, body: Body) -> None:
    """Mask a broken case again."""
    target = modals.Target.decode(body.view.private_metadata)
    form = modals.ResumeForm.decode(body.view.state.values)
    with door.db.begin() as session:
        quarantine.resume(session, _quarantine(target), form.reason, body.actor, now())


def on_label_open(door: Door, body: Body) -> None:
    """Ask what a case is that is called flaky."""
    with door.db.begin() as session:
        profile = profiles.of_case(session, CaseId(body.subject))
    door.open(body, modals.label(profile, channel=body.where, ts=body.container.message_ts))


def on_label(door: Door, body: Body) -> None:
    """Keep what a person says of a case."""
    target = modals.Target.decode(body.view.private_metadata)
    form = modals.RejectForm.decode(body.view.state.values)
    with door.db.begin() as session:
        profile = profiles.of_case(session, target.case_id)
        quarantine.label(session, profile.repository_id, profile.case_id, form.reason, form.text, body.actor, now())


def check_form(callback: str, body: Body) -> dict[str, str]:
    """What is wrong with a submission, by input, before it is acted on; nothing where it can go ahead."""
    forms = {
        "fg_quarantine_submit": modals.QuarantineForm.decode,
        "fg_reject_submit": modals.RejectForm.decode,
        "fg_label_submit": modals.RejectForm.decode,
        "fg_resume_submit": modals.ResumeForm.decode,
    }
    try:
        forms[callback](body.view.state.values)
    except modals.FormError as error:
        return error.errors
    except InvalidInputError as error:
        return {"why": str(error)}
    return {}


def _quarantine(target: modals.Target) -> QuarantineId:
    if target.quarantine_id is None:
        message = "This form is from an older version. Close it and open it again."
        raise UserError(message)
    return target.quarantine_id


def _refresh(door: Door, body: Body, quarantine_id: QuarantineId) -> None:
    """Bring the cards up to date for one who pressed a button that should be gone, and adopt an orphaned card."""
    with door.db.begin() as session:
        held = quarantines.get(session, quarantine_id)
        if body.where and body.container.message_ts and not body.container.thread_ts:
            place = Place(door.workspace.id, body.where)
            notices.put_message(
                session,
                announce.card_key(held.repository_id, held.case_id, place),
                place=place,
                ts=body.container.message_ts,
                now=now(),
                repository_id=held.repository_id,
                case_id=held.case_id,
            )
        announce.cards(session, held.repository_id, held.case_id, now())
