"""The modals, and what people fill in."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import BaseModel

from bot.analysis.lifecycle import DEFAULT_DAYS, MAX_REASON_LENGTH, RejectReason, Scope
from bot.analysis.model import CaseProfile
from bot.errors import InvalidInputError
from bot.slack import blockkit as kit
from bot.slack.messages import REASONS, rate, short

_DAYS = (7, 14, 30, 60, 90)


class Held(BaseModel):
    """What a modal remembers: the case or quarantine it is about, and where it was opened."""

    subject: int
    channel: str = ""
    variant: str = ""
    fingerprint_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class QuarantineForm:
    """A filled-in quarantine modal."""

    days: int
    scope: Scope
    owner: str | None
    reason: str


class _Option(BaseModel):
    value: str


class _Value(BaseModel):
    value: str | None = None
    selected_option: _Option | None = None
    selected_user: str | None = None


class Values(BaseModel):
    """`view.state.values` as Slack sends it."""

    values: dict[str, dict[str, _Value]] = {}

    def text(self, block_id: str) -> str:
        """What was typed into a field."""
        return (self._value(block_id).value or "").strip()

    def choice(self, block_id: str) -> str:
        """What was chosen in a field.

        Raises:
            InvalidInputError: nothing was.
        """
        chosen = self._value(block_id).selected_option
        if chosen is None:
            message = "Choose one."
            raise InvalidInputError(message)
        return chosen.value

    def user(self, block_id: str) -> str | None:
        """The person chosen in a field."""
        return self._value(block_id).selected_user

    def _value(self, block_id: str) -> _Value:
        return self.values.get(block_id, {}).get("v", _Value())


def quarantine(profile: CaseProfile, channel: str) -> kit.Block:
    """Ask for a case to be quarantined: how long, what of it, who owns it, why."""
    failure = profile.last_failure
    scopes = [kit.option("The whole case", Scope.CASE.value)]
    if failure and len(profile.variants) > 0:
        scopes.append(kit.option(f"Only {kit.plain(failure.variant, 60)}", Scope.VARIANT.value))
    if failure and failure.fingerprint_id is not None:
        scopes.append(kit.option("Only when it fails like this", Scope.FAILURE.value))
    held = Held(
        subject=profile.case_id,
        channel=channel,
        variant=failure.variant[:500] if failure else "",
        fingerprint_id=failure.fingerprint_id if failure else None,
    )
    days = [kit.option(f"{number} days", str(number)) for number in _DAYS]
    blocks = [
        kit.section(f"*{kit.escape(short(profile.title))}*\n{rate(profile)}"),
        kit.field_of(
            "until",
            "Until",
            {
                "type": "static_select",
                "action_id": "v",
                "options": days,
                "initial_option": days[_DAYS.index(DEFAULT_DAYS)],
            },
            hint="Counted from the approval. It goes on running; only the build ignores it.",
        ),
        kit.field_of(
            "scope",
            "Scope",
            {"type": "radio_buttons", "action_id": "v", "options": scopes, "initial_option": scopes[0]},
        ),
        kit.field_of("owner", "Owner", {"type": "users_select", "action_id": "v"}, optional=True),
        kit.field_of(
            "why",
            "Reason (goes to the audit trail)",
            {
                "type": "plain_text_input",
                "action_id": "v",
                "multiline": True,
                "max_length": MAX_REASON_LENGTH,
            },
        ),
    ]
    return kit.modal("fg_quarantine_submit", "Quarantine test", "Propose", blocks, held.model_dump_json())


def quarantine_form(values: Values) -> QuarantineForm:
    """What was filled in.

    Raises:
        InvalidInputError: a choice is missing or unknown.
    """
    try:
        days, scope = int(values.choice("until")), Scope(values.choice("scope"))
    except ValueError:
        message = "Choose one of the offered values."
        raise InvalidInputError(message) from None
    return QuarantineForm(days=days, scope=scope, owner=values.user("owner"), reason=values.text("why"))


def reject(quarantine_id: int) -> kit.Block:
    """Ask why a proposal is turned down."""
    return _reasons("fg_reject_submit", "Reject quarantine", "Reject", quarantine_id)


def label(case_id: int) -> kit.Block:
    """Ask what a case is that is called flaky."""
    return _reasons("fg_label_submit", "Not flaky", "Send", case_id)


def resume(quarantine_id: int) -> kit.Block:
    """Ask why a broken case may be masked again."""
    element: dict[str, kit.Json] = {
        "type": "plain_text_input",
        "action_id": "v",
        "multiline": True,
        "max_length": MAX_REASON_LENGTH,
    }
    field = kit.field_of("why", "Why may it be masked although it is broken?", element)
    return kit.modal(
        "fg_resume_submit", "Resume quarantine", "Resume", [field], Held(subject=quarantine_id).model_dump_json()
    )


def reason(values: Values) -> RejectReason:
    """The reason that was chosen.

    Raises:
        InvalidInputError: none, or an unknown one.
    """
    try:
        return RejectReason(values.choice("why"))
    except ValueError:
        message = "Choose one of the offered reasons."
        raise InvalidInputError(message) from None


def _reasons(callback_id: str, title: str, submit: str, subject: int) -> kit.Block:
    options = [kit.option(text, value.value) for value, text in REASONS.items()]
    field = kit.field_of("why", "Why?", {"type": "radio_buttons", "action_id": "v", "options": options})
    return kit.modal(callback_id, title, submit, [field], Held(subject=subject).model_dump_json())
