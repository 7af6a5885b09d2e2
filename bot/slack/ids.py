"""What Slack sends back: the ids of our buttons, modals and inputs, and the values they carry, encoded and decoded."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Self

from bot.analysis.home import Pages
from bot.analysis.model import CaseId, RepositoryId
from bot.errors import InvalidInputError
from bot.slack import mrkdwn

OUTDATED: Final = "This button or form is from an older version. Ask for the test again."
CARD_ACTIONS: Final = "act"
"""The part of a card that holds its buttons."""
_LONGEST_ID: Final = 18  # digits; more do not fit into a number of the database
_LAST_CASE: Final = 2**31 - 1
_MAX_WORDS: Final = 100  # of what was typed; a block_id has at most 255 characters
ELEMENT = "v"
"""The action id of the one element of every input block."""
CARD_EVENT = "flakeguard_card"
"""The metadata type of a living card."""


class Action(StrEnum):
    """The `action_id` of a button or menu; its value is what is named behind each, encoded below."""

    QUARANTINE_OPEN = "fg_quarantine_open"  # case
    LABEL_OPEN = "fg_label_open"  # case
    DETAILS = "fg_details"  # case
    WHY = "fg_why"  # case
    MORE = "fg_more"  # CaseChoice
    PICK = "fg_pick"  # case; its block_id is a PickList
    APPROVE = "fg_approve"  # quarantine
    REJECT_OPEN = "fg_reject_open"  # quarantine
    WITHDRAW = "fg_withdraw"  # quarantine
    LIFT = "fg_lift"  # quarantine
    RESUME_OPEN = "fg_resume_open"  # quarantine
    EXTEND_OPEN = "fg_extend_open"  # quarantine
    RERUN_FAILED = "fg_rerun_failed"  # InRepository: run
    RERUN_ALL = "fg_rerun_all"  # InRepository: run
    SHARE = "fg_share"  # repository
    FIND_OPEN = "fg_find_open"  # no value
    RUN_OPEN = "fg_run_open"  # no value
    INCIDENT_OPEN = "fg_incident_open"  # no value
    INCIDENT_END = "fg_incident_end"  # repository
    MENU_HELP = "fg_menu_help"  # no value
    CARRY_ON = "fg_carry_on"  # a command as it was typed
    CONNECT = "fg_connect"  # no value
    WHOAMI = "fg_whoami"  # no value
    DISCONNECT = "fg_disconnect"  # no value
    MENU_STATUS = "fg_menu_status"  # no value
    MENU_TOP = "fg_menu_top"  # no value
    MENU_SETTINGS = "fg_menu_settings"  # no value
    MENU_HEALTH = "fg_menu_health"  # no value
    MENU_QUARANTINED = "fg_menu_quarantined"  # no value
    MENU_PROPOSED = "fg_menu_proposed"  # no value
    MENU_EXPIRING = "fg_menu_expiring"  # no value
    MENU_BROKEN = "fg_menu_broken"  # no value
    HOME_BACK = "fg_home_back"  # Pages
    HOME_NEXT = "fg_home_next"  # Pages
    STORM_TESTS = "fg_storm_tests"  # InRepository: storm
    SUBSCRIBE_OPEN = "fg_subscribe_open"  # no value
    SUBSCRIPTION_EDIT = "fg_subscription_edit"  # InRepository: subscription
    UNSUBSCRIBE = "fg_unsubscribe"  # InRepository: subscription
    MENU_SUBSCRIPTIONS = "fg_menu_subscriptions"  # no value
    DIGEST_NOW = "fg_digest_now"  # no value
    DIGEST_SETTINGS = "fg_digest_settings"  # no value
    AUTHOR_RERUN = "fg_author_rerun"  # InRepository: notice
    AUTHOR_MINE = "fg_author_mine"  # InRepository: notice
    AUTHOR_SILENCE = "fg_author_silence"  # InRepository: notice
    AUTHOR_RESUME = "fg_author_resume"  # InRepository: notice


class CaseAction(StrEnum):
    """What the menu of a card or a row offers to do with a case."""

    DETAILS = "details"
    WHY = "why"
    QUARANTINE = "quarantine"
    EXTEND = "extend"
    LIFT = "lift"
    ASSIGN = "assign"
    MUTE = "mute"
    UNMUTE = "unmute"
    LABEL = "label"


class ShortcutId(StrEnum):
    """The `callback_id` of a shortcut, which needs no command to be known."""

    QUARANTINE = "fg_shortcut_quarantine"  # global
    RUN = "fg_shortcut_run"  # on a message


class Callback(StrEnum):
    """The `callback_id` of a modal."""

    QUARANTINE = "fg_quarantine_submit"
    REJECT = "fg_reject_submit"
    LABEL = "fg_label_submit"
    RESUME = "fg_resume_submit"
    EXTEND = "fg_extend_submit"
    ASSIGN = "fg_assign_submit"
    MUTE = "fg_mute_submit"
    BUDGET = "fg_budget_submit"
    INCIDENT = "fg_incident_submit"
    CHOOSE = "fg_choose_submit"
    RUN = "fg_run_submit"
    SUBSCRIBE = "fg_subscribe_submit"
    HOURS = "fg_hours_submit"
    SETTINGS = "fg_settings_submit"
    INFO = "fg_info"


class Field(StrEnum):
    """The `block_id` of an input; errors of a submission are keyed by it."""

    UNTIL = "until"
    SCOPE = "scope"
    OWNER = "owner"
    WHY = "why"
    COMMENT = "comment"
    CASE = "case"
    LEAVES = "leaves"
    TEAM = "team"
    REPOSITORY = "repository"
    RUN = "run"
    SINCE = "since"
    CHANNEL = "where"
    EVENTS = "events"
    BRANCH = "branch"
    MINIMUM = "minimum"
    PATH = "path"
    CADENCE = "cadence"
    TIME = "time"
    WEEKDAY = "weekday"
    ZONE = "zone"
    QUIET = "quiet"
    QUIET_DAYS = "quiet_days"
    TELL = "tell"


def is_id(text: str) -> bool:
    """Whether a text can be an id of ours."""
    return text.isdecimal() and len(text) <= _LONGEST_ID


def subject(value: str) -> int:
    """The id of what a button or option is about, which ends every value: `17`, `mute:17` or `4711:17`.

    Raises:
        InvalidInputError: not one of ours.
    """
    return _number(value.rpartition(":")[2])


def card_block(case_id: CaseId, part: str) -> str:
    """The `block_id` of a part of the card of a case."""
    return f"fc_{case_id}:{part}"


def case_of_card(block_id: str) -> CaseId | None:
    """The case on whose card a button stands; None elsewhere."""
    number = block_id.removeprefix("fc_").removesuffix(f":{CARD_ACTIONS}")
    if not is_id(number) or int(number) > _LAST_CASE or block_id != card_block(CaseId(int(number)), CARD_ACTIONS):
        return None
    return CaseId(int(number))


@dataclass(frozen=True, slots=True)
class CaseChoice:
    """An option of the menu of a card or a row: what to do with which case."""

    action: CaseAction
    case_id: CaseId

    @classmethod
    def decode(cls, value: str) -> Self:
        """Read the value of an option; raises InvalidInputError where it is not one of ours."""
        action, _, number = value.partition(":")
        return cls(_action(action), CaseId(_number(number)))

    def encode(self) -> str:
        """The value of the option."""
        return f"{self.action}:{self.case_id}"


@dataclass(frozen=True, slots=True)
class InRepository:
    """A button about a run, a storm, a subscription or a notice, and the repository it belongs to."""

    number: int
    repository_id: RepositoryId

    @classmethod
    def decode(cls, value: str) -> Self:
        """Read the value of a button; raises InvalidInputError where it is not one of ours."""
        number, _, repository_id = value.partition(":")
        return cls(_number(number), RepositoryId(_number(repository_id)))

    def encode(self) -> str:
        """The value of the button."""
        return f"{self.number}:{self.repository_id}"


@dataclass(frozen=True, slots=True)
class PickList:
    """What a list of tests is for; `days` and `words` were typed with the command, and fill the form and the menu."""

    action: CaseAction
    days: int | None = None
    words: str = ""

    @classmethod
    def decode(cls, block_id: str) -> Self:
        """Read a `block_id`; raises InvalidInputError where it is not one of ours."""
        parts = block_id.split(":", 3)
        if len(parts) != 4 or parts[0] != "pick":  # noqa: PLR2004  # pick:action:days:words
            raise InvalidInputError(OUTDATED)
        return cls(_action(parts[1]), _number(parts[2]) or None, parts[3])

    def encode(self) -> str:
        """The `block_id` of the list."""
        return f"pick:{self.action}:{self.days or 0}:{mrkdwn.clip(mrkdwn.line(self.words), _MAX_WORDS)}"


def decode_pages(value: str) -> Pages:
    """The pages in the value of a button; raises InvalidInputError where it is not one of ours."""
    waiting, _, own = value.partition(":")
    if len(value) > 11:  # noqa: PLR2004  # two small numbers
        raise InvalidInputError(OUTDATED)
    return Pages(_number(waiting), _number(own))


def encode_pages(pages: Pages) -> str:
    """The value of a button that leads to these pages."""
    return f"{pages.waiting}:{pages.own}"


def _number(text: str) -> int:
    if not is_id(text):
        raise InvalidInputError(OUTDATED)
    return int(text)


def _action(text: str) -> CaseAction:
    if text not in set(CaseAction):
        raise InvalidInputError(OUTDATED)
    return CaseAction(text)
