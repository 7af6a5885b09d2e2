"""A form that was submitted: faults are shown at their inputs, and what takes long shows that it is being worked on."""

from __future__ import annotations

import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from bot import telemetry
from bot.commands.request import invitation
from bot.commands.request.context import RepeatedRequestError, SlackContext
from bot.commands.request.pipeline import Listener, Sender, admit, attempt, explain
from bot.errors import FlakeGuardError
from bot.queries.access import NotLinkedError
from bot.slack.block_kit import View
from bot.slack.form import FormError
from bot.slack.ids import Field
from bot.slack.payloads import ViewSubmission
from bot.slack.views import modal

PATIENCE = 1.0
"""Seconds a submission may take before the person is shown that it is being worked on; Slack gives up after three."""
_THREADS = 8
_SETTLE = 0.3
"""Seconds until Slack has surely put the working view in place, so that it does not cover the outcome."""
_log = telemetry.logger(__name__)


@dataclass(frozen=True, slots=True)
class SubmissionOutcome:
    """A view takes the form's place, faults are shown at its inputs; without either the form closes.

    https://docs.slack.dev/surfaces/modals/#updating_response
    """

    view: View | None = None
    errors: Mapping[Field, str] | None = None


class Submissions:
    """Answers submissions within Slack's time, whatever the work behind them takes."""

    def __init__(self, *, patience: float = PATIENCE) -> None:
        self._patience = patience
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="submission")

    def serve(
        self, listener: Listener[ViewSubmission], context: SlackContext, sender: Sender, submission: ViewSubmission
    ) -> SubmissionOutcome:
        """Serve a submission; returns what Slack is to show."""
        work = self._threads.submit(_perform, listener, context, sender, submission)
        try:
            return work.result(timeout=self._patience)
        except TimeoutError:
            work.add_done_callback(lambda done: _show(context, submission, done.result()))
            return SubmissionOutcome(view=modal.working())


def _perform(
    listener: Listener[ViewSubmission], context: SlackContext, sender: Sender, submission: ViewSubmission
) -> SubmissionOutcome:
    with telemetry.correlated(telemetry.new_id(), actor=submission.actor.subject, workspace=context.workspace.id):
        try:
            admit(context, sender)
            return SubmissionOutcome(view=listener.serve(context, submission))
        except RepeatedRequestError:
            return SubmissionOutcome()
        except FormError as error:
            return SubmissionOutcome(errors=error.errors)
        except NotLinkedError as error:
            why = str(error)
            attempt(lambda: invitation.invite(context, why))
            return SubmissionOutcome(view=modal.info("Not done", f"{why} The button for it is in your messages."))
        except Exception as error:  # noqa: BLE001  # the last translator: nothing may be lost silently
            return SubmissionOutcome(view=modal.info("Not done", explain(error, listener.name)))


def _show(context: SlackContext, submission: ViewSubmission, outcome: SubmissionOutcome) -> None:
    """Put the outcome where the working view stands; at the inputs of a form that is gone nothing can be shown."""
    view = outcome.view or modal.info("Done", "It is done. You can close this window.")
    if outcome.errors:
        view = modal.info("Not done", " ".join(outcome.errors.values()))
    time.sleep(_SETTLE)
    try:
        context.slack.update_view(submission.view.id, view)
    except FlakeGuardError as error:
        _log.warning("outcome of a form could not be shown", reason=str(error))
