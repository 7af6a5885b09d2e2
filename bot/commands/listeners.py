"""Every Slack listener, registered in one place: which id leads to which function."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from slack_bolt import Ack, App, BoltContext, BoltRequest, BoltResponse
from slack_bolt.authorization import AuthorizeResult

from bot import telemetry
from bot.commands import quarantine, triage
from bot.commands.door import (
    OUTDATED,
    About,
    Body,
    Door,
    Entrance,
    Listener,
    acknowledge,
    guarded,
    is_new,
    require_member,
)
from bot.errors import FlakeGuardError
from bot.slack import answers
from bot.slack.names import Action, Callback
from bot.store import workspaces
from bot.store.workspaces import Workspace

COMMAND = "/flakeguard"
THREADS = 20
_log = telemetry.logger(__name__)
_STRANGER = "FlakeGuard is not installed in this workspace, or has not heard from Slack yet. Try again in a minute."

ACTIONS: Mapping[Action, Listener] = {
    Action.QUARANTINE_OPEN: Listener(About.CASE, quarantine.on_open),
    Action.LABEL_OPEN: Listener(About.CASE, quarantine.on_label_open),
    Action.DETAILS: Listener(About.CASE, triage.on_details),
    Action.APPROVE: Listener(About.QUARANTINE, quarantine.on_approve),
    Action.REJECT_OPEN: Listener(About.QUARANTINE, quarantine.on_reject_open),
    Action.WITHDRAW: Listener(About.QUARANTINE, quarantine.on_withdraw),
    Action.LIFT: Listener(About.QUARANTINE, quarantine.on_lift),
    Action.RESUME_OPEN: Listener(About.QUARANTINE, quarantine.on_resume_open),
    Action.MENU_STATUS: Listener(About.NOTHING, triage.on_status),
    Action.MENU_QUARANTINED: Listener(About.NOTHING, triage.on_quarantined),
    Action.MENU_PROPOSED: Listener(About.NOTHING, triage.on_proposed),
    Action.MENU_EXPIRING: Listener(About.NOTHING, triage.on_expiring),
    Action.MENU_BROKEN: Listener(About.NOTHING, triage.on_broken),
}
SUBMISSIONS: Mapping[Callback, Listener] = {
    Callback.QUARANTINE: Listener(About.CASE, quarantine.on_propose),
    Callback.REJECT: Listener(About.QUARANTINE, quarantine.on_reject),
    Callback.LABEL: Listener(About.CASE, quarantine.on_label),
    Callback.RESUME: Listener(About.QUARANTINE, quarantine.on_resume),
}


def build(entrance: Entrance, *, signing_secret: str | None) -> App:
    """The Bolt app; without a signing secret it serves Socket Mode only."""
    app = App(
        authorize=_authorize(entrance),
        client=entrance.slacks.web,
        signing_secret=signing_secret or "socket-mode-only",
        listener_executor=ThreadPoolExecutor(THREADS, thread_name_prefix="slack"),
        raise_error_for_unhandled_request=False,
    )
    app.middleware(_stop_strangers)
    app.command(COMMAND)(ack=acknowledge, lazy=[guarded(entrance, Listener(About.NOTHING, triage.on_command))])
    for action, listener in ACTIONS.items():
        app.action(action.value)(ack=acknowledge, lazy=[guarded(entrance, listener)])
    for callback, listener in SUBMISSIONS.items():
        app.view(callback.value)(ack=_check(callback), lazy=[_valid_only(callback, guarded(entrance, listener))])
    app.view_closed(re.compile(".*"))(ack=acknowledge, lazy=[])
    app.action(re.compile(".*"))(ack=acknowledge, lazy=[guarded(entrance, Listener(About.NOTHING, _on_unknown))])
    app.event("app_home_opened")(_on_home(entrance))
    app.event(re.compile(".*"))(_on_other)
    app.error(_on_error)
    return app


def _authorize(entrance: Entrance) -> Callable[..., AuthorizeResult]:
    """Say whose request it is, by our own records: a Slack that is away does not hold up a click."""

    def authorize(context: BoltContext, enterprise_id: str | None, team_id: str | None) -> AuthorizeResult:
        with entrance.db.begin() as session:
            found = workspaces.find(session, enterprise_id or "", team_id or "")
            unidentified = found is None and (one := workspaces.find_by_token(session)) is not None and not one.is_known
        if unidentified:
            found = entrance.identify()
            if found is not None and not _is_of(found, enterprise_id or "", team_id or ""):
                found = None
        context["workspace"] = found
        return AuthorizeResult(
            enterprise_id=enterprise_id, team_id=team_id, bot_user_id=found.bot_user_id if found else None
        )

    return authorize


def _is_of(workspace: Workspace, enterprise_id: str, team_id: str) -> bool:
    return team_id == workspace.team_id or (workspace.is_organisation and enterprise_id == workspace.enterprise_id)


def _stop_strangers(context: BoltContext, body: Mapping[str, Any], next: Callable[[], None]) -> BoltResponse | None:  # noqa: A002  # Bolt injects by this name
    """Answer 200 to a workspace that is not known, as Slack asks for, and do nothing for it."""
    if context.get("workspace") is not None:
        next()
        return None
    _log.info("request of an unknown workspace", team=context.team_id, enterprise=context.enterprise_id)
    return BoltResponse(status=200, body=_STRANGER if "command" in body else "")


def _check(callback: Callback) -> Callable[..., None]:
    def check(ack: Ack, body: Mapping[str, Any]) -> None:
        errors = quarantine.check_form(callback.value, Body.model_validate(body))
        if errors:
            ack(response_action="errors", errors=errors)
        else:
            ack()

    return check


def _valid_only(callback: Callback, run: Callable[..., None]) -> Callable[..., None]:
    def act(body: Mapping[str, Any], context: BoltContext, request: BoltRequest) -> None:
        if not quarantine.check_form(callback.value, Body.model_validate(body)):
            run(body, context, request)

    return act


def _on_home(entrance: Entrance) -> Callable[..., None]:
    def on_home(event: Mapping[str, Any], body: Mapping[str, Any], context: BoltContext, request: BoltRequest) -> None:
        try:
            door = entrance.admit(context["workspace"])
            if is_new(door, str(body.get("event_id", "")), request):
                require_member(door.workspace, context)
                triage.on_home(door, str(event["user"]))
        except FlakeGuardError as error:
            _log.warning("home could not be shown", reason=str(error))

    return on_home


def _on_unknown(door: Door, body: Body) -> None:
    door.answer(body, answers.error(OUTDATED))


def _on_other() -> None:
    """Every other event is only acknowledged."""


def _on_error(error: Exception) -> BoltResponse:
    _log.error("listener failed", exc_info=error)
    return BoltResponse(status=200, body="")
