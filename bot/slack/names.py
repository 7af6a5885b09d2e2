"""The ids Slack sends back: what a button, a modal or an input of ours is called."""

from __future__ import annotations

from enum import StrEnum

ELEMENT = "v"
"""The action id of the one element of every input block."""
CARD_EVENT = "flakeguard_card"
"""The metadata type of a living card."""


class Action(StrEnum):
    """The `action_id` of a button; its value is the id named behind each, in decimal."""

    QUARANTINE_OPEN = "fg_quarantine_open"  # case
    LABEL_OPEN = "fg_label_open"  # case
    DETAILS = "fg_details"  # case
    APPROVE = "fg_approve"  # quarantine
    REJECT_OPEN = "fg_reject_open"  # quarantine
    WITHDRAW = "fg_withdraw"  # quarantine
    LIFT = "fg_lift"  # quarantine
    RESUME_OPEN = "fg_resume_open"  # quarantine
    MENU_STATUS = "fg_menu_status"  # no value
    MENU_QUARANTINED = "fg_menu_quarantined"  # no value
    MENU_PROPOSED = "fg_menu_proposed"  # no value
    MENU_EXPIRING = "fg_menu_expiring"  # no value
    MENU_BROKEN = "fg_menu_broken"  # no value
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


class Callback(StrEnum):
    """The `callback_id` of a modal."""

    QUARANTINE = "fg_quarantine_submit"
    REJECT = "fg_reject_submit"
    LABEL = "fg_label_submit"
    RESUME = "fg_resume_submit"
    SUBSCRIBE = "fg_subscribe_submit"
    HOURS = "fg_hours_submit"
    INFO = "fg_info"


class Field(StrEnum):
    """The `block_id` of an input; errors of a submission are keyed by it."""

    UNTIL = "until"
    SCOPE = "scope"
    OWNER = "owner"
    WHY = "why"
    COMMENT = "comment"
