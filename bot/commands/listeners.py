"""Every Slack listener, registered in one place: which id leads to which function."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from slack_bolt import Ack, App, BoltContext, BoltRequest, BoltResponse
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.error import BoltUnhandledRequestError
from slack_bolt.lazy_listener.thread_runner import ThreadLazyListenerRunner

from bot import telemetry
from bot.commands import (
    account,
    author,
    case,
    case_action,
    case_list,
    case_picker,
    digest,
    health,
    home,
    incident,
    installation,
    menu,
    quarantine,
    quarantine_edit,
    settings,
    shared_link,
    storm,
    subscription,
    top,
)
from bot.commands import run as runs
from bot.commands.context import OUTDATED, Body, Door, Entrance, Handler
from bot.commands.pipeline import About, Listener, acknowledge, guarded, require_member
from bot.commands.submission import Submission, Submissions
from bot.errors import FlakeGuardError
from bot.slack.block_kit import Element
from bot.slack.ids import Action, Callback, Shortcut
from bot.slack.manifest import COMMAND
from bot.slack.views import modal, response
from bot.store.workspaces import workspace as workspace_store
from bot.store.workspaces.workspace import Workspace

Suggest = Callable[[Door, Body], Sequence[Element]]
"""What fits the text that a person types into a menu."""
THREADS = 20
_log = telemetry.logger(__name__)
_STRANGER = "FlakeGuard is not installed in this workspace, or has not heard from Slack yet. Try again in a minute."

ACTIONS: Mapping[Action, Listener] = {
    Action.QUARANTINE_OPEN: Listener(About.CASE, quarantine.on_open),
    Action.LABEL_OPEN: Listener(About.CASE, quarantine.on_label_open),
    Action.DETAILS: Listener(About.CASE, case.on_details),
    Action.WHY: Listener(About.CASE, case.on_why),
    Action.MORE: Listener(About.CASE, case_action.on_more),
    Action.PICK: Listener(About.CASE, case_action.on_pick),
    Action.APPROVE: Listener(About.QUARANTINE, quarantine.on_approve),
    Action.REJECT_OPEN: Listener(About.QUARANTINE, quarantine.on_reject_open),
    Action.WITHDRAW: Listener(About.QUARANTINE, quarantine.on_withdraw),
    Action.LIFT: Listener(About.QUARANTINE, quarantine.on_lift),
    Action.RESUME_OPEN: Listener(About.QUARANTINE, quarantine.on_resume_open),
    Action.CONNECT: Listener(About.NOTHING, account.on_opened),
    Action.WHOAMI: Listener(About.NOTHING, account.on_whoami),
    Action.DISCONNECT: Listener(About.NOTHING, account.on_disconnect),
    Action.EXTEND_OPEN: Listener(About.QUARANTINE, quarantine_edit.on_extend_open),
    Action.RERUN_FAILED: Listener(About.REPOSITORY, runs.on_rerun_failed),
    Action.RERUN_ALL: Listener(About.REPOSITORY, runs.on_rerun_all),
    Action.SHARE: Listener(About.REPOSITORY, health.on_share),
    Action.INCIDENT_OPEN: Listener(About.NOTHING, incident.on_open),
    Action.INCIDENT_END: Listener(About.REPOSITORY, incident.on_end),
    Action.MENU_TOP: Listener(About.NOTHING, top.on_top),
    Action.FIND_OPEN: Listener(About.NOTHING, case.on_find_open),
    Action.RUN_OPEN: Listener(About.NOTHING, runs.on_run_open),
    Action.MENU_HELP: Listener(About.NOTHING, menu.on_help),
    Action.CARRY_ON: Listener(About.NOTHING, menu.on_carry_on),
    Action.MENU_STATUS: Listener(About.NOTHING, health.on_status),
    Action.MENU_SETTINGS: Listener(About.NOTHING, settings.on_open),
    Action.MENU_HEALTH: Listener(About.NOTHING, health.on_health),
    Action.MENU_QUARANTINED: Listener(About.NOTHING, case_list.on_quarantined),
    Action.MENU_PROPOSED: Listener(About.NOTHING, case_list.on_proposed),
    Action.MENU_EXPIRING: Listener(About.NOTHING, case_list.on_expiring),
    Action.MENU_BROKEN: Listener(About.NOTHING, case_list.on_broken),
    Action.HOME_BACK: Listener(About.NOTHING, home.on_page),
    Action.HOME_NEXT: Listener(About.NOTHING, home.on_page),
    Action.STORM_TESTS: Listener(About.REPOSITORY, storm.on_tests),
    Action.SUBSCRIBE_OPEN: Listener(About.NOTHING, subscription.on_open),
    Action.SUBSCRIPTION_EDIT: Listener(About.REPOSITORY, subscription.on_edit),
    Action.UNSUBSCRIBE: Listener(About.REPOSITORY, subscription.on_unsubscribe),
    Action.MENU_SUBSCRIPTIONS: Listener(About.NOTHING, subscription.on_list),
    Action.DIGEST_NOW: Listener(About.NOTHING, digest.on_now),
    Action.DIGEST_SETTINGS: Listener(About.NOTHING, digest.on_settings),
    Action.AUTHOR_RERUN: Listener(About.REPOSITORY, author.on_rerun),
    Action.AUTHOR_MINE: Listener(About.REPOSITORY, author.on_mine),
    Action.AUTHOR_SILENCE: Listener(About.REPOSITORY, author.on_silence),
    Action.AUTHOR_RESUME: Listener(About.REPOSITORY, author.on_resume),
}
SHORTCUTS: Mapping[Shortcut, Listener] = {
    Shortcut.QUARANTINE: Listener(About.NOTHING, quarantine.on_shortcut),
    Shortcut.RUN: Listener(About.NOTHING, runs.on_shortcut),
}
SUBMISSIONS: Mapping[Callback, Submission] = {
    Callback.QUARANTINE: Submission(About.CASE, quarantine.on_propose),
    Callback.REJECT: Submission(About.QUARANTINE, quarantine.on_reject),
    Callback.LABEL: Submission(About.CASE, quarantine.on_label),
    Callback.RESUME: Submission(About.QUARANTINE, quarantine.on_resume),
    Callback.BUDGET: Submission(About.QUARANTINE, quarantine.on_budget),
    Callback.EXTEND: Submission(About.QUARANTINE, quarantine_edit.on_extend),
    Callback.ASSIGN: Submission(About.QUARANTINE, quarantine_edit.on_assign),
    Callback.MUTE: Submission(About.CASE, quarantine_edit.on_mute),
    Callback.INCIDENT: Submission(About.NOTHING, incident.on_start),
    Callback.CHOOSE: Submission(About.NOTHING, case_action.on_choose),
    Callback.RUN: Submission(About.NOTHING, runs.on_run_form),
    Callback.SUBSCRIBE: Submission(About.NOTHING, subscription.on_subscribe),
    Callback.HOURS: Submission(About.NOTHING, digest.on_hours),
    Callback.SETTINGS: Submission(About.NOTHING, settings.on_save),
}
EVENTS: Mapping[str, Handler] = {
    "app_home_opened": home.on_opened,
    "link_shared": shared_link.on_link_shared,
    "app_mention": menu.on_command,
}
SUGGESTIONS: Mapping[Action, Suggest] = {
    Action.PICK: case_picker.suggest,
}


def build(entrance: Entrance, *, signing_secret: str | None) -> App:
    """The Bolt app; without a signing secret it serves Socket Mode only."""
    logger = logging.getLogger("slack_bolt")
    app = App(
        authorize=_authorize(entrance),
        client=entrance.slacks.anonymous.web,
        logger=logger,
        signing_secret=signing_secret or "socket-mode-only",
        listener_executor=ThreadPoolExecutor(THREADS, thread_name_prefix="acknowledge"),
        raise_error_for_unhandled_request=True,
    )
    # What waits for a Slack that hangs must not keep others from being acknowledged within three seconds.
    handlers = ThreadPoolExecutor(THREADS, thread_name_prefix="slack")
    app.listener_runner.lazy_listener_runner = ThreadLazyListenerRunner(logger=logger, executor=handlers)
    app.middleware(_stop_strangers(entrance))
    app.command(COMMAND)(ack=acknowledge, lazy=[guarded(entrance, Listener(About.NOTHING, menu.on_command))])
    for action, listener in ACTIONS.items():
        app.action(action.value)(ack=acknowledge, lazy=[guarded(entrance, listener)])
    for shortcut, listener in SHORTCUTS.items():
        app.shortcut(shortcut.value)(ack=acknowledge, lazy=[guarded(entrance, listener)])
    submissions = Submissions(entrance)
    for callback, submission in SUBMISSIONS.items():
        app.view(callback.value)(submissions.listener(submission))
    for action, suggest in SUGGESTIONS.items():
        app.options(action.value)(_suggesting(entrance, suggest))
    everything, unknown = re.compile(".*", re.DOTALL), guarded(entrance, Listener(About.NOTHING, _on_unknown))
    app.view_closed(everything)(ack=acknowledge, lazy=[])
    app.command(everything)(_on_other_command)
    app.action(everything)(ack=acknowledge, lazy=[unknown])
    app.shortcut(everything)(ack=acknowledge, lazy=[unknown])
    app.view(everything)(_on_other_view)
    app.options(everything)(_on_other_menu)
    for event, handler in EVENTS.items():
        app.event(event)(ack=acknowledge, lazy=[_on_event(entrance, handler)])
    for event, happening in installation.HANDLERS.items():
        app.event(event)(installation.listener(entrance, happening))
    app.event(re.compile(".*"))(_on_other)
    app.error(_on_error)
    return app


def _authorize(entrance: Entrance) -> Callable[..., AuthorizeResult]:
    """Say whose request it is, by our own records: a Slack that is away does not hold up a click."""

    def authorize(context: BoltContext, enterprise_id: str | None, team_id: str | None) -> AuthorizeResult:
        found = _resolve(entrance, enterprise_id or "", team_id or "")
        context["workspace"] = found
        return AuthorizeResult(
            enterprise_id=enterprise_id, team_id=team_id, bot_user_id=found.bot_user_id if found else None
        )

    return authorize


def _resolve(entrance: Entrance, enterprise_id: str, team_id: str) -> Workspace | None:
    """The installation a request comes from; Slack is asked only while it has not told whose token ours is."""
    with entrance.db.begin() as session:
        found = workspace_store.find(session, enterprise_id, team_id)
        unidentified = (
            found is None and (one := workspace_store.find_by_token(session)) is not None and not one.is_known
        )
    if unidentified:
        found = entrance.identify()
    return found if found is not None and _is_of(found, enterprise_id, team_id) else None


def _is_of(workspace: Workspace, enterprise_id: str, team_id: str) -> bool:
    return team_id == workspace.team_id or (workspace.is_organisation and enterprise_id == workspace.enterprise_id)


def _stop_strangers(entrance: Entrance) -> Callable[..., BoltResponse | None]:
    """A middleware that answers 200 to a workspace that is not known, as Slack asks for, and does nothing for it."""

    def stop(
        context: BoltContext,
        body: Mapping[str, Any],
        next: Callable[[], None],  # noqa: A002  # Bolt injects by this name
    ) -> BoltResponse | None:
        if "workspace" not in context:  # Bolt does not authorize the end of an installation
            context["workspace"] = _resolve(entrance, context.enterprise_id or "", context.team_id or "")
        if context["workspace"] is not None:
            next()
            return None
        if event_id := body.get("event_id"):
            with entrance.db.begin() as session:  # sent again, it must not end what is installed meanwhile
                installation.take(session, str(event_id))
        _log.info("request of an unknown workspace", team=context.team_id, enterprise=context.enterprise_id)
        return BoltResponse(status=200, body=_STRANGER if "command" in body else "")

    return stop


def _suggesting(entrance: Entrance, suggest: Suggest) -> Callable[..., None]:
    """A Bolt listener that answers what a menu asks for while a person types; nothing where that cannot be said."""

    def options(ack: Ack, body: Mapping[str, Any], context: BoltContext) -> None:
        found: Sequence[Element] = ()
        workspace: Workspace = context["workspace"]
        try:
            asked = Body.model_validate(body)
            require_member(workspace, context, asked)
            found = suggest(entrance.admit(workspace), asked)
        except FlakeGuardError as error:
            _log.warning("no suggestions", reason=str(error))
        ack(options=[dict(one) for one in found])

    return options


def _on_event(entrance: Entrance, handler: Handler) -> Callable[..., None]:
    """A Bolt listener for an event that somebody caused: the same event again does nothing."""
    run = guarded(entrance, Listener(About.NOTHING, handler))

    def on_event(event: Mapping[str, Any], body: Mapping[str, Any], context: BoltContext, request: BoltRequest) -> None:
        asked = {
            "user_id": event.get("user"),
            "channel_id": event.get("channel"),
            "text": event.get("text"),
            "trigger_id": body.get("event_id"),
            "is_event": True,
            "container": {"thread_ts": event.get("thread_ts"), "message_ts": event.get("message_ts")},
            "links": event.get("links"),
            "unfurl_id": event.get("unfurl_id"),
            "source": event.get("source"),
            "tab": event.get("tab"),
        }
        if asked["user_id"]:  # what another app said has nobody to be answered
            run(asked, context, request)

    return on_event


def _on_unknown(door: Door, body: Body) -> None:
    door.answer(body, response.error(OUTDATED))


def _on_other_command(ack: Ack) -> None:
    ack(text=f"FlakeGuard answers to {COMMAND}. Type {COMMAND} help.")


def _on_other_view(ack: Ack) -> None:
    ack(response_action="update", view=modal.info("Not done", OUTDATED).payload())


def _on_other_menu(ack: Ack) -> None:
    ack(options=[])


def _on_other() -> None:
    """Every other event is only acknowledged."""


def _on_error(error: Exception) -> BoltResponse:
    if isinstance(error, BoltUnhandledRequestError):
        _log.info("request that nothing here is for", kind=error.body.get("type"))
        return BoltResponse(status=200, body="")
    _log.error("listener failed", exc_info=error)
    return BoltResponse(status=200, body="")
