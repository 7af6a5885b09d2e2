"""Direct messages to the author of a commit whose every failure is known, and what the author answers."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from bot.analysis import audit
from bot.analysis.audit import AuditAction
from bot.analysis.learning.label import LabelVerdict
from bot.analysis.model import Actor, CaseId, Channel, RepositoryId
from bot.analysis.notice import AuthorNotice
from bot.analysis.run import StoredRun
from bot.errors import NotFoundError
from bot.queries import commit
from bot.services import event
from bot.store.conversation import message as message_store
from bot.store.conversation import notice as notice_store
from bot.store.conversation import silence as silence_store
from bot.store.database import Session
from bot.store.scores import label as label_store
from bot.store.scores import scorer as scorer_store
from bot.store.workspaces import account_link as account_link_store
from bot.store.workspaces import workspace as workspace_store

SETTLE = timedelta(seconds=5)
"""How long other runs of the commit have to be reported before its state is read."""


def notify(session: Session, run: StoredRun, now: datetime, *, failed: bool) -> None:
    """Request a notice to the author of a run's commit, or its update, if they are linked and want it.

    After a run without failures only authors who were notified of the commit are notified again.
    """
    links = account_link_store.list_of_account(session, run.actor) if run.actor is not None else ()
    if not links:
        return
    visible = workspace_store.list_seeing(session, run.repository_id, {link.workspace_id for link in links})
    people = {Channel(link.workspace_id, link.slack_user) for link in links if link.workspace_id in visible}
    people -= silence_store.list_of(session, people)
    notices = [
        AuthorNotice(repository_id=run.repository_id, head_sha=run.head_sha, channel=person) for person in people
    ]
    if not failed:
        posted = message_store.list_posted(session, [notice.key() for notice in notices])
        notices = [notice for notice in notices if notice.key() in posted]
    notice_store.put_all(session, notices, now, at=now + SETTLE)


def claim(session: Session, notice: AuthorNotice, actor: Actor, now: datetime) -> None:
    """Keep that the author says it is them: it counts against the flaky belief in every failure of the commit.

    Raises:
        NotFoundError: nothing fails on the commit any more.
    """
    state = commit.state(session, notice.repository_id, notice.head_sha, now)
    case_ids = {failure.case_id for failure in state.failures}
    if not case_ids:
        message = "Nothing fails on this commit any more."
        raise NotFoundError(message)
    claim_failures(session, notice.repository_id, case_ids, notice.head_sha, actor, now)
    notice_store.put(session, notice, now)


def claim_failures(
    session: Session,
    repository_id: RepositoryId,
    case_ids: Collection[CaseId],
    head_sha: str,
    actor: Actor,
    now: datetime,
) -> set[CaseId]:
    """Record that somebody's change broke cases at a commit; returns those they had not claimed before."""
    scorer_store.lock(session, repository_id)  # two clicks at the same time are one label
    claimed = label_store.list_claimed(session, repository_id, case_ids, LabelVerdict.MINE, actor, head_sha)
    new = set(case_ids) - claimed
    event.record_all(
        session,
        [
            audit.of_case(
                AuditAction.LABEL,
                repository_id,
                case_id,
                actor,
                now,
                reason=f"It is me: my change broke it at {head_sha[:7]}.",
                verdict=LabelVerdict.MINE,
                head_sha=head_sha,
            )
            for case_id in sorted(new)
        ],
    )
    return new
