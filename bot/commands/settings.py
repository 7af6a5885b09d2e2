"""Which policy is in force and where it comes from, and what a person and a channel choose."""

from __future__ import annotations

from collections.abc import Sequence

from bot.analysis.channel_schedule import Hours
from bot.analysis.model import Channel
from bot.commands import digest, subject
from bot.commands.command import Command
from bot.commands.context import Body, Door, now
from bot.commands.parser import Typed
from bot.queries import learned_model
from bot.queries import policy as policies
from bot.slack.block_kit import Message, View
from bot.slack.ids import Action
from bot.slack.views import channel_form, modal, policy, settings, subscription
from bot.slack.views import learning as learned
from bot.slack.views.channel_form import Answers, Input
from bot.store.conversation import silence as silence_store
from bot.store.conversation import subscription as subscription_store
from bot.store.database import Session
from bot.store.workspaces.repository import Repository


def on_open(door: Door, body: Body) -> None:
    """Show the policies of the first repositories, and ask for what may be chosen here."""
    channel = body.where if channel_form.is_channel(body.where) else ""
    with door.db.begin() as session:
        shown = _shown(session, subject.visible(door, session)[: subject.MOST])
        told = silence_store.find(session, door.workspace.id, body.actor.id) is None
        hours = (
            subscription_store.get_channel(session, Channel(door.workspace.id, channel)).hours if channel else Hours()
        )
    door.open(body, settings.form(shown, told=told, channel=channel, hours=hours))


def on_save(door: Door, body: Body) -> View | None:
    """Keep what was chosen for the person, and for the channel the form was opened in."""
    channel = channel_form.channel_of(body.view.private_metadata)
    answers = Answers.decode(body.view.state.values)
    told = settings.TOLD in answers.chosen(Input.TELL)
    said = f"You are {'told' if told else 'not told'} when every failure of your commit is known."
    if channel:
        hours = digest.keep(door, Channel(door.workspace.id, channel), answers)
        said = f"{said} {subscription.hours_set(hours).text}"
    with door.db.begin() as session:
        if told:
            silence_store.delete(session, door.workspace.id, body.actor.id)
        else:
            silence_store.put(session, door.workspace.id, body.actor.id, now())
    return modal.info("Saved", said)


def _run(door: Door, body: Body, typed: Typed) -> None:
    with door.db.begin() as session:
        shown = _shown(session, subject.chosen(door, session, typed.rest, subject.MOST))
    for message in shown:
        door.answer(body, message)


def _shown(session: Session, chosen: Sequence[Repository]) -> list[Message]:
    return [
        policy.in_force(
            one.full_name,
            policies.of_repository(session, one.id),
            fault=policies.fault(session, one.id),
            taught=learned.sentence(learned_model.report(session, one.id)),
        )
        for one in chosen
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
