"""Messages to the author of a commit, kept true as long as runs of it come in."""

from __future__ import annotations

from bot.analysis.model import Actor, ActorKind
from bot.analysis.notice import AuthorNotice
from bot.jobs.context import Context
from bot.jobs.senders import posting
from bot.queries import commit as commit_query
from bot.slack.views import author as author_view
from bot.store.conversation import silence as silence_store
from bot.store.conversation.message import PostedMessage
from bot.store.conversation.notice import StoredNotice
from bot.store.workspaces import repository as repository_store


def send(context: Context, stored: StoredNotice, notice: AuthorNotice) -> PostedMessage | None:
    """Tell an author that the failures are known, or correct an earlier message."""
    person = notice.channel
    with context.db.begin() as session:
        if silence_store.find(session, person.workspace_id, person.id) is not None:
            return None
        repository = repository_store.get(session, notice.repository_id)
        actor = Actor(ActorKind.SLACK, person.id, person.id)
        commit = commit_query.of_author(session, notice.repository_id, notice.head_sha, actor, context.clock())
        attempt = posting.begin_direct(session, stored)
    state = commit.state
    if not state.finished or (attempt.posted is None and not (state.failures and state.is_excused)):
        return None
    message = author_view.AuthorMessage(
        notice_id=stored.id,
        repository_id=notice.repository_id,
        repository=repository.full_name,
        run_url=commit.run_url,
        state=state,
        is_claimed=commit.is_claimed,
        rerun_at=commit.rerun_at,
    )
    return posting.direct(context, attempt, [person.id], author_view.not_you(message))
