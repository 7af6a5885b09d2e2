"""What a person filled into a modal, checked: what is wrong is named by the input it is wrong in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import time, timedelta
from enum import StrEnum
from typing import Self, assert_never

from pydantic import BaseModel, TypeAdapter, ValidationError

from bot.analysis.channel_schedule import EVERY_DAY, WORKDAYS, DigestTime
from bot.analysis.model import CaseId, QuarantineId, RepositoryId
from bot.analysis.quarantine import lifecycle
from bot.analysis.quarantine import owner as owners
from bot.analysis.quarantine.lifecycle import RejectReason, Scope
from bot.errors import InvalidInputError
from bot.slack import ids
from bot.slack.ids import Field

MAX_COMMENT = 400
MAX_ADDRESS = 500
OUTAGE_BEGAN = {
    0: "Now",
    30: "30 minutes ago",
    60: "An hour ago",
    180: "3 hours ago",
    720: "12 hours ago",
    1440: "A day ago",
}
"""When an outage may have begun, in minutes before now."""


class Cadence(StrEnum):
    """How often a digest comes, as a form asks for it."""

    OFF = "off"
    DAILY = "daily"
    WORKDAYS = "workdays"
    WEEKLY = "weekly"

    def digest_time(self, weekday: int, at: time) -> DigestTime | None:
        """The digest that is asked for; `weekday` counts for a weekly one."""
        match self:
            case Cadence.OFF:
                return None
            case Cadence.DAILY:
                return DigestTime(at, EVERY_DAY)
            case Cadence.WORKDAYS:
                return DigestTime(at, WORKDAYS)
            case Cadence.WEEKLY:
                return DigestTime(at, frozenset({weekday}))
            case _:
                assert_never(self)


class FormError(InvalidInputError):
    """What is wrong with a submission: `errors` maps the id of an input to a sentence, as Slack shows it."""

    def __init__(self, errors: Mapping[Field, str]) -> None:
        super().__init__(" ".join(errors.values()))
        self.errors = dict(errors)


class _Option(BaseModel):
    value: str


class _Element(BaseModel):
    """The state of one input (https://docs.slack.dev/reference/views/view-submission-payload): its kind fills one."""

    value: str | None = None
    selected_option: _Option | None = None
    selected_options: list[_Option] = []
    selected_user: str | None = None
    selected_conversation: str | None = None

    @property
    def text(self) -> str:
        chosen = self.selected_option.value if self.selected_option else self.selected_user
        return (chosen or self.selected_conversation or self.value or "").strip()


@dataclass(frozen=True, slots=True)
class Answers:
    """What was filled into the inputs of a form, by their ids."""

    texts: Mapping[str, str]
    choices: Mapping[str, tuple[str, ...]]

    @classmethod
    def decode(cls, values: Mapping[str, object]) -> Self:
        """Read `view.state.values`.

        Raises:
            InvalidInputError: not a form of ours.
        """
        try:
            blocks = TypeAdapter(dict[str, dict[str, _Element]]).validate_python(values)
        except ValidationError as error:
            message = "Slack sent a form that cannot be read. Close it and open it again."
            raise InvalidInputError(message) from error
        inputs = {block: next(iter(elements.values()), _Element()) for block, elements in blocks.items()}
        return cls(
            texts={block: element.text for block, element in inputs.items()},
            choices={
                block: tuple(option.value for option in element.selected_options) for block, element in inputs.items()
            },
        )

    def text(self, field: Field) -> str:
        """What was written or chosen in an input; empty where nothing was."""
        return self.texts.get(field, "")

    def chosen(self, field: Field) -> tuple[str, ...]:
        """What was ticked in a list."""
        return self.choices.get(field, ())

    def number(self, field: Field, otherwise: str) -> int:
        """The number that was chosen in an input; raises FormError with the text `otherwise` where none was."""
        text = self.text(field)
        if not ids.is_id(text):
            raise FormError({field: otherwise})
        return int(text)


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
        answers = Answers.decode(values)
        errors: dict[Field, str] = {}
        days, scope, reason = answers.text(Field.UNTIL), answers.text(Field.SCOPE), answers.text(Field.WHY)
        errors |= _check_days(days)
        if scope not in set(Scope):
            errors[Field.SCOPE] = "Choose what the quarantine covers."
        errors |= _check_reason(reason, Field.WHY)
        if errors:
            raise FormError(errors)
        return cls(int(days), Scope(scope), answers.text(Field.OWNER) or None, reason)


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
        answers = Answers.decode(values)
        if answers.text(Field.WHY) not in set(RejectReason):
            raise FormError({Field.WHY: "Choose one: the answer teaches FlakeGuard."})
        if len(answers.text(Field.COMMENT)) > MAX_COMMENT:
            raise FormError({Field.COMMENT: f"At most {MAX_COMMENT} characters."})
        return cls(RejectReason(answers.text(Field.WHY)), answers.text(Field.COMMENT))


@dataclass(frozen=True, slots=True)
class IncidentForm:
    """An outage that somebody knows of; `ago` is how long before now it began."""

    repository_id: RepositoryId
    reason: str
    ago: timedelta

    @classmethod
    def decode(cls, values: Mapping[str, object]) -> Self:
        """Read `view.state.values`; raises FormError naming the inputs at fault."""
        answers = Answers.decode(values)
        repository = answers.number(Field.REPOSITORY, "Choose the repository.")
        minutes = answers.number(Field.SINCE, "Choose when it began.")
        reason = answers.text(Field.WHY)
        errors = _check_reason(reason, Field.WHY)
        if minutes not in OUTAGE_BEGAN:
            errors = {**errors, Field.SINCE: "Choose when it began."}
        if errors:
            raise FormError(errors)
        return cls(RepositoryId(repository), reason, timedelta(minutes=minutes))


def decode_reason(values: Mapping[str, object]) -> str:
    """Why a broken case may be masked again; raises FormError naming the input at fault."""
    reason = Answers.decode(values).text(Field.WHY)
    if errors := _check_reason(reason, Field.WHY):
        raise FormError(errors)
    return reason


def decode_days(values: Mapping[str, object]) -> int:
    """How many days longer, or how many days of quiet; raises FormError naming the input at fault."""
    days = Answers.decode(values).text(Field.UNTIL)
    if errors := _check_days(days):
        raise FormError(errors)
    return int(days)


def decode_owner(values: Mapping[str, object]) -> str:
    """Who will fix a test: somebody or a user group of the workspace by its id, or a team by its name.

    Raises:
        FormError: names the input at fault.
    """
    answers = Answers.decode(values)
    person, team = answers.text(Field.OWNER), answers.text(Field.TEAM)
    if person and team:
        raise FormError({Field.TEAM: "Choose a person or write a team, not both."})
    if not person and not team:
        raise FormError({Field.OWNER: "Choose who will fix it, or write a team below."})
    if len(team) > lifecycle.MAX_OWNER_LENGTH:
        raise FormError({Field.TEAM: f"At most {lifecycle.MAX_OWNER_LENGTH} characters."})
    return person or owners.from_mention(team)


def decode_leaving(values: Mapping[str, object]) -> QuarantineId:
    """Which quarantine ends so that another one fits; raises FormError naming the input at fault."""
    return QuarantineId(Answers.decode(values).number(Field.LEAVES, "Choose the test that leaves quarantine."))


def decode_case(values: Mapping[str, object]) -> CaseId:
    """The test that was chosen while typing; raises FormError naming the input at fault."""
    return CaseId(Answers.decode(values).number(Field.CASE, "Choose a test of the list."))


def decode_run(values: Mapping[str, object]) -> str:
    """The link to a workflow run; raises FormError naming the input at fault."""
    address = Answers.decode(values).text(Field.RUN)
    if "/actions/runs/" not in address or len(address) > MAX_ADDRESS:
        raise FormError({Field.RUN: "Paste the link to a run, such as https://github.com/acme/shop/actions/runs/7"})
    return address


def _check_days(days: str) -> dict[Field, str]:
    if not days.isascii() or not days.isdecimal() or not lifecycle.MIN_DAYS <= int(days) <= lifecycle.MAX_DAYS:
        return {Field.UNTIL: f"Choose {lifecycle.MIN_DAYS} to {lifecycle.MAX_DAYS} days."}
    return {}


def _check_reason(reason: str, field: Field) -> dict[Field, str]:
    if not reason:
        return {field: "Say why, in a sentence: the reason goes to the audit trail."}
    if len(reason) > lifecycle.MAX_REASON_LENGTH:
        return {field: f"At most {lifecycle.MAX_REASON_LENGTH} characters."}
    return {}
