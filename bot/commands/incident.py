"""An outage that a person knows of: its runs leave every score."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from bot.commands.request import duration, parser, repository_name
from bot.commands.request.context import Command, SlackContext
from bot.commands.request.parser import Typed
from bot.errors import InvalidInputError
from bot.queries.access import About, Authorized, Permission
from bot.services import incident
from bot.slack import form
from bot.slack.block_kit import Message, View
from bot.slack.ids import Action
from bot.slack.payloads import BlockAction, ViewSubmission
from bot.slack.views import confirmation, response
from bot.store.database import Session
from bot.store.scores import incident as incident_store
from bot.store.workspaces.repository import Repository

_WORDS = ("start", "end")
_SINCE = "since"


def on_open(context: SlackContext, _request: BlockAction | Typed) -> None:
    """Ask which repository suffers, and from what."""
    with context.begin() as session:
        repositories = repository_name.choose(context, session, "", 100)
    context.open(confirmation.incident([(repository.id, repository.full_name) for repository in repositories]))


def on_start(context: SlackContext, submission: ViewSubmission) -> View:
    """Begin an outage as it was filled in, and say so in place of the form."""
    answers = form.IncidentForm.decode(submission.view.state.values)
    with context.authorize(About.REPOSITORY, answers.repository_id, Permission.WRITE) as (session, authorized):
        now, repository = context.now, authorized.repository
        since = now - answers.ago if answers.ago else None
        incident.start(session, repository.id, answers.reason, authorized.actor, now, since=since)
    return confirmation.as_view("Outage", response.outage(repository.id, repository.full_name, answers.reason, since))


def end(_action: BlockAction, authorized: Authorized[Repository], session: Session, now: datetime) -> Message:
    """End the outage of the repository of a button."""
    incident.end(session, authorized.repository.id, authorized.actor, now)
    return response.done(_over([authorized.repository]))


def _run(context: SlackContext, typed: Typed) -> None:
    word = typed.words[0].lower() if typed.words else ""
    if not word:
        on_open(context, typed)
    elif word == "start":
        _start(context, typed)
    elif word == "end":
        _end(context, typed.words[1:])
    else:
        near = parser.closest(word, _WORDS)
        hint = f"Did you mean incident {near}?" if near else "Write incident start or incident end."
        message = f"I do not know incident {word[:40]}. {hint}"
        raise InvalidInputError(message)


def _start(context: SlackContext, typed: Typed) -> None:
    """Begin at once where one repository is meant, and ask which one otherwise."""
    words, flags = typed.flags((_SINCE,))
    with context.begin() as session:
        repositories, reason = _meant(context, session, words[1:])
    if len(repositories) > 1:
        options = [(repository.id, repository.full_name) for repository in repositories]
        context.open(confirmation.incident(options, reason=reason))
        return
    (repository,) = repositories
    now = context.now
    since = now - duration.duration(flags[_SINCE][-1]) if _SINCE in flags else None
    with context.authorize(About.REPOSITORY, repository.id, Permission.WRITE) as (session, authorized):
        incident.start(session, repository.id, reason, authorized.actor, now, since=since)
    context.answer(response.outage(repository.id, repository.full_name, reason, since))


def _end(context: SlackContext, words: Sequence[str]) -> None:
    with context.begin() as session:
        repositories, _ = _meant(context, session, words)
        marked = incident_store.list_open(session, [repository.id for repository in repositories])
    ending = [repository for repository in repositories if repository.id in marked] or repositories
    for repository in ending:
        with context.authorize(About.REPOSITORY, repository.id, Permission.WRITE) as (session, authorized):
            incident.end(session, repository.id, authorized.actor, context.now)
    context.answer(response.done(_over(ending)))


def _meant(context: SlackContext, session: Session, words: Sequence[str]) -> tuple[Sequence[Repository], str]:
    """The repository that the first word names, or all there are; and the rest of the words."""
    if words and parser.repository(words[0]):
        return [repository_name.find(context, session, words[0])], " ".join(words[1:])
    return repository_name.choose(context, session, "", 100), " ".join(words)


def _over(repositories: Sequence[Repository]) -> str:
    names = ", ".join(repository.full_name for repository in repositories[:5])
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
