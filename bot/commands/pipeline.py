"""What stands before every Slack listener: once only, members only, visible things only; and how errors are told."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, assert_never

from pydantic import ValidationError
from slack_bolt import Ack, BoltContext, BoltRequest

from bot import telemetry
from bot.analysis.model import CaseId, QuarantineId, RepositoryId
from bot.commands import account
from bot.commands.context import OUTDATED, Body, Door, Entrance, Handler, now
from bot.errors import FlakeGuardError, NotAllowedError, UserError
from bot.queries import access
from bot.queries.access import NotLinkedError
from bot.slack.views import response
from bot.store.runs import delivery as delivery_store
from bot.store.workspaces.workspace import Workspace

_log = telemetry.logger(__name__)
_TOO_LARGE = 2**63  # for a number of the database
_SHUT_OUT = "FlakeGuard cannot act in this workspace any more. Somebody who manages it has to install FlakeGuard again."


class About(StrEnum):
    """What the id that comes along with a request names; it is looked up and guarded before its handler runs."""

    NOTHING = "nothing"
    CASE = "case_id"
    QUARANTINE = "quarantine_id"
    REPOSITORY = "repository_id"


@dataclass(frozen=True, slots=True)
class Listener:
    """A handler, and what its requests are about."""

    about: About
    handler: Handler


def acknowledge(ack: Ack) -> None:
    """Tell Slack that the request has arrived."""
    ack()


def guarded(entrance: Entrance, listener: Listener) -> Callable[[Mapping[str, Any], BoltContext, BoltRequest], None]:
    """A handler as Bolt's lazy listener, run once per request and only on what its workspace may see.

    Bolt swallows its errors, so they are translated here.
    """
    name = listener.handler.__name__

    def run(body: Mapping[str, Any], context: BoltContext, request: BoltRequest) -> None:
        try:
            asked = Body.model_validate(body)
        except ValidationError as error:
            faults = error.errors(include_input=False)  # the input is what people wrote
            _log.error("request of a form that is not known", handler=name, faults=faults)
            return
        workspace: Workspace = context["workspace"]
        with telemetry.correlated(telemetry.new_id(), actor=asked.actor.subject, workspace=workspace.id):
            try:
                door = entrance.admit(workspace)
            except FlakeGuardError as error:
                _log.warning("request of a workspace that cannot be spoken to", reason=str(error), handler=name)
                attempt(lambda: entrance.answer_without_token(asked, response.error(_SHUT_OUT)))
                return
            try:
                if is_new(door, asked, request):
                    require_member(workspace, context, asked)
                    guard(door, asked, listener.about)
                    listener.handler(door, asked)
            except NotLinkedError as error:
                _log.info("request refused: no linked account", handler=name)
                why = str(error)
                attempt(lambda: account.invite(door, asked, why))
            except FlakeGuardError as error:
                text = str(error) if isinstance(error, UserError) else "That did not work just now. Try again."
                _log.info("request refused", reason=str(error), handler=name)
                _tell(door, asked, text)
            except Exception:  # noqa: BLE001  # the last translator: nothing may be lost silently
                incident = telemetry.new_id()
                _log.exception("request failed", incident=incident, handler=name)
                _tell(door, asked, f"Something went wrong on our side. It was logged as {incident}.")

    run.__name__ = name
    return run


def require_member(workspace: Workspace, context: BoltContext, body: Body) -> None:
    """Raise NotAllowedError for somebody of another company, as a channel shared with it brings along."""
    team = body.user.team_id or context.actor_team_id or ""
    if not workspace.has_member(context.actor_enterprise_id or "", team):
        message = "Only members of the workspace that installed FlakeGuard can use it."
        raise NotAllowedError(message)


def guard(door: Door, body: Body, about: About) -> None:
    """Raise unless everything a request names may be seen by its workspace, and recognise its person.

    A click names it in its value, a form in its private_metadata: there every id of ours counts, whatever the
    form is about.
    """
    named = _named(body)
    if body.actions and about is not About.NOTHING:
        named[about] = body.subject
    if about is not About.NOTHING and about not in named:
        raise UserError(OUTDATED)
    with door.db.begin() as session:
        body.recognise(access.login_of(session, door.workspace, body.actor.id))
        for kind, number in named.items():
            match kind:
                case About.CASE:
                    access.require_case(session, door.workspace, CaseId(number))
                case About.QUARANTINE:
                    access.require_quarantine(session, door.workspace, QuarantineId(number))
                case About.REPOSITORY:
                    access.require_visible(session, door.workspace, RepositoryId(number))
                case About.NOTHING:
                    pass
                case _:
                    assert_never(kind)


def _named(body: Body) -> dict[About, int]:
    try:
        metadata = json.loads(body.view.private_metadata or "{}")
    except ValueError:
        raise UserError(OUTDATED) from None
    if not isinstance(metadata, dict):
        raise UserError(OUTDATED)
    found = {}
    for about in (About.CASE, About.QUARANTINE, About.REPOSITORY):
        value = metadata.get(about.value)
        if value is None:
            continue
        if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < _TOO_LARGE:
            raise UserError(OUTDATED)
        found[about] = value
    return found


def is_new(door: Door, body: Body, request: BoltRequest) -> bool:
    """Whether this is not a request that Slack sends again although it was taken in, believing it was lost.

    An event is known by its id; a click has none that Slack promises, but is not sent again unasked either.
    """
    with door.db.begin() as session:
        first = delivery_store.insert_slack_event(session, f"{door.workspace.id}:{body.trigger_id}", now())
    return first or (not body.is_event and request.headers.get("x-slack-retry-num", ["0"])[0] == "0")


def _tell(door: Door, body: Body, text: str) -> None:
    attempt(lambda: door.answer(body, response.error(text)))


def attempt(answer: Callable[[], None]) -> None:
    """Give an answer; that it cannot be given is only logged, since there is nobody left to tell."""
    try:
        answer()
    except FlakeGuardError as error:
        _log.warning("answer could not be given", reason=str(error))
