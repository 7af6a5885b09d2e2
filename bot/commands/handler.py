"""Which function serves each command, button, form, menu and event of Slack, and what it needs to be allowed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from bot.commands import (
    account,
    author,
    case,
    case_list,
    case_picker,
    digest,
    home,
    incident,
    menu,
    quarantine,
    quarantine_edit,
    repository,
    run,
    settings,
    subscription,
)
from bot.commands.request.context import SlackContext
from bot.commands.request.pipeline import Answer, AnswerAbout, Decision, Listener
from bot.queries.access import About, Permission
from bot.slack.block_kit import Element
from bot.slack.event_payloads import AppHomeOpened, AppMention, LinkShared
from bot.slack.ids import Action, Callback
from bot.slack.payloads import BlockAction, BlockSuggestion, MessageShortcut, Shortcut, SlashCommand, ViewSubmission

COMMAND: Listener[SlashCommand] = Answer(menu.on_command)
SHORTCUT: Listener[Shortcut] = Answer(quarantine.on_shortcut)
MESSAGE_SHORTCUT: Listener[MessageShortcut] = Answer(run.on_shortcut)
HOME_OPENED: Listener[AppHomeOpened] = Answer(home.on_opened)
MENTION: Listener[AppMention] = Answer(menu.on_mention)
LINK_SHARED: Listener[LinkShared] = Answer(home.on_link_shared)
ACTIONS: Mapping[Action, Listener[BlockAction]] = {
    Action.QUARANTINE_OPEN: AnswerAbout(quarantine.on_open, About.CASE),
    Action.LABEL_OPEN: AnswerAbout(quarantine.on_label_open, About.CASE),
    Action.DETAILS: AnswerAbout(case.on_details, About.CASE),
    Action.WHY: AnswerAbout(case.on_why, About.CASE),
    Action.MORE: AnswerAbout(case.on_more, About.CASE),
    Action.PICK: AnswerAbout(case.on_pick, About.CASE),
    Action.APPROVE: Decision(
        quarantine.approve, About.QUARANTINE, needs=Permission.APPROVE, on_conflict=quarantine.on_conflict
    ),
    Action.REJECT_OPEN: AnswerAbout(quarantine.on_reject_open, About.QUARANTINE),
    Action.WITHDRAW: Decision(quarantine.withdraw, About.QUARANTINE),
    Action.LIFT: Decision(
        quarantine.lift, About.QUARANTINE, needs=Permission.APPROVE, on_conflict=quarantine.on_conflict
    ),
    Action.RESUME_OPEN: AnswerAbout(quarantine.on_resume_open, About.QUARANTINE),
    Action.EXTEND_OPEN: AnswerAbout(quarantine_edit.on_extend_open, About.QUARANTINE),
    Action.CONNECT: Answer(account.on_opened),
    Action.WHOAMI: Answer(account.on_whoami),
    Action.DISCONNECT: Answer(account.on_disconnect),
    Action.RERUN_FAILED: AnswerAbout(run.on_rerun_failed, About.REPOSITORY),
    Action.RERUN_ALL: AnswerAbout(run.on_rerun_all, About.REPOSITORY),
    Action.SHARE: AnswerAbout(repository.on_share, About.REPOSITORY),
    Action.INCIDENT_OPEN: Answer(incident.on_open),
    Action.INCIDENT_END: Decision(incident.end, About.REPOSITORY, needs=Permission.WRITE),
    Action.FIND_OPEN: Answer(case.on_find_open),
    Action.RUN_OPEN: Answer(run.on_run_open),
    Action.CARRY_ON: Answer(menu.on_carry_on),
    Action.MENU_HELP: Answer(menu.on_help),
    Action.MENU_TOP: Answer(repository.on_top),
    Action.MENU_STATUS: Answer(repository.on_status),
    Action.MENU_HEALTH: Answer(repository.on_health),
    Action.MENU_SETTINGS: Answer(settings.on_open),
    Action.MENU_QUARANTINED: Answer(case_list.on_quarantined),
    Action.MENU_PROPOSED: Answer(case_list.on_proposed),
    Action.MENU_EXPIRING: Answer(case_list.on_expiring),
    Action.MENU_BROKEN: Answer(case_list.on_broken),
    Action.MENU_SUBSCRIPTIONS: Answer(subscription.on_list),
    Action.HOME_BACK: Answer(home.on_page),
    Action.HOME_NEXT: Answer(home.on_page),
    Action.STORM_TESTS: AnswerAbout(case_list.on_storm_tests, About.REPOSITORY),
    Action.SUBSCRIBE_OPEN: Answer(subscription.on_open),
    Action.SUBSCRIPTION_EDIT: AnswerAbout(subscription.on_edit, About.REPOSITORY),
    Action.UNSUBSCRIBE: Decision(subscription.unsubscribe, About.REPOSITORY),
    Action.DIGEST_NOW: Answer(digest.on_now),
    Action.DIGEST_SETTINGS: Answer(digest.on_settings),
    Action.AUTHOR_RERUN: AnswerAbout(author.on_rerun, About.REPOSITORY),
    Action.AUTHOR_MINE: AnswerAbout(author.on_mine, About.REPOSITORY),
    Action.AUTHOR_SILENCE: AnswerAbout(author.on_silence, About.REPOSITORY),
    Action.AUTHOR_RESUME: AnswerAbout(author.on_resume, About.REPOSITORY),
}
SUBMISSIONS: Mapping[Callback, Listener[ViewSubmission]] = {
    Callback.QUARANTINE: AnswerAbout(quarantine.on_propose, About.CASE),
    Callback.REJECT: Decision(quarantine.reject, About.QUARANTINE, needs=Permission.APPROVE),
    Callback.LABEL: Decision(quarantine.label, About.CASE),
    Callback.RESUME: Decision(quarantine.resume, About.QUARANTINE, needs=Permission.APPROVE),
    Callback.BUDGET: Decision(quarantine.approve_instead, About.QUARANTINE, needs=Permission.APPROVE),
    Callback.EXTEND: Decision(quarantine_edit.extend, About.QUARANTINE, needs=Permission.APPROVE),
    Callback.ASSIGN: Decision(quarantine_edit.assign, About.QUARANTINE),
    Callback.MUTE: Decision(quarantine_edit.mute, About.CASE),
    Callback.INCIDENT: Answer(incident.on_start),
    Callback.CHOOSE: Answer(case.on_choose),
    Callback.RUN: Answer(run.on_run_form),
    Callback.SUBSCRIBE: Answer(subscription.on_subscribe),
    Callback.HOURS: Answer(digest.on_hours),
    Callback.SETTINGS: Answer(settings.on_save),
}
SUGGESTIONS: Mapping[Action, Callable[[SlackContext, BlockSuggestion], Sequence[Element]]] = {
    Action.PICK: case_picker.suggest,
}
