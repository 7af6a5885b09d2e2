"""The buttons of the message that tells an author "not you"."""

from __future__ import annotations

from bot.analysis.model import Channel, RepositoryId
from bot.commands.context import Body, Door, now
from bot.commands.entitlement import entitled
from bot.commands.run import run_again
from bot.errors import ConflictError, NotFoundError, UserError
from bot.github.client import Target
from bot.services import author, rerun
from bot.slack.views import author as views
from bot.store.conversation import notice as notice_store
from bot.store.conversation import silence as silence_store
from bot.store.conversation.notice import Kind, Notice
from bot.store.database import Session
from bot.store.runs import run as run_store
from bot.store.workspaces import repository as repository_store


def on_rerun(door: Door, body: Body) -> None:
    """Run the failed jobs of the commit again, with the brake; as the person who asks, who may write."""
    github = door.github
    if github is None:
        message = "GitHub is not configured here, so nothing can be run again."
        raise UserError(message)
    repository_id = RepositoryId(body.subject)
    with door.db.begin() as session:
        notice = _own(door, session, body)
        repository = repository_store.get(session, repository_id)
        latest = run_store.list_latest_attempts(session, repository_id, notice.detail)
    failed = [run for run in latest if run.conclusion == "failure"]
    if repository.installation_id is None or not failed:
        message = "There is nothing to run again on this commit."
        raise NotFoundError(message)
    target = Target(repository.installation_id, repository.full_name)
    refused: list[str] = []
    for run in failed:
        jobs = github.count_failed_jobs(target, run.github_run_id)
        try:
            with entitled(door, body, repository_id) as (session, actor):
                rerun.grant(session, run, jobs, actor, now())
        except ConflictError as error:
            refused.append(str(error))
            continue
        run_again(door, github, target, run, whole=False)
    if len(refused) == len(failed):
        raise ConflictError(" ".join(refused))
    with door.db.begin() as session:
        author.refresh(session, notice, now())


def on_mine(door: Door, body: Body) -> None:
    """Keep that the author says it is their change."""
    with door.db.begin() as session:
        author.say_mine(session, _own(door, session, body), body.actor, now())


def on_silence(door: Door, body: Body) -> None:
    """Tell the author nothing more."""
    with door.db.begin() as session:
        notice = _own(door, session, body)
        silence_store.put(session, door.workspace.id, body.actor.id, now())
    door.answer(body, views.silenced(notice.id, notice.repository_id))


def on_resume(door: Door, body: Body) -> None:
    """Tell the author again."""
    with door.db.begin() as session:
        _own(door, session, body)
        silence_store.delete(session, door.workspace.id, body.actor.id)
    door.answer(body, views.resumed())


def _own(door: Door, session: Session, body: Body) -> Notice:
    """The message whose button was pressed, by the one it was for; its repository was guarded.

    Raises:
        UserError: no button of ours.
        NotFoundError: somebody else's message.
    """
    notice = notice_store.get(session, body.number)
    mine = notice.channel == Channel(door.workspace.id, body.actor.id)
    if not mine or notice.kind is not Kind.AUTHOR or notice.repository_id != body.subject:
        message = "This message is not for you, or it is not known any more."
        raise NotFoundError(message)
    return notice
