"""Every Slack listener, registered in one place: which id leads to which function."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from slack_bolt import Ack, App, BoltResponse
from slack_bolt.authorization import AuthorizeResult

from bot import telemetry
from bot.commands import quarantine, triage
from bot.commands.door import Body, Door, Handler, acknowledge, guarded, now
from bot.errors import FlakeGuardError
from bot.slack import answers
from bot.slack.client import BotIdentity
from bot.slack.names import Action, Callback
from bot.store import deliveries

COMMAND = "/flakeguard"
THREADS = 20
_log = telemetry.logger(__name__)

ACTIONS: Mapping[Action, Handler] = {
    Action.QUARANTINE_OPEN: quarantine.on_open,
    Action.LABEL_OPEN: quarantine.on_label_open,
    Action.DETAILS: triage.on_details,
    Action.APPROVE: quarantine.on_approve,
    Action.REJECT_OPEN: quarantine.on_reject_open,
    Action.WITHDRAW: quarantine.on_withdraw,
    Action.LIFT: quarantine.on_lift,
    Action.RESUME_OPEN: quarantine.on_resume_open,
    Action.MENU_STATUS: triage.on_status,
    Action.MENU_QUARANTINED: triage.on_quarantined,
    Action.MENU_PROPOSED: triage.on_proposed,
    Action.MENU_EXPIRING: triage.on_expiring,
    Action.MENU_BROKEN: triage.on_broken,
}
SUBMISSIONS: Mapping[Callback, Handler] = {
    Callback.QUARANTINE: quarantine.on_propose,
    Callback.REJECT: quarantine.on_reject,
    Callback.LABEL: quarantine.on_label,
    Callback.RESUME: quarantine.on_resume,
}


def build(door: Door, *, signing_secret: str | None, token: str) -> App:
    """The Bolt app; without a signing secret it serves Socket Mode only."""
    identity: list[BotIdentity] = []

    def authorize() -> AuthorizeResult:
        """Answer from memory once Slack has told who the bot is; a Slack that is away does not hold up a click."""
        if not identity:
            try:
                identity.append(door.slack.probe())
            except FlakeGuardError as error:
                _log.warning("Slack did not say who the bot is", reason=str(error))
                return AuthorizeResult(enterprise_id=None, team_id=None, bot_token=token)
        one = identity[0]
        return AuthorizeResult(enterprise_id=None, team_id=one.team_id, bot_token=token, bot_user_id=one.bot_user_id)

    app = App(
        authorize=authorize,
        signing_secret=signing_secret or "socket-mode-only",
        client=door.slack.web,
        listener_executor=ThreadPoolExecutor(THREADS, thread_name_prefix="slack"),
        raise_error_for_unhandled_request=False,
    )
    app.command(COMMAND)(ack=acknowledge, lazy=[guarded(door, triage.on_command)])
    for action, handler in ACTIONS.items():
        app.action(action.value)(ack=acknowledge, lazy=[guarded(door, handler)])
    for callback, handler in SUBMISSIONS.items():
        app.view(callback.value)(ack=_check(callback), lazy=[_valid_only(callback, guarded(door, handler))])
    app.view_closed(re.compile(".*"))(ack=acknowledge, lazy=[])
    app.action(re.compile(".*"))(ack=acknowledge, lazy=[guarded(door, _on_unknown)])
    app.event("app_home_opened")(_on_home(door))
    app.event(re.compile(".*"))(_on_other)
    app.error(_on_error)
    return app


def _check(callback: Callback) -> Callable[..., None]:
    def check(ack: Ack, body: Mapping[str, Any]) -> None:
        errors = quarantine.check_form(callback.value, Body.model_validate(body))
        if errors:
            ack(response_action="errors", errors=errors)
        else:
            ack()

    return check


def _valid_only(callback: Callback, run: Callable[[Mapping[str, Any]], None]) -> Callable[..., None]:
    def act(body: Mapping[str, Any]) -> None:
        if not quarantine.check_form(callback.value, Body.model_validate(body)):
            run(body)

    return act


def _on_home(door: Door) -> Callable[..., None]:
    def on_home(event: Mapping[str, Any], body: Mapping[str, Any]) -> None:
        try:
            with door.db.begin() as session:
                if not deliveries.insert_slack_event(session, str(body.get("event_id", "")), now()):
                    return
            triage.on_home(door, str(event["user"]))
        except FlakeGuardError as error:
            _log.warning("home could not be shown", reason=str(error))

    return on_home


def _on_unknown(door: Door, body: Body) -> None:
    door.answer(body, answers.error("This button is from an older version. Ask for the test again."))


def _on_other() -> None:
    """Every other event is only acknowledged."""


def _on_error(error: Exception) -> BoltResponse:
    _log.error("listener failed", exc_info=error)
    return BoltResponse(status=200, body="")
