"""Processes stored webhook deliveries: each event has its handler."""

from __future__ import annotations

from typing import assert_never

from bot import telemetry
from bot.errors import PermanentUpstreamError, UpstreamError, UserError
from bot.github.webhook import event as webhook_event
from bot.github.webhook.event import (
    CheckRunEvent,
    Event,
    GitHubAppAuthorizationEvent,
    InstallationEvent,
    InstallationRepositoriesEvent,
    PushEvent,
    RepositoryEvent,
    WorkflowRunEvent,
)
from bot.jobs import account, check_run, installation, policy, workflow_run
from bot.jobs.context import Context
from bot.store.runs import delivery as delivery_store

_log = telemetry.logger(__name__)


def process(context: Context, delivery_id: str) -> None:
    """Process a delivery once; what fails for good is recorded with it, until GitHub delivers it again.

    Raises:
        UpstreamError: worth trying again.
    """
    with context.db.begin() as session:
        delivery = delivery_store.get(session, delivery_id)
    if delivery.processed:
        return
    fault = None
    try:
        event = webhook_event.decode(delivery.event, delivery.payload)
        if event is not None:
            _handle(context, event)
    except (UserError, PermanentUpstreamError) as error:
        fault = str(error)
        _log.warning("delivery could not be processed", delivery=delivery_id, reason=fault)
    with context.db.begin() as session:
        delivery_store.set_processed(session, delivery_id, context.clock(), fault)


def give_up(context: Context, delivery_id: str, error: Exception) -> None:
    """Record that the last attempt to process a delivery failed, until GitHub delivers it again.

    Of an unexpected error only the type is stored: its text, which may hold a secret, is redacted in the log.
    """
    fault = str(error) if isinstance(error, UpstreamError) else f"Unexpected error: {type(error).__name__}."
    with context.db.begin() as session:
        delivery_store.set_processed(session, delivery_id, context.clock(), fault)


def _handle(context: Context, event: Event) -> None:
    match event:
        case InstallationEvent():
            installation.on_installation(context, event)
        case InstallationRepositoriesEvent():
            installation.on_repositories(context, event)
        case RepositoryEvent():
            installation.on_repository(context, event)
        case WorkflowRunEvent():
            workflow_run.on_workflow_run(context, event)
        case CheckRunEvent():
            check_run.on_check_run(context, event)
        case PushEvent():
            policy.on_push(context, event)
        case GitHubAppAuthorizationEvent():
            account.on_revocation(context, event)
        case _:
            assert_never(event)
