"""The modals, pure, and what a person filled into them, checked."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Self

from pydantic import BaseModel, TypeAdapter, ValidationError

from bot.analysis import lifecycle
from bot.analysis.lifecycle import Quarantine, RejectReason, Scope
from bot.analysis.model import CaseId, CaseProfile, QuarantineId
from bot.errors import InvalidInputError
from bot.slack import blockkit, names, phrases
from bot.slack.blockkit import Block, View
from bot.slack.names import Field

DAYS = (7, 14, 30, 60, 90)
MAX_COMMENT = 400
_MAX_VARIANT = 400  # what surely fits into private_metadata


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What a modal is about, carried in its private_metadata: what the person saw, not what is true by now.

    `channel` and `ts` are where the button was pressed, empty for a command.
    """

    case_id: CaseId
    quarantine_id: QuarantineId | None = None
    variant: str | None = None
    fingerprint_id: int | None = None
    channel: str = ""
    ts: str = ""

    @classmethod
    def of(cls, profile: CaseProfile, *, channel: str = "", ts: str = "") -> Self:
        """Return the target of a proposal, with the variant and the failure that may be its scope."""
        failure, worst = profile.last_failure, profile.worst
        variant = failure.variant if failure else worst.variant if worst else None
        if len(profile.variants) < 2 or (variant is not None and len(variant) > _MAX_VARIANT):  # noqa: PLR2004 - a choice needs two
            variant = None
        fingerprint_id = failure.fingerprint_id if failure else None
        return cls(case_id=profile.case_id, variant=variant, fingerprint_id=fingerprint_id, channel=channel, ts=ts)

    def encode(self) -> str:
        """Return the target as private_metadata."""
        return json.dumps({name: value for name, value in asdict(self).items() if value}, ensure_ascii=False)

    @classmethod
    def decode(cls, private_metadata: str) -> Self:
        """Read a target back; raises InvalidInputError where it is not one of ours."""
        try:
            return TypeAdapter(cls).validate_json(private_metadata)
        except ValidationError as error:
            message = "This form is from an older version. Close it and open it again."
            raise InvalidInputError(message) from error


class FormError(InvalidInputError):
    """What is wrong with a submission: `errors` maps the id of an input to a sentence, as Slack shows it."""

    def __init__(self, errors: Mapping[Field, str]) -> None:
        super().__init__(" ".join(errors.values()))
        self.errors = {str(field): text for field, text in errors.items()}


class _Option(BaseModel):
    value: str


class _Value(BaseModel):
    value: str | None = None
    selected_option: _Option | None = None
    selected_user: str | None = None

    @property
    def answer(self) -> str:
        chosen = self.selected_option.value if self.selected_option else self.selected_user
        return (chosen or self.value or "").strip()


@dataclass(frozen=True, slots=True)
class QuarantineForm:
    """A proposal as a person filled it in."""

    days: int
    scope: Scope
    owner: str | None
    reason: str

    @classmethod
    def decode(cls, values: Mapping[str, object]) -> Self:
        """Read `view.state.values`; raises FormError naming the inputs at fault."""
        answers = _answers(values)
        errors: dict[Field, str] = {}
        days, scope, reason = answers[Field.UNTIL], answers[Field.SCOPE], answers[Field.WHY]
        if not days.isascii() or not days.isdecimal() or not lifecycle.MIN_DAYS <= int(days) <= lifecycle.MAX_DAYS:
            errors[Field.UNTIL] = f"Choose {lifecycle.MIN_DAYS} to {lifecycle.MAX_DAYS} days."
        if scope not in set(Scope):
            errors[Field.SCOPE] = "Choose what the quarantine covers."
        errors |= _check_reason(reason, Field.WHY)
        if errors:
            raise FormError(errors)
        return cls(int(days), Scope(scope), answers[Field.OWNER] or None, reason)


@dataclass(frozen=True, slots=True)
class RejectForm:
    """Why a proposal or a flaky belief is wrong."""

    reason: RejectReason
    comment: str

    @property
    def text(self) -> str:
        """The reason as the audit trail keeps it, such as `bug: the cart rounds twice`."""
        return f"{self.reason}: {self.comment}" if self.comment else self.reason.value

    @classmethod
    def decode(cls, values: Mapping[str, object]) -> Self:
        """Read `view.state.values`; raises FormError naming the inputs at fault."""
        answers = _answers(values)
        if answers[Field.WHY] not in set(RejectReason):
            raise FormError({Field.WHY: "Choose one: the answer teaches FlakeGuard."})
        if len(answers[Field.COMMENT]) > MAX_COMMENT:
            raise FormError({Field.COMMENT: f"At most {MAX_COMMENT} characters."})
        return cls(RejectReason(answers[Field.WHY]), answers[Field.COMMENT])


@dataclass(frozen=True, slots=True)
class ResumeForm:
    """Why a broken case may be masked again."""

    reason: str

    @classmethod
    def decode(cls, values: Mapping[str, object]) -> Self:
        """Read `view.state.values`; raises FormError naming the inputs at fault."""
        reason = _answers(values)[Field.WHY]
        if errors := _check_reason(reason, Field.WHY):
            raise FormError(errors)
        return cls(reason)


def quarantine(profile: CaseProfile, target: Target) -> View:
    """Ask for how long, for what and why a case shall be quarantined."""
    scopes = [(Scope.CASE.value, "The whole case")]
    if target.variant is not None:
        scopes.append((Scope.VARIANT.value, f"Only in {target.variant}"))
    if target.fingerprint_id is not None:
        scopes.append((Scope.FAILURE.value, "Only when it fails like this"))
    return _modal(
        names.Callback.QUARANTINE,
        "Quarantine test",
        "Propose",
        target,
        _about(profile),
        blockkit.input_block(
            Field.UNTIL,
            "Until",
            blockkit.static_select(
                names.ELEMENT,
                [(str(days), f"{days} days") for days in DAYS],
                initial=str(lifecycle.DEFAULT_DAYS),
            ),
            hint="It goes on running and is watched; only the build ignores it. Then it fails builds again.",
        ),
        blockkit.input_block(
            Field.SCOPE,
            "Scope",
            blockkit.radio_buttons(names.ELEMENT, scopes, initial=Scope.CASE.value),
        ),
        blockkit.input_block(
            Field.OWNER,
            "Owner",
            blockkit.users_select(names.ELEMENT, "Who will mend it"),
            optional=True,
        ),
        _reason_input("Reason (goes to the audit trail)"),
        blockkit.context("Somebody else has to approve the proposal."),
    )


def reject(profile: CaseProfile, quarantine: Quarantine, *, channel: str = "", ts: str = "") -> View:
    """Ask why a proposal is turned down."""
    target = Target(case_id=profile.case_id, quarantine_id=quarantine.id, channel=channel, ts=ts)
    return _modal(names.Callback.REJECT, "Reject the proposal", "Reject", target, _about(profile), *_why_not())


def label(profile: CaseProfile, *, channel: str = "", ts: str = "") -> View:
    """Ask why a case called flaky is not."""
    target = Target(case_id=profile.case_id, channel=channel, ts=ts)
    return _modal(names.Callback.LABEL, "Not flaky", "Save", target, _about(profile), *_why_not())


def resume(profile: CaseProfile, quarantine: Quarantine, *, channel: str = "", ts: str = "") -> View:
    """Ask why a case that turned broken may be masked again."""
    target = Target(case_id=profile.case_id, quarantine_id=quarantine.id, channel=channel, ts=ts)
    warning = "It is broken on main: it fails since a change. Masked again, it hides that failure from the build."
    return _modal(
        names.Callback.RESUME,
        "Resume quarantine",
        "Resume",
        target,
        _about(profile),
        blockkit.section(warning),
        _reason_input("Why may it be masked again?"),
    )


def info(title: str, text: str) -> View:
    """Say something in place of a form: that it loads, that it is done, or that somebody was first."""
    blocks = (blockkit.section(blockkit.escape(text)),)
    return View(type="modal", blocks=blocks, title=title, callback_id=names.Callback.INFO, close="Close")


def _modal(callback: names.Callback, title: str, submit: str, target: Target, *blocks: Block) -> View:
    return View(
        type="modal",
        blocks=blocks,
        title=title,
        callback_id=callback,
        submit=submit,
        close="Cancel",
        private_metadata=target.encode(),
    )


def _about(profile: CaseProfile) -> Block:
    return blockkit.section(
        f"{phrases.case(profile)} in {phrases.repository(profile.repository)}\n"
        f"{phrases.WORDS[profile.status].capitalize()}: {phrases.evidence(profile)}"
    )


def _why_not() -> tuple[Block, Block]:
    options = [(reason.value, words) for reason, words in phrases.REJECT_REASONS.items()]
    comment = blockkit.plain_text_input(names.ELEMENT, max_length=MAX_COMMENT)
    return (
        blockkit.input_block(Field.WHY, "Why?", blockkit.radio_buttons(names.ELEMENT, options)),
        blockkit.input_block(Field.COMMENT, "Anything to add? (goes to the audit trail)", comment, optional=True),
    )


def _reason_input(title: str) -> Block:
    element = blockkit.plain_text_input(names.ELEMENT, max_length=lifecycle.MAX_REASON_LENGTH)
    return blockkit.input_block(Field.WHY, title, element)


def _check_reason(reason: str, field: Field) -> dict[Field, str]:
    if not reason:
        return {field: "Say why, in a sentence: the reason goes to the audit trail."}
    if len(reason) > lifecycle.MAX_REASON_LENGTH:
        return {field: f"At most {lifecycle.MAX_REASON_LENGTH} characters."}
    return {}


def _answers(values: Mapping[str, object]) -> dict[Field, str]:
    try:
        given = TypeAdapter(dict[str, dict[str, _Value]]).validate_python(values)
    except ValidationError as error:
        message = "Slack sent a form that cannot be read. Close it and open it again."
        raise InvalidInputError(message) from error
    empty: dict[str, _Value] = {}
    return {field: given.get(field, empty).get(names.ELEMENT, _Value()).answer for field in Field}
