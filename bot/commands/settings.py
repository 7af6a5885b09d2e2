"""Which policy is in force and where it comes from, and what a person and a channel choose."""

from __future__ import annotations

from collections.abc import Sequence

from bot.analysis.model import Place
from bot.analysis.schedule import Hours
from bot.commands import digest, subject
from bot.commands.command import Command
from bot.commands.door import Body, Door, now
from bot.commands.parser import Typed
from bot.services import learning, policies
from bot.slack import channel_forms, learned, modals, policy
from bot.slack import settings as views
from bot.slack import subscriptions as phrasing
from bot.slack.blockkit import Message, View
from bot.slack.channel_forms import Answers, Input
from bot.slack.names import Action
from bot.store import silences, subscriptions
from bot.store.database import Session
from bot.store.repositories import Repository


def on_open(door: Door, body: Body) -> None:
    """Show the policies of the first repositories, and ask for what may be chosen here."""
    channel = body.where if channel_forms.is_channel(body.where) else ""
    with door.db.begin() as session:
        shown = _shown(session, subject.visible(door, session)[: subject.MOST])
        told = silences.find(session, door.workspace.id, body.actor.id) is None
        hours = subscriptions.get_channel(session, Place(door.workspace.id, channel)).hours if channel else Hours()
    door.open(body, views.form(shown, told=told, channel=channel, hours=hours))


def on_save(door: Door, body: Body) -> View | None:
    """Keep what was chosen for the person, and for the channel the form was opened in."""
    channel = channel_forms.channel_of(body.view.private_metadata)
    answers = Answers.decode(body.view.state.values)
    told = views.TOLD in answers.chosen(Input.TELL)
    said = f"You are {'told' if told else 'not told'} when every failure of your commit is known."
    if channel:
        hours = digest.keep(door, Place(door.workspace.id, channel), answers)
        said = f"{said} {phrasing.hours_set(hours).text}"
    with door.db.begin() as session:
        if told:
            silences.delete(session, door.workspace.id, body.actor.id)
        else:
            silences.put(session, door.workspace.id, body.actor.id, now())
    return modals.info("Saved", said)


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
            taught=learned.sentence(learning.report(session, one.id)),
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
