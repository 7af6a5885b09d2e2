"""Every Slack listener, registered in one place; Bolt is known here alone among the commands."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from pydantic import ValidationError
from slack_bolt import Ack, App, BoltContext, BoltRequest, BoltResponse
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.error import BoltUnhandledRequestError
from slack_bolt.lazy_listener.thread_runner import ThreadLazyListenerRunner

from bot import telemetry
from bot.commands import (
    account,
    author,
    case,
    case_list,
    case_picker,
    digest,
    home,
    incident,
    installation,
    menu,
    quarantine,
    quarantine_edit,
    repository,
    run,
    settings,
    subscription,
)
from bot.commands.request.context import SlackApp, SlackContext
from bot.commands.request.pipeline import Answer, AnswerAbout, Decision, Listener, Sender, admit, serve
from bot.commands.request.submission import Submissions
from bot.errors import FlakeGuardError
from bot.queries.access import About, Permission
from bot.slack.block_kit import Element
from bot.slack.event_payloads import AppHomeOpened, AppMention, LifecycleEvent, LinkShared
from bot.slack.ids import OUTDATED, Action, Callback, ShortcutId
from bot.slack.manifest import COMMAND
from bot.slack.payloads import (
    BlockAction,
    BlockSuggestion,
    Interaction,
    MessageShortcut,
    Request,
    Shortcut,
    SlashCommand,
    ViewSubmission,
)
from bot.slack.views import modal, response
from bot.store.workspaces import workspace as workspace_store
from bot.store.workspaces.workspace import Workspace

THREADS = 20
_log = telemetry.logger(__name__)
_STRANGER = "FlakeGuard is not installed in this workspace, or has not heard from Slack yet. Try again in a minute."
R = TypeVar("R", bound=Request)

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


def build(slack: SlackApp, *, signing_secret: str | None) -> App:
    """The Bolt app; without a signing secret it serves Socket Mode only."""
    logger = logging.getLogger("slack_bolt")
    app = App(
        authorize=_authorize(slack),
        client=slack.slacks.anonymous.web,
        logger=logger,
        signing_secret=signing_secret or "socket-mode-only",
        listener_executor=ThreadPoolExecutor(THREADS, thread_name_prefix="acknowledge"),
        raise_error_for_unhandled_request=True,
    )
    # What waits for a Slack that hangs must not keep others from being acknowledged within three seconds.
    handlers = ThreadPoolExecutor(THREADS, thread_name_prefix="slack")
    app.listener_runner.lazy_listener_runner = ThreadLazyListenerRunner(logger=logger, executor=handlers)
    app.middleware(_stop_strangers(slack))
    app.command(COMMAND)(ack=_acknowledge, lazy=[_lazy(slack, SlashCommand.model_validate, Answer(menu.on_command))])
    for action, listener in ACTIONS.items():
        app.action(action.value)(ack=_acknowledge, lazy=[_lazy(slack, BlockAction.model_validate, listener)])
    find_test = _lazy(slack, Shortcut.model_validate, Answer(quarantine.on_shortcut))
    app.shortcut(ShortcutId.QUARANTINE.value)(ack=_acknowledge, lazy=[find_test])
    explain_run = _lazy(slack, MessageShortcut.model_validate, Answer(run.on_shortcut))
    app.shortcut(ShortcutId.RUN.value)(ack=_acknowledge, lazy=[explain_run])
    submissions = Submissions()
    for callback, submission in SUBMISSIONS.items():
        app.view(callback.value)(_submitted(slack, submissions, submission))
    for action, suggest in SUGGESTIONS.items():
        app.options(action.value)(_suggesting(slack, suggest))
    home_opened = _lazy(slack, AppHomeOpened.model_validate, Answer(home.on_opened))
    app.event("app_home_opened")(ack=_acknowledge, lazy=[home_opened])
    mentioned = _lazy(slack, AppMention.model_validate, Answer(menu.on_mention))
    app.event("app_mention")(ack=_acknowledge, lazy=[mentioned])
    link_shared = _lazy(slack, LinkShared.model_validate, Answer(home.on_link_shared))
    app.event("link_shared")(ack=_acknowledge, lazy=[link_shared])
    for name in installation.HANDLERS:
        app.event(name)(_on_lifecycle_event(slack))
    _register_unknown(slack, app)
    app.error(_on_error)
    return app


def finish(app: App) -> None:
    """Wait until everything that was acknowledged is done; nothing more is taken."""
    app.listener_runner.listener_executor.shutdown()
    lazy = app.listener_runner.lazy_listener_runner
    if isinstance(lazy, ThreadLazyListenerRunner):
        lazy.executor.shutdown()


def _register_unknown(slack: SlackApp, app: App) -> None:
    """Answer what is none of ours, or not any more."""
    everything = re.compile(".*", re.DOTALL)
    outdated = _lazy(slack, Interaction.model_validate, Answer(_on_unknown))
    app.view_closed(everything)(ack=_acknowledge, lazy=[])
    app.command(everything)(_on_other_command)
    app.action(everything)(ack=_acknowledge, lazy=[outdated])
    app.shortcut(everything)(ack=_acknowledge, lazy=[outdated])
    app.view(everything)(_on_other_view)
    app.options(everything)(_on_other_menu)
    app.event(everything)(_on_other_event)


def _authorize(slack: SlackApp) -> Callable[..., AuthorizeResult]:
    """Say whose request it is, by our own records: a Slack that is away does not hold up a click."""

    def authorize(context: BoltContext, enterprise_id: str | None, team_id: str | None) -> AuthorizeResult:
        workspace = _resolve(slack, enterprise_id or "", team_id or "")
        context["workspace"] = workspace
        return AuthorizeResult(
            enterprise_id=enterprise_id, team_id=team_id, bot_user_id=workspace.bot_user_id if workspace else None
        )

    return authorize


def _resolve(slack: SlackApp, enterprise_id: str, team_id: str) -> Workspace | None:
    """The installation a request comes from; Slack is asked only until the team of our own token is known."""
    with slack.db.begin() as session:
        workspace = workspace_store.find(session, enterprise_id, team_id)
        by_token = workspace_store.find_by_token(session) if workspace is None else None
    if by_token is not None and not by_token.is_known:
        workspace = slack.identify()
    return workspace if workspace is not None and _is_of(workspace, enterprise_id, team_id) else None


def _is_of(workspace: Workspace, enterprise_id: str, team_id: str) -> bool:
    return team_id == workspace.team_id or (workspace.is_organisation and enterprise_id == workspace.enterprise_id)


def _stop_strangers(slack: SlackApp) -> Callable[..., BoltResponse | None]:
    """A middleware that answers 200 to a workspace that is not known, as Slack asks for, and does nothing for it."""

    def stop(
        context: BoltContext,
        body: Mapping[str, Any],
        next: Callable[[], None],  # noqa: A002  # Bolt injects by this name
    ) -> BoltResponse | None:
        if "workspace" not in context:  # Bolt does not authorize the end of an installation
            context["workspace"] = _resolve(slack, context.enterprise_id or "", context.team_id or "")
        if context["workspace"] is not None:
            next()
            return None
        if event_id := body.get("event_id"):
            with slack.db.begin() as session:  # sent again, it must not end what is installed meanwhile
                installation.claim(session, str(event_id), slack.clock())
        _log.info("request of an unknown workspace", team=context.team_id, enterprise=context.enterprise_id)
        return BoltResponse(status=200, body=_STRANGER if "command" in body else "")

    return stop


def _acknowledge(ack: Ack) -> None:
    ack()


def _sender(context: BoltContext) -> Sender:
    return Sender(context.actor_enterprise_id or "", context.actor_team_id or "")


def _lazy(slack: SlackApp, decode: Callable[[Mapping[str, Any]], R], listener: Listener[R]) -> Callable[..., None]:
    """A listener as Bolt's lazy function, which runs after the acknowledgement."""

    def run(body: Mapping[str, Any], context: BoltContext, request: BoltRequest) -> None:
        try:
            payload = decode(body)
        except ValidationError as error:
            faults = error.errors(include_input=False)  # the input is what people wrote
            _log.error("request of a form that is not known", handler=listener.name, faults=faults)
            return
        if not payload.actor.id:  # what another app did has nobody to be answered
            return
        is_retry = request.headers.get("x-slack-retry-num", ["0"])[0] != "0"
        serve(listener, slack.context_for(context["workspace"], payload, is_retry=is_retry), _sender(context), payload)

    run.__name__ = listener.name
    return run


def _submitted(slack: SlackApp, submissions: Submissions, listener: Listener[ViewSubmission]) -> Callable[..., None]:
    def submitted(ack: Ack, body: Mapping[str, Any], context: BoltContext, request: BoltRequest) -> None:
        payload = ViewSubmission.model_validate(body)
        is_retry = request.headers.get("x-slack-retry-num", ["0"])[0] != "0"
        slack_context = slack.context_for(context["workspace"], payload, is_retry=is_retry)
        outcome = submissions.serve(listener, slack_context, _sender(context), payload)
        if outcome.errors:
            ack(response_action="errors", errors={field.value: text for field, text in outcome.errors.items()})
        elif outcome.view is not None:
            ack(response_action="update", view=outcome.view.payload())
        else:
            ack()

    return submitted


def _suggesting(
    slack: SlackApp, suggest: Callable[[SlackContext, BlockSuggestion], Sequence[Element]]
) -> Callable[..., None]:
    """Return the options of a menu while a person types; none if they cannot be read."""

    def options(ack: Ack, body: Mapping[str, Any], context: BoltContext) -> None:
        found: Sequence[Element] = ()
        try:
            suggestion = BlockSuggestion.model_validate(body)
            slack_context = slack.context_for(context["workspace"], suggestion)
            admit(slack_context, _sender(context))
            found = suggest(slack_context, suggestion)
        except FlakeGuardError as error:
            _log.warning("no suggestions", reason=str(error))
        ack(options=[dict(option) for option in found])

    return options


def _on_lifecycle_event(slack: SlackApp) -> Callable[..., None]:
    def on_event(body: Mapping[str, Any], context: BoltContext) -> None:
        workspace: Workspace = context["workspace"]
        with telemetry.correlated(telemetry.new_id(), workspace=workspace.id), slack.db.begin() as session:
            installation.handle(session, workspace, LifecycleEvent.model_validate(body), slack.clock())

    return on_event


def _on_unknown(context: SlackContext, _interaction: Interaction) -> None:
    context.answer(response.error(OUTDATED))


def _on_other_command(ack: Ack) -> None:
    ack(text=f"FlakeGuard answers to {COMMAND}. Type {COMMAND} help.")


def _on_other_view(ack: Ack) -> None:
    ack(response_action="update", view=modal.info("Not done", OUTDATED).payload())


def _on_other_menu(ack: Ack) -> None:
    ack(options=[])


def _on_other_event() -> None:
    """Every other event is only acknowledged."""


def _on_error(error: Exception) -> BoltResponse:
    if isinstance(error, BoltUnhandledRequestError):
        _log.info("request that nothing here is for", kind=error.body.get("type"))
        return BoltResponse(status=200, body="")
    _log.error("listener failed", exc_info=error)
    return BoltResponse(status=200, body="")
