"""Which policy is in force and where it comes from, and what a person and a channel choose."""

from __future__ import annotations

from collections.abc import Sequence

from bot.analysis.channel_schedule import Hours
from bot.analysis.model import Channel
from bot.commands import digest
from bot.commands.request import repository_name
from bot.commands.request.context import Command, SlackContext
from bot.commands.request.parser import Typed
from bot.queries import learned_model
from bot.queries import policy as policy_query
from bot.slack.block_kit import Message, View
from bot.slack.form import Answers
from bot.slack.form_metadata import ChannelMetadata
from bot.slack.ids import Action, Field
from bot.slack.payloads import BlockAction, ViewSubmission
from bot.slack.views import channel_form, modal, policy, settings, subscription
from bot.store.conversation import silence as silence_store
from bot.store.conversation import subscription as subscription_store
from bot.store.database import Session
from bot.store.workspaces.repository import Repository


def on_open(context: SlackContext, action: BlockAction) -> None:
    """Show the policies of the first repositories, and ask for what may be chosen here."""
    channel = action.channel_id if channel_form.is_channel(action.channel_id) else ""
    with context.begin() as session:
        policies = _policies(session, repository_name.list_visible(context, session)[: repository_name.MOST])
        is_notified = silence_store.find(session, context.workspace.id, action.actor.id) is None
        hours = Hours()
        if channel:
            hours = subscription_store.get_channel(session, Channel(context.workspace.id, channel)).hours
    context.open(settings.form(policies, notified=is_notified, channel=channel, hours=hours))


def on_save(context: SlackContext, submission: ViewSubmission) -> View:
    """Keep what was chosen for the person, and for the channel the form was opened in."""
    channel = ChannelMetadata.decode(submission.view.private_metadata).channel
    answers = Answers.decode(submission.view.state.values)
    is_notified = settings.NOTIFY in answers.chosen(Field.TELL)
    text = f"You are {'told' if is_notified else 'not told'} when every failure of your commit is known."
    if channel:
        hours = digest.keep(context, Channel(context.workspace.id, channel), answers)
        text = f"{text} {subscription.hours_set(hours).text}"
    with context.begin() as session:
        if is_notified:
            silence_store.delete(session, context.workspace.id, submission.actor.id)
        else:
            silence_store.put(session, context.workspace.id, submission.actor.id, context.now)
    return modal.info("Saved", text)


def _run(context: SlackContext, typed: Typed) -> None:
    with context.begin() as session:
        repositories = repository_name.choose(context, session, typed.rest, repository_name.MOST)
        policies = _policies(session, repositories)
    for message in policies:
        context.answer(message)


def _policies(session: Session, repositories: Sequence[Repository]) -> list[Message]:
    return [
        policy.in_force(
            repository.full_name,
            policy_query.of_repository(session, repository.id),
            fault=policy_query.fault(session, repository.id),
            taught=settings.learned(learned_model.report(session, repository.id)),
        )
        for repository in repositories
    ]


COMMANDS = (
    Command(
        name="settings",
        usage="[owner/repo]",
        says="the policy in force and where it comes from",
        examples=("settings acme/shop",),
        run=_run,
        also=Action.MENU_SETTINGS,
    ),
)
