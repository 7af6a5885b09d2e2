"""A modal that was submitted: what is wrong is said in place, and what takes long shows that it is being worked on."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from slack_bolt import Ack, BoltContext, BoltRequest

from bot import telemetry
from bot.commands import account
from bot.commands.context import Body, Door, Entrance
from bot.commands.pipeline import About, attempt, guard, is_new, require_member
from bot.errors import FlakeGuardError, UserError
from bot.queries.access import NotLinkedError
from bot.slack.block_kit import View
from bot.slack.views import modal
from bot.slack.views.form import FormError
from bot.store.workspaces.workspace import Workspace

PATIENCE = 1.0
"""Seconds a submission may take before the person is shown that it is being worked on; Slack gives up after three."""
_THREADS = 8
_SETTLE = 0.3
"""Seconds until Slack has surely put the working view in place, so that it does not cover the outcome."""
_log = telemetry.logger(__name__)


@dataclass(frozen=True, slots=True)
class Submission:
    """What a form is about, which is guarded first, and what acts on it.

    A view takes the form's place, None closes it; a FormError is shown at its inputs.
    """

    about: About
    handler: Callable[[Door, Body], View | None]


@dataclass(frozen=True, slots=True)
class _Result:
    view: View | None = None
    errors: Mapping[str, str] | None = None


class Submissions:
    """Answers submissions within Slack's time, whatever the work behind them takes."""

    def __init__(self, entrance: Entrance, *, patience: float = PATIENCE) -> None:
        self._entrance = entrance
        self._patience = patience
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="submission")

    def listener(self, submission: Submission) -> Callable[..., None]:
        """A Bolt listener for the modal of a form."""

        def submitted(ack: Ack, body: Mapping[str, Any], context: BoltContext, request: BoltRequest) -> None:
            asked = Body.model_validate(body)
            work = self._threads.submit(self._perform, submission, asked, context, request)
            try:
                result = work.result(timeout=self._patience)
            except TimeoutError:
                ack(response_action="update", view=modal.working().payload())
                workspace: Workspace = context["workspace"]
                work.add_done_callback(lambda done: self._show(workspace, asked, done.result()))
                return
            if result.errors:
                ack(response_action="errors", errors=dict(result.errors))
            elif result.view is not None:
                ack(response_action="update", view=result.view.payload())
            else:
                ack()

        return submitted

    def _perform(self, submission: Submission, asked: Body, context: BoltContext, request: BoltRequest) -> _Result:
        workspace: Workspace = context["workspace"]
        name = submission.handler.__name__
        with telemetry.correlated(telemetry.new_id(), actor=asked.actor.subject, workspace=workspace.id):
            try:
                door = self._entrance.admit(workspace)
                if not is_new(door, asked, request):
                    return _Result()
                require_member(workspace, context, asked)
                guard(door, asked, submission.about)
                return _Result(view=submission.handler(door, asked))
            except FormError as error:
                return _Result(errors=error.errors)
            except NotLinkedError as error:
                why = str(error)
                attempt(lambda: account.invite(door, asked, why))
                return _Result(view=modal.info("Not done", f"{why} The button for it is in your messages."))
            except FlakeGuardError as error:
                text = str(error) if isinstance(error, UserError) else "That did not work just now. Try again."
                _log.info("form refused", reason=str(error), handler=name)
                return _Result(view=modal.info("Not done", text))
            except Exception:  # noqa: BLE001  # the last translator: nothing may be lost silently
                incident = telemetry.new_id()
                _log.exception("form failed", incident=incident, handler=name)
                return _Result(view=modal.info("Not done", f"Something went wrong on our side: {incident}."))

    def _show(self, workspace: Workspace, asked: Body, result: _Result) -> None:
        """Put the outcome where the working view stands; at the inputs of a form that is gone nothing can be shown."""
        view = result.view or modal.info("Done", "It is done. You can close this window.")
        if result.errors:
            view = modal.info("Not done", " ".join(result.errors.values()))
        time.sleep(_SETTLE)
        try:
            self._entrance.admit(workspace).slack.update_view(asked.view.id, view)
        except FlakeGuardError as error:
            _log.warning("outcome of a form could not be shown", reason=str(error))
