"""What a channel hears of: subscriptions, listed, made, changed and ended."""

from __future__ import annotations

from bot.analysis.model import Channel, RepositoryId
from bot.analysis.quarantine import owner
from bot.analysis.subscription import DEFAULT_EVENTS, Event, Filters, Subscription
from bot.commands import parser, subject
from bot.commands.command import Command
from bot.commands.context import Body, Door, is_id, now
from bot.commands.parser import Typed
from bot.errors import InvalidInputError, NotFoundError, UserError
from bot.queries import access
from bot.services import subscription
from bot.slack.block_kit import View
from bot.slack.ids import Action
from bot.slack.views import channel_form, modal
from bot.slack.views import subscription as views
from bot.slack.views.channel_form import Answers, Input
from bot.slack.views.form import FormError
from bot.slack.views.subscription import SubscriptionRow
from bot.store.conversation import channel_pause as channel_pause_store
from bot.store.conversation import subscription as subscription_store
from bot.store.database import Session
from bot.store.workspaces import repository as repository_store

_FLAGS = ("events", "branch", "min", "owner", "path")
_MAX_FILTER = 200


def on_open(door: Door, body: Body) -> None:
    """Ask what a channel shall hear of."""
    with door.db.begin() as session:
        subject.chosen(door, session, "", 1)  # where there is none, that is the answer
        view = channel_form.subscribe_form(_names(door, session), body.where)
    door.open(body, view)


def on_edit(door: Door, body: Body) -> None:
    """Ask what shall change about a subscription."""
    with door.db.begin() as session:
        known = _own(door, session, body)
        view = channel_form.subscribe_form(_names(door, session), known.channel.id, known)
    door.open(body, view)


def on_subscribe(door: Door, body: Body) -> View | None:
    """Subscribe as was filled in."""
    answers = Answers.decode(body.view.state.values)
    channel_id = answers.text(Input.CHANNEL)
    errors: dict[str, str] = {}
    filters = Filters()
    try:
        filters = _filters(
            {
                "branch": answers.text(Input.BRANCH),
                "min": answers.text(Input.MINIMUM),
                "owner": answers.text(Input.OWNER),
                "path": answers.text(Input.PATH),
            },
            answers.chosen(Input.EVENTS),
        )
    except InvalidInputError as error:
        errors[Input.MINIMUM if "percentage" in str(error) else Input.EVENTS] = str(error)
    if not channel_id:
        errors[Input.CHANNEL] = "Choose the channel."
    with door.db.begin() as session:
        try:
            repository = _chosen(door, session, answers.text(Input.REPOSITORY))
        except UserError as error:
            raise FormError(errors | {Input.REPOSITORY: str(error)}) from None
        if errors:
            raise FormError(errors)
        channel = Channel(door.workspace.id, channel_id)
        subscription.subscribe(session, channel, repository.id, filters, body.actor, now())
        hours = subscription_store.get_channel(session, channel).hours
    return modal.info("Subscribed", views.subscribed(repository.full_name, filters, hours).text)


def on_unsubscribe(door: Door, body: Body) -> None:
    """Let a channel hear no more of a repository."""
    with door.db.begin() as session:
        known = _own(door, session, body)
        repository = access.require_visible(session, door.workspace, known.repository_id)
        subscription.unsubscribe(session, known.channel, known.repository_id)
    door.answer(body, views.unsubscribed(repository.full_name))


def on_list(door: Door, body: Body) -> None:
    """List what the channel hears of."""
    channel = channel_of(door, body)
    with door.db.begin() as session:
        names = _names(door, session)
        found = [
            SubscriptionRow(one, names[one.repository_id])
            for one in subscription_store.list_of_channel(session, channel)
            if one.repository_id in names
        ]
        message = views.listing(
            found, subscription_store.get_channel(session, channel).hours, channel_pause_store.find(session, channel)
        )
    door.answer(body, message)


def channel_of(door: Door, body: Body) -> Channel:
    """The channel a request came from.

    Raises:
        InvalidInputError: it came from no channel.
    """
    if not body.where:
        message = "Say this in the channel it is for."
        raise InvalidInputError(message)
    return Channel(door.workspace.id, body.where)


def _subscribe(door: Door, body: Body, typed: Typed) -> None:
    words, flags = typed.flags(_FLAGS)
    if not words:
        on_open(door, body)
        return
    channel = channel_of(door, body)
    filters = _filters({name: flags[name][-1] for name in flags if name != "events"}, flags.get("events"))
    with door.db.begin() as session:
        repository = subject.named(door, session, words[0])
        subscription.subscribe(session, channel, repository.id, filters, body.actor, now())
        hours = subscription_store.get_channel(session, channel).hours
    door.answer(body, views.subscribed(repository.full_name, filters, hours))


def _unsubscribe(door: Door, body: Body, typed: Typed) -> None:
    if not typed.words:
        on_list(door, body)
        return
    channel = channel_of(door, body)
    with door.db.begin() as session:
        repository = subject.named(door, session, typed.words[0])
        subscription.unsubscribe(session, channel, repository.id)
    door.answer(body, views.unsubscribed(repository.full_name))


def _list(door: Door, body: Body, typed: Typed) -> None:
    del typed
    on_list(door, body)


def _filters(texts: dict[str, str], events: tuple[str, ...] | None) -> Filters:
    """The filters somebody wrote.

    Raises:
        InvalidInputError: an event that is none, no event at all, or no percentage.
    """
    chosen = DEFAULT_EVENTS if events is None else frozenset(_event(word) for word in events)
    if not chosen:
        message = f"Choose what to hear of: {', '.join(Event)}."
        raise InvalidInputError(message)
    minimum = texts.get("min", "")
    return Filters(
        events=chosen,
        branch=texts.get("branch", "")[:_MAX_FILTER],
        minimum=parser.share(minimum) if minimum else 0.0,
        owner=owner.written(texts.get("owner", "")[:_MAX_FILTER]),
        path=texts.get("path", "")[:_MAX_FILTER],
    )


def _event(word: str) -> Event:
    if word.lower() not in set(Event):
        near = parser.closest(word.lower(), list(Event))
        hint = f"Did you mean {near}?" if near else f"One of: {', '.join(Event)}."
        message = f"“{word[:40]}” is nothing to subscribe to. {hint}"
        raise InvalidInputError(message)
    return Event(word.lower())


def _chosen(door: Door, session: Session, text: str) -> repository_store.Repository:
    """The repository of a form: chosen by its number, or written by its name where there are too many to list."""
    if is_id(text):
        return access.require_visible(session, door.workspace, RepositoryId(int(text)))
    return subject.named(door, session, text)


def _own(door: Door, session: Session, body: Body) -> Subscription:
    """The subscription whose button was pressed; its repository was guarded, and must be the one it names."""
    known = subscription_store.get(session, body.number)
    if known.channel.workspace_id != door.workspace.id or known.repository_id != body.subject:
        message = "This subscription does not exist any more."
        raise NotFoundError(message)
    return known


def _names(door: Door, session: Session) -> dict[RepositoryId, str]:
    """The repositories the workspace may see, with their names."""
    return {one.id: one.full_name for one in repository_store.list_by_id(session, door.visible(session))}


COMMANDS = (
    Command(
        name="subscribe",
        usage="owner/repo [events:… branch:… min:5% owner:@team path:tests/api/**]",
        says="let this channel hear of a repository",
        examples=(
            "subscribe acme/shop",
            "subscribe acme/shop events:flaky,quarantine min:5%",
            "subscribe acme/shop branch:main path:tests/api/**",
        ),
        run=_subscribe,
        also=Action.SUBSCRIBE_OPEN,
    ),
    Command(
        name="unsubscribe",
        usage="owner/repo",
        says="let this channel hear no more of a repository",
        examples=("unsubscribe acme/shop",),
        run=_unsubscribe,
        also=Action.UNSUBSCRIBE,
    ),
    Command(
        name="subscriptions",
        usage="",
        says="what this channel hears of",
        examples=("subscriptions",),
        run=_list,
        also=Action.MENU_SUBSCRIPTIONS,
    ),
)
