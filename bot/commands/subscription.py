"""Subscriptions of a channel: list, make, change and end them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from bot.analysis.model import Channel, RepositoryId, WorkspaceId
from bot.analysis.quarantine import owner
from bot.analysis.subscription import DEFAULT_EVENTS, Event, Filters, NamedSubscription, Subscription
from bot.commands.request import parser, repository_name
from bot.commands.request.context import Command, SlackContext
from bot.commands.request.parser import Typed
from bot.errors import InvalidInputError, NotFoundError, UserError
from bot.queries import access
from bot.queries.access import About, Authorized
from bot.services import subscription
from bot.slack.block_kit import Message, View
from bot.slack.form import Answers, FormError
from bot.slack.ids import Action, Field, InRepository, is_id
from bot.slack.payloads import BlockAction, ViewSubmission
from bot.slack.views import channel_form, modal
from bot.slack.views import subscription as subscription_view
from bot.store.conversation import channel_pause as channel_pause_store
from bot.store.conversation import subscription as subscription_store
from bot.store.database import Session
from bot.store.workspaces.repository import Repository

_FLAGS: Mapping[str, Field] = {
    "events": Field.EVENTS,
    "branch": Field.BRANCH,
    "min": Field.MINIMUM,
    "owner": Field.OWNER,
    "path": Field.PATH,
}
"""What is typed behind the repository, and the inputs of the form that ask for the same."""
_MAX_FILTER = 200


def on_open(context: SlackContext, _request: BlockAction | Typed) -> None:
    """Ask for the subscription of a channel."""
    with context.begin() as session:
        repository_name.choose(context, session, "", 1)  # where there is none, that is the answer
        view = channel_form.subscribe_form(_names(context, session), context.request.channel_id)
    context.open(view)


def on_edit(context: SlackContext, action: BlockAction, authorized: Authorized[Repository]) -> None:
    """Ask what shall change about a subscription."""
    with context.begin() as session:
        known = _own(context.workspace.id, session, action, authorized)
        view = channel_form.subscribe_form(_names(context, session), known.channel.id, known)
    context.open(view)


def on_subscribe(context: SlackContext, submission: ViewSubmission) -> View:
    """Subscribe as was filled in."""
    answers = Answers.decode(submission.view.state.values)
    channel_id = answers.text(Field.CHANNEL)
    errors: dict[Field, str] = {}
    filters = Filters()
    try:
        filters = _filters({field: answers.text(field) for field in _FLAGS.values()}, answers.chosen(Field.EVENTS))
    except FormError as error:
        errors |= error.errors
    if not channel_id:
        errors[Field.CHANNEL] = "Choose the channel."
    with context.begin() as session:
        try:
            repository = _chosen(context, session, answers.text(Field.REPOSITORY))
        except UserError as error:
            raise FormError(errors | {Field.REPOSITORY: str(error)}) from None
        if errors:
            raise FormError(errors)
        channel = Channel(context.workspace.id, channel_id)
        message = _subscribe(context, session, channel, repository, filters)
    return modal.info("Subscribed", message.text)


def unsubscribe(
    action: BlockAction, authorized: Authorized[Repository], session: Session, _now: datetime
) -> Message | None:
    """End the subscription of a button."""
    if authorized.workspace is None:
        return None
    known = _own(authorized.workspace.id, session, action, authorized)
    subscription.unsubscribe(session, known.channel, known.repository_id)
    return subscription_view.unsubscribed(authorized.repository.full_name)


def on_list(context: SlackContext, _request: BlockAction | Typed) -> None:
    """List the subscriptions of the channel."""
    channel = channel_of(context)
    with context.begin() as session:
        names = _names(context, session)
        rows = [
            NamedSubscription(known, names[known.repository_id])
            for known in subscription_store.list_of_channel(session, channel)
            if known.repository_id in names
        ]
        hours = subscription_store.get_channel(session, channel).hours
        message = subscription_view.listing(rows, hours, channel_pause_store.find(session, channel))
    context.answer(message)


def channel_of(context: SlackContext) -> Channel:
    """The channel a request came from.

    Raises:
        InvalidInputError: it came from no channel.
    """
    if not context.request.channel_id:
        message = "Say this in the channel it is for."
        raise InvalidInputError(message)
    return Channel(context.workspace.id, context.request.channel_id)


def _subscribe(
    context: SlackContext, session: Session, channel: Channel, repository: Repository, filters: Filters
) -> Message:
    subscription.subscribe(session, channel, repository.id, filters, context.request.actor, context.now)
    hours = subscription_store.get_channel(session, channel).hours
    return subscription_view.subscribed(repository.full_name, filters, hours)


def _run_subscribe(context: SlackContext, typed: Typed) -> None:
    words, flags = typed.flags(_FLAGS)
    if not words:
        on_open(context, typed)
        return
    channel = channel_of(context)
    filters = _filters({_FLAGS[name]: values[-1] for name, values in flags.items()}, flags.get("events"))
    with context.begin() as session:
        repository = repository_name.find(context, session, words[0])
        message = _subscribe(context, session, channel, repository, filters)
    context.answer(message)


def _run_unsubscribe(context: SlackContext, typed: Typed) -> None:
    if not typed.words:
        on_list(context, typed)
        return
    channel = channel_of(context)
    with context.begin() as session:
        repository = repository_name.find(context, session, typed.words[0])
        subscription.unsubscribe(session, channel, repository.id)
    context.answer(subscription_view.unsubscribed(repository.full_name))


def _filters(texts: Mapping[Field, str], events: Sequence[str] | None) -> Filters:
    """The filters somebody wrote.

    Raises:
        FormError: an event that is none, no event at all, or no percentage; it names the input.
    """
    errors: dict[Field, str] = {}
    chosen, minimum = DEFAULT_EVENTS, 0.0
    try:
        chosen = chosen if events is None else frozenset(_event(word) for word in events)
    except InvalidInputError as error:
        errors[Field.EVENTS] = str(error)
    if not chosen:
        errors[Field.EVENTS] = f"Choose at least one of: {', '.join(Event)}."
    try:
        minimum = parser.share(text) if (text := texts.get(Field.MINIMUM, "")) else minimum
    except InvalidInputError as error:
        errors[Field.MINIMUM] = str(error)
    if errors:
        raise FormError(errors)
    return Filters(
        events=chosen,
        branch=texts.get(Field.BRANCH, "")[:_MAX_FILTER],
        minimum=minimum,
        owner=owner.from_mention(texts.get(Field.OWNER, "")[:_MAX_FILTER]),
        path=texts.get(Field.PATH, "")[:_MAX_FILTER],
    )


def _event(word: str) -> Event:
    if word.lower() not in set(Event):
        near = parser.closest(word.lower(), list(Event))
        hint = f"Did you mean {near}?" if near else f"One of: {', '.join(Event)}."
        message = f"“{word[:40]}” is nothing to subscribe to. {hint}"
        raise InvalidInputError(message)
    return Event(word.lower())


def _chosen(context: SlackContext, session: Session, text: str) -> Repository:
    """The repository of a form: chosen by its number, or written by its name where there are too many to list."""
    if is_id(text):
        return access.require(session, context.workspace, About.REPOSITORY, int(text))
    return repository_name.find(context, session, text)


def _own(
    workspace_id: WorkspaceId, session: Session, action: BlockAction, authorized: Authorized[Repository]
) -> Subscription:
    """The subscription whose button was pressed; it must be of this workspace and of the repository it names."""
    known = subscription_store.get(session, InRepository.decode(action.value).number)
    if known.channel.workspace_id != workspace_id or known.repository_id != authorized.repository.id:
        message = "This subscription does not exist any more."
        raise NotFoundError(message)
    return known


def _names(context: SlackContext, session: Session) -> dict[RepositoryId, str]:
    """The repositories the workspace may see, with their names."""
    return {repository.id: repository.full_name for repository in repository_name.list_visible(context, session)}


COMMANDS = (
    Command(
        name="subscribe",
        usage="owner/repo [events:… branch:… min:5% owner:@team path:tests/api/**]",
        says="subscribe this channel to a repository",
        examples=(
            "subscribe acme/shop",
            "subscribe acme/shop events:flaky,quarantine min:5%",
            "subscribe acme/shop branch:main path:tests/api/**",
        ),
        run=_run_subscribe,
        also=Action.SUBSCRIBE_OPEN,
    ),
    Command(
        name="unsubscribe",
        usage="owner/repo",
        says="end this channel's subscription to a repository",
        examples=("unsubscribe acme/shop",),
        run=_run_unsubscribe,
        also=Action.UNSUBSCRIBE,
    ),
    Command(
        name="subscriptions",
        usage="",
        says="the subscriptions of this channel",
        examples=("subscriptions",),
        run=on_list,
        also=Action.MENU_SUBSCRIPTIONS,
    ),
)
