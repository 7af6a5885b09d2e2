"""The modals of a quarantine's life, pure; `bot.slack.form` decodes them."""

from __future__ import annotations

from collections.abc import Sequence

from bot.analysis.case_profile import CaseProfile
from bot.analysis.quarantine import lifecycle, owner
from bot.analysis.quarantine.lifecycle import Quarantine, Scope
from bot.slack import block_kit, form, ids, mrkdwn
from bot.slack.block_kit import Block, Element, View
from bot.slack.form_metadata import CaseMetadata
from bot.slack.ids import Field
from bot.slack.views import phrase

DAYS = (1, 7, 14, 30, 60, 90)
MUTE_DAYS = 7


def quarantine(profile: CaseProfile, target: CaseMetadata, *, days: int | None = None) -> View:
    """Ask for how long, for what and why a case shall be quarantined; `days` is what the policy proposes."""
    scopes = [(Scope.CASE.value, "The whole case")]
    if target.variant is not None:
        scopes.append((Scope.VARIANT.value, f"Only in {target.variant}"))
    if target.fingerprint_id is not None:
        scopes.append((Scope.FAILURE.value, "Only when it fails like this"))
    return block_kit.modal(
        ids.Callback.QUARANTINE,
        "Quarantine test",
        "Propose",
        _about(profile),
        block_kit.input_block(
            Field.UNTIL,
            "Until",
            _days_select(days or lifecycle.DEFAULT_DAYS),
            hint="It goes on running and is watched; only the build ignores it. Then it fails builds again.",
        ),
        block_kit.input_block(
            Field.SCOPE,
            "Scope",
            block_kit.radio_buttons(ids.ELEMENT, scopes, initial=Scope.CASE.value),
        ),
        block_kit.input_block(
            Field.OWNER,
            "Owner",
            block_kit.users_select(ids.ELEMENT, "Who will fix it"),
            optional=True,
        ),
        _reason_input("Reason (goes to the audit trail)"),
        block_kit.context("Somebody else has to approve the proposal."),
        metadata=target.encode(),
    )


def reject(profile: CaseProfile, quarantine: Quarantine) -> View:
    """Ask why a proposal is turned down."""
    target = CaseMetadata.at(quarantine)
    return block_kit.modal(
        ids.Callback.REJECT, "Reject the proposal", "Reject", _about(profile), *_why_not(), metadata=target.encode()
    )


def label(profile: CaseProfile) -> View:
    """Ask why a case called flaky is not."""
    target = CaseMetadata(case_id=profile.case_id)
    return block_kit.modal(
        ids.Callback.LABEL, "Not flaky", "Save", _about(profile), *_why_not(), metadata=target.encode()
    )


def resume(profile: CaseProfile, quarantine: Quarantine) -> View:
    """Ask why a case that turned broken may be masked again."""
    target = CaseMetadata.at(quarantine)
    warning = "It is broken on main: it fails since a change. Masked again, it hides that failure from the build."
    return block_kit.modal(
        ids.Callback.RESUME,
        "Resume quarantine",
        "Resume",
        _about(profile),
        block_kit.section(warning),
        _reason_input("Why may it be masked again?"),
        metadata=target.encode(),
    )


def extend(profile: CaseProfile, quarantine: Quarantine, *, days: int | None) -> View:
    """Ask how many days longer a quarantine shall last; `days` is what was typed already."""
    until = f"It ends {phrase.when(quarantine.expires_at)}." if quarantine.expires_at else "It has no end yet."
    return block_kit.modal(
        ids.Callback.EXTEND,
        "Extend quarantine",
        "Extend",
        _about(profile),
        block_kit.section(f"{until} It may end at most {lifecycle.MAX_DAYS} days from now."),
        block_kit.input_block(Field.UNTIL, "Longer by", _days_select(days or lifecycle.DEFAULT_DAYS)),
        metadata=CaseMetadata.at(quarantine).encode(),
    )


def assign(profile: CaseProfile, quarantine: Quarantine) -> View:
    """Ask who will fix a test."""
    person = quarantine.owner if quarantine.owner and owner.is_person(quarantine.owner) else None
    team = "" if person else quarantine.owner or ""
    return block_kit.modal(
        ids.Callback.ASSIGN,
        "Assign an owner",
        "Assign",
        _about(profile),
        block_kit.input_block(
            Field.OWNER,
            "Person",
            block_kit.users_select(ids.ELEMENT, "Who will fix it", initial=person),
            optional=True,
        ),
        block_kit.input_block(
            Field.TEAM,
            "Or a team",
            block_kit.plain_text_input(
                ids.ELEMENT,
                max_length=lifecycle.MAX_OWNER_LENGTH,
                placeholder="@acme/payments",
                multiline=False,
                initial=team,
            ),
            optional=True,
            hint="As CODEOWNERS writes it, or the id of a user group of Slack, such as S0PAYMENTS.",
        ),
        metadata=CaseMetadata.at(quarantine).encode(),
    )


def mute(profile: CaseProfile, *, days: int | None) -> View:
    """Ask for how long nothing shall be announced of a test."""
    return block_kit.modal(
        ids.Callback.MUTE,
        "Mute test",
        "Mute",
        _about(profile),
        block_kit.section(
            "Its cards are kept up to date and its failures count as before; nothing of it is announced. "
            "A quarantined test that turns broken is announced all the same."
        ),
        block_kit.input_block(Field.UNTIL, "For", _days_select(days or MUTE_DAYS)),
        metadata=CaseMetadata(case_id=profile.case_id).encode(),
    )


def budget(
    profile: CaseProfile,
    quarantine: Quarantine,
    why: str,
    leaving: Sequence[tuple[Quarantine, str]],
) -> View:
    """Ask which quarantine ends so that this one fits; `leaving` are those that may, each with the name of its test."""
    options = [
        (str(one.id), f"{title} · until {phrase.day(one.expires_at)}" if one.expires_at else title)
        for one, title in leaving[: block_kit.MAX_OPTIONS]
    ]
    return block_kit.modal(
        ids.Callback.BUDGET,
        "Over the budget",
        "Approve and lift",
        _about(profile),
        block_kit.section(mrkdwn.escape(why)),
        block_kit.input_block(
            Field.LEAVES, "Leaves quarantine", block_kit.static_select(ids.ELEMENT, options, initial=options[0][0])
        ),
        metadata=CaseMetadata.at(quarantine).encode(),
    )


def working() -> View:
    """Say that a form is being worked on."""
    return info("Working on it", "This takes a moment. The outcome will be shown here.")


def info(title: str, text: str) -> View:
    """Say something in place of a form: that it loads, that it is done, or that somebody was first."""
    blocks = (block_kit.section(mrkdwn.escape(text)),)
    return View(type="modal", blocks=blocks, title=title, callback_id=ids.Callback.INFO, close="Close")


def _days_select(chosen: int) -> Element:
    days = sorted({*DAYS, chosen})
    return block_kit.static_select(
        ids.ELEMENT, [(str(one), phrase.count(one, "day")) for one in days], initial=str(chosen)
    )


def _about(profile: CaseProfile) -> Block:
    return block_kit.section(
        f"{phrase.case(profile)} in {phrase.repository(profile.repository)}\n"
        f"{phrase.WORDS[profile.status].capitalize()}: {phrase.evidence(profile)}"
    )


def _why_not() -> tuple[Block, Block]:
    options = [(reason.value, words) for reason, words in phrase.REJECT_REASONS.items()]
    comment = block_kit.plain_text_input(ids.ELEMENT, max_length=form.MAX_COMMENT)
    return (
        block_kit.input_block(Field.WHY, "Why?", block_kit.radio_buttons(ids.ELEMENT, options)),
        block_kit.input_block(Field.COMMENT, "Anything to add? (goes to the audit trail)", comment, optional=True),
    )


def _reason_input(title: str) -> Block:
    element = block_kit.plain_text_input(ids.ELEMENT, max_length=lifecycle.MAX_REASON_LENGTH)
    return block_kit.input_block(Field.WHY, title, element)
