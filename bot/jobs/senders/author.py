"""Messages to the author of a commit, kept true as long as runs of it come in."""

from __future__ import annotations

from bot.analysis.model import Actor, ActorKind
from bot.jobs.context import Context
from bot.jobs.senders import posting
from bot.services import author
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
        told = author.look(session, notice.repository_id, notice.detail, person, context.clock())
        said = notice_store.find_message(session, notice.key) is not None
    if not told.state.finished or (not said and not (told.named and told.all_known)):
        return False
    state = views.AuthorState(
        notice_id=notice.id,
        repository_id=notice.repository_id,
        repository=repository.full_name,
        sha=notice.detail,
        run_url=told.run_url,
        failures=tuple(
            views.KnownFailure(
                title=one.title,
                variant=one.variant,
                naming=name.value,
                evidence=f"failed in {one.failures:,} of {one.runs:,} runs",
            )
            for one, name in told.named
        ),
        all_known=told.all_known,
        mine=told.mine,
        rerun_at=told.rerun_at,
    )
    return posting.tell(context, notice, channel.id, views.not_you(state))
