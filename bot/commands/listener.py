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
from bot.commands import handler, installation
from bot.commands.request.context import SlackApp, SlackContext
from bot.commands.request.pipeline import Answer, Listener, Sender, admit, serve
from bot.commands.request.submission import Submissions
from bot.errors import FlakeGuardError
from bot.slack.block_kit import Element
from bot.slack.event_payloads import AppHomeOpened, AppMention, LifecycleEvent, LinkShared
from bot.slack.ids import OUTDATED, ShortcutId
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
Decoder = Callable[[Mapping[str, Any]], R]


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

    def register(constraint: Callable[..., object], decode: Decoder[R], listener: Listener[R]) -> None:
        constraint(ack=_acknowledge, lazy=[_lazy(slack, decode, listener)])

    register(app.command(COMMAND), SlashCommand.model_validate, handler.COMMAND)
    register(app.shortcut(ShortcutId.QUARANTINE.value), Shortcut.model_validate, handler.SHORTCUT)
    register(app.shortcut(ShortcutId.RUN.value), MessageShortcut.model_validate, handler.MESSAGE_SHORTCUT)
    register(app.event("app_home_opened"), AppHomeOpened.model_validate, handler.HOME_OPENED)
    register(app.event("app_mention"), AppMention.model_validate, handler.MENTION)
    register(app.event("link_shared"), LinkShared.model_validate, handler.LINK_SHARED)
    for action, listener in handler.ACTIONS.items():
        register(app.action(action.value), BlockAction.model_validate, listener)
    submissions = Submissions()
    for callback, submission in handler.SUBMISSIONS.items():
        app.view(callback.value)(_submitted(slack, submissions, submission))
    for action, suggest in handler.SUGGESTIONS.items():
        app.options(action.value)(_suggesting(slack, suggest))
    for name in installation.HANDLERS:
        app.event(name)(_on_lifecycle_event(slack))
    # What is none of ours, or not any more.
    everything = re.compile(".*", re.DOTALL)
    outdated: Listener[Interaction] = Answer(_on_unknown)
    register(app.action(everything), Interaction.model_validate, outdated)
    register(app.shortcut(everything), Interaction.model_validate, outdated)
    app.view_closed(everything)(_acknowledge)
    app.command(everything)(_on_other_command)
    app.view(everything)(_on_other_view)
    app.options(everything)(_on_other_menu)
    app.event(everything)(_on_other_event)
    app.error(_on_error)
    return app


def finish(app: App) -> None:
    """Wait until everything that was acknowledged is done; nothing more is taken."""
    app.listener_runner.listener_executor.shutdown()
    lazy = app.listener_runner.lazy_listener_runner
    if isinstance(lazy, ThreadLazyListenerRunner):
        lazy.executor.shutdown()


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


def _lazy(slack: SlackApp, decode: Decoder[R], listener: Listener[R]) -> Callable[..., None]:
    """A listener as Bolt's lazy function, which runs after the acknowledgement."""

    def run(body: Mapping[str, Any], context: BoltContext, request: BoltRequest) -> None:
        payload = _decoded(decode, body, listener.name)
        if payload is not None and payload.actor.id:  # what another app did has nobody to be answered
            serve(listener, _context_for(slack, payload, context, request), _sender(context), payload)

    run.__name__ = listener.name
    return run


def _submitted(slack: SlackApp, submissions: Submissions, listener: Listener[ViewSubmission]) -> Callable[..., None]:
    def submitted(ack: Ack, body: Mapping[str, Any], context: BoltContext, request: BoltRequest) -> None:
        payload = _decoded(ViewSubmission.model_validate, body, listener.name)
        if payload is None:
            _on_other_view(ack)
            return
        slack_context = _context_for(slack, payload, context, request)
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

    def options(ack: Ack, body: Mapping[str, Any], context: BoltContext, request: BoltRequest) -> None:
        elements: Sequence[Element] = ()
        try:
            if (suggestion := _decoded(BlockSuggestion.model_validate, body, suggest.__name__)) is not None:
                slack_context = _context_for(slack, suggestion, context, request)
                admit(slack_context, _sender(context))
                elements = suggest(slack_context, suggestion)
        except FlakeGuardError as error:
            _log.warning("no suggestions", reason=str(error))
        ack(options=[dict(element) for element in elements])

    return options


def _decoded(decode: Decoder[R], body: Mapping[str, Any], name: str) -> R | None:
    try:
        return decode(body)
    except ValidationError as error:
        faults = error.errors(include_input=False)  # the input is what people wrote
        _log.error("request of a form that is not known", handler=name, faults=faults)
        return None


def _context_for(slack: SlackApp, payload: Request, context: BoltContext, request: BoltRequest) -> SlackContext:
    is_retry = request.headers.get("x-slack-retry-num", ["0"])[0] != "0"
    return slack.context_for(context["workspace"], payload, is_retry=is_retry)


def _sender(context: BoltContext) -> Sender:
    return Sender(context.actor_enterprise_id or "", context.actor_team_id or "")


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
    _log.error("listener failed", incident=telemetry.new_id(), exc_info=error)
    return BoltResponse(status=200, body="")
