"""The ids Slack sends back: what a button, a modal or an input of ours is called."""

from __future__ import annotations

from enum import StrEnum

ELEMENT = "v"
"""The action id of the one element of every input block."""
CARD_EVENT = "flakeguard_card"
"""The metadata type of a living card."""


class Action(StrEnum):
    """The `action_id` of a button or menu; its value is what is named behind each, an id in decimal."""

    QUARANTINE_OPEN = "fg_quarantine_open"  # case
    LABEL_OPEN = "fg_label_open"  # case
    DETAILS = "fg_details"  # case
    WHY = "fg_why"  # case
    MORE = "fg_more"  # Deed:case
    PICK = "fg_pick"  # case; the block_id says what for
    APPROVE = "fg_approve"  # quarantine
    REJECT_OPEN = "fg_reject_open"  # quarantine
    WITHDRAW = "fg_withdraw"  # quarantine
    LIFT = "fg_lift"  # quarantine
    RESUME_OPEN = "fg_resume_open"  # quarantine
    EXTEND_OPEN = "fg_extend_open"  # quarantine
    RERUN_FAILED = "fg_rerun_failed"  # our run:repository
    RERUN_ALL = "fg_rerun_all"  # our run:repository
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
    HOME_BACK = "fg_home_back"  # page of what waits:page of one's own
    HOME_NEXT = "fg_home_next"  # page of what waits:page of one's own
    STORM_TESTS = "fg_storm_tests"  # storm:repository
    SUBSCRIBE_OPEN = "fg_subscribe_open"  # no value
    SUBSCRIPTION_EDIT = "fg_subscription_edit"  # subscription:repository
    UNSUBSCRIBE = "fg_unsubscribe"  # subscription:repository
    MENU_SUBSCRIPTIONS = "fg_menu_subscriptions"  # no value
    DIGEST_NOW = "fg_digest_now"  # no value
    DIGEST_SETTINGS = "fg_digest_settings"  # no value
    AUTHOR_RERUN = "fg_author_rerun"  # notice:repository
    AUTHOR_MINE = "fg_author_mine"  # notice:repository
    AUTHOR_SILENCE = "fg_author_silence"  # notice:repository
    AUTHOR_RESUME = "fg_author_resume"  # notice:repository


class Deed(StrEnum):
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


class Shortcut(StrEnum):
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
