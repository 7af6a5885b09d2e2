"""An outage that a person knows of: its runs leave every score."""

from __future__ import annotations

from collections.abc import Sequence

from bot.analysis.model import RepositoryId
from bot.commands import duration, parser, subject
from bot.commands.command import Command
from bot.commands.context import Body, Door, now
from bot.commands.entitlement import entitled
from bot.commands.parser import Typed
from bot.errors import InvalidInputError
from bot.queries import access
from bot.services import incident
from bot.slack.block_kit import View
from bot.slack.ids import Action
from bot.slack.views import confirmation, response
from bot.slack.views import form as forms
from bot.store.database import Session
from bot.store.workspaces.repository import Repository

_WORDS = ("start", "end")
_SINCE = "since"


def on_open(door: Door, body: Body) -> None:
    """Ask which repository suffers, and from what."""
    with door.db.begin() as session:
        found = subject.chosen(door, session, "", 100)
    door.open(body, confirmation.incident([(one.id, one.full_name) for one in found]))


def on_start(door: Door, body: Body) -> View:
    """Begin an outage as it was filled in, and say so in place of the form."""
    form = forms.IncidentForm.decode(body.view.state.values)
    with entitled(door, body, form.repository_id) as (session, actor):
        repository = access.require_visible(session, door.workspace, form.repository_id)
        moment = now()
        since = moment - form.ago if form.ago else None
        incident.start(session, [repository.id], form.reason, actor, moment, since=since)
    return confirmation.as_view("Outage", response.outage(repository.id, repository.full_name, form.reason, since))


def on_end(door: Door, body: Body) -> None:
    """End the outage of the repository of a button."""
    with entitled(door, body, RepositoryId(body.subject)) as (session, actor):
        repository = access.require_visible(session, door.workspace, RepositoryId(body.subject))
        incident.end(session, [repository.id], actor, now())
    door.answer(body, response.done(_over([repository])))


def _run(door: Door, body: Body, typed: Typed) -> None:
    word = typed.words[0].lower() if typed.words else ""
    if not word:
        on_open(door, body)
    elif word == "start":
        _start(door, body, typed)
    elif word == "end":
        _end(door, body, typed.words[1:])
    else:
        near = parser.closest(word, _WORDS)
        hint = f"Did you mean incident {near}?" if near else "Write incident start or incident end."
        message = f"I do not know incident {word[:40]}. {hint}"
        raise InvalidInputError(message)


def _start(door: Door, body: Body, typed: Typed) -> None:
    """Begin at once where one repository is meant, and ask which where it is not said."""
    words, flags = typed.flags((_SINCE,))
    with door.db.begin() as session:
        found, reason = _meant(door, session, words[1:])
    if len(found) == 1:
        moment = now()
        since = moment - duration.duration(flags[_SINCE][-1]) if _SINCE in flags else None
        with entitled(door, body, found[0].id) as (session, actor):
            incident.start(session, [found[0].id], reason, actor, moment, since=since)
        door.answer(body, response.outage(found[0].id, found[0].full_name, reason, since))
    else:
        door.open(body, confirmation.incident([(one.id, one.full_name) for one in found], reason=reason))


def _end(door: Door, body: Body, words: Sequence[str]) -> None:
    with door.db.begin() as session:
        found, _ = _meant(door, session, words)
        suffering = [one for one in found if incident.find_open(session, one.id) is not None] or found
    for one in suffering:
        with entitled(door, body, one.id) as (session, actor):
            incident.end(session, [one.id], actor, now())
    door.answer(body, response.done(_over(suffering)))


def _meant(door: Door, session: Session, words: Sequence[str]) -> tuple[Sequence[Repository], str]:
    """The repository that the first word names, or all there are; and the rest of the words."""
    if words and parser.repository(words[0]):
        return [subject.named(door, session, words[0])], " ".join(words[1:])
    return subject.chosen(door, session, "", 100), " ".join(words)


def _over(repositories: Sequence[Repository]) -> str:
    names = ", ".join(one.full_name for one in repositories[:5])
    return f"The outage of {names} is over: its runs are out of every score, later runs count."


COMMANDS = (
    Command(
        name="incident",
        usage="start|end [owner/repo] [since:2h] [reason]",
        says="mark a time as an outage, so that its runs leave every score",
        examples=("incident start acme/shop since:2h the registry is down", "incident end"),
        run=_run,
        also=Action.INCIDENT_OPEN,
    ),
)
