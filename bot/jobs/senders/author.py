"""Messages to the author of a commit, kept true as long as runs of it come in."""

from __future__ import annotations

from bot.analysis.model import Actor, ActorKind
from bot.jobs.context import Context
from bot.jobs.senders import posting
from bot.queries import author
from bot.slack.views import author as views
from bot.store.conversation import notice as notice_store
from bot.store.conversation import silence as silence_store
from bot.store.conversation.notice import Notice
from bot.store.workspaces import repository as repository_store


def send(context: Context, notice: Notice) -> bool:
    """Tell an author that it is not them, or that what they were told is not true any more."""
    channel = posting.channel_of(notice)
    person = Actor(ActorKind.SLACK, channel.id, channel.id)
    with context.db.begin() as session:
        if silence_store.find(session, channel.workspace_id, channel.id) is not None:
            return False
        repository = repository_store.get(session, notice.repository_id)
        commit = author.of_commit(session, notice.repository_id, notice.detail, person, context.clock())
        is_posted = notice_store.find_message(session, notice.key) is not None
    state = commit.state
    if not state.finished or (not is_posted and not (state.failures and state.is_excused)):
        return False
    return posting.tell(
        context,
        notice,
        channel.id,
        views.not_you(
            views.AuthorMessage(
                notice_id=notice.id,
                repository_id=notice.repository_id,
                repository=repository.full_name,
                run_url=commit.run_url,
                state=state,
                is_claimed=commit.is_claimed,
                rerun_at=commit.rerun_at,
            )
        ),
    )
