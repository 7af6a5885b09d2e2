"""The buttons of the message that tells an author "not you"."""

from __future__ import annotations

from bot.analysis.model import RepositoryId
from bot.analysis.notice import AuthorNotice
from bot.commands import run as run_command
from bot.commands.request.context import SlackContext
from bot.errors import ConflictError, NotFoundError
from bot.queries import commit
from bot.queries.access import Authorized
from bot.services import author, rerun
from bot.slack.ids import InRepository
from bot.slack.payloads import BlockAction
from bot.slack.views import author as author_view
from bot.store.conversation import notice as notice_store
from bot.store.conversation import silence as silence_store
from bot.store.database import Session
from bot.store.workspaces.repository import Repository


def on_rerun(context: SlackContext, action: BlockAction, authorized: Authorized[Repository]) -> None:
    """Run the failed jobs of the commit again."""
    repository = authorized.repository
    with context.begin() as session:
        notice = _own(context, session, action)
        runs = commit.list_failed_runs(session, repository.id, notice.head_sha)
    if repository.installation_id is None or not runs:
        message = "There is nothing to run again on this commit."
        raise NotFoundError(message)
    github, target = run_command.github_of(context, repository)
    refused = rerun.commit(github, target, context.begin, run_command.writer(context, repository), runs, context.now)
    if len(refused) == len(runs):
        raise ConflictError(" ".join(str(error) for error in refused))
    with context.begin() as session:
        notice_store.put(session, notice, context.now)


def on_mine(context: SlackContext, action: BlockAction, authorized: Authorized[Repository]) -> None:
    """Keep that the author says it is their change."""
    with context.begin() as session:
        author.claim(session, _own(context, session, action), authorized.actor, context.now)


def on_silence(context: SlackContext, action: BlockAction, _authorized: Authorized[Repository]) -> None:
    """Send the author no more of these messages."""
    with context.begin() as session:
        notice = _own(context, session, action)
        silence_store.put(session, context.workspace.id, context.request.actor.id, context.now)
    value = InRepository.decode(action.value)
    context.answer(author_view.silenced(value.number, notice.repository_id))


def on_resume(context: SlackContext, action: BlockAction, _authorized: Authorized[Repository]) -> None:
    """Send the author these messages again."""
    with context.begin() as session:
        _own(context, session, action)
        silence_store.delete(session, context.workspace.id, context.request.actor.id)
    context.answer(author_view.resumed())


def _own(context: SlackContext, session: Session, action: BlockAction) -> AuthorNotice:
    """The message whose button was pressed, by the one it was for.

    Raises:
        InvalidInputError: no button of ours.
        NotFoundError: somebody else's message.
    """
    value = InRepository.decode(action.value)
    notice = notice_store.get(session, value.number).decode()
    if (
        not isinstance(notice, AuthorNotice)
        or notice.channel != context.person
        or notice.repository_id != RepositoryId(value.repository_id)
    ):
        message = "This message is not for you, or it is not known any more."
        raise NotFoundError(message)
    return notice
