"""What the author of a commit is told in person: only that every failure of it is known, once, until it is not true."""

from __future__ import annotations

from datetime import datetime, timedelta

from bot.analysis.learning.label import LabelSource, LabelVerdict
from bot.analysis.model import Actor, Channel
from bot.analysis.notice import AuthorNotice
from bot.analysis.run import StoredRun
from bot.errors import NotFoundError
from bot.queries import commit
from bot.services import learning
from bot.services import notice as announce
from bot.store.conversation import message as message_store
from bot.store.conversation import notice as notice_store
from bot.store.conversation import silence as silence_store
from bot.store.database import Session
from bot.store.decisions import audit as audit_store
from bot.store.workspaces import account_link as account_link_store
from bot.store.workspaces import workspace as workspace_store

SETTLE = timedelta(seconds=5)
"""How long other runs of the commit may take to be told of before it is looked at."""


def ask(session: Session, run: StoredRun, now: datetime, *, failed: bool) -> None:
    """Ask that the author of a run's commit be told, or told anew; who is not linked, or wants nothing, is not."""
    if run.actor is None:
        return
    for link in account_link_store.list_of_account(session, run.actor):
        channel = Channel(link.workspace_id, link.slack_user)
        notice = AuthorNotice(repository_id=run.repository_id, head_sha=run.head_sha, channel=channel)
        if not failed and message_store.find(session, notice.key()) is None:
            continue
        if not workspace_store.is_visible(session, link.workspace_id, run.repository_id):
            continue
        if silence_store.find(session, link.workspace_id, link.slack_user) is not None:
            continue
        notice_store.put(session, notice, now, at=now + SETTLE)


def say_mine(session: Session, notice: AuthorNotice, actor: Actor, now: datetime) -> None:
    """Keep that the author says it is them: it counts against the flaky belief in every failure of the commit.

    Raises:
        NotFoundError: nothing fails on the commit any more.
    """
    notice_store.lock(session, notice.key())
    state = commit.state(session, notice.repository_id, notice.head_sha, now)
    cases = sorted({one.case_id for one in state.failures})
    if not cases:
        message = "Nothing fails on this commit any more."
        raise NotFoundError(message)
    for case_id in cases:
        new = learning.record_label(
            session,
            notice.repository_id,
            case_id,
            LabelVerdict.MINE,
            LabelSource.AUTHOR,
            actor,
            now,
            head_sha=notice.head_sha,
        )
        if new:
            entry = audit_store.append(
                session,
                repository_id=notice.repository_id,
                case_id=case_id,
                quarantine_id=None,
                tag="case:label",
                actor=actor,
                reason=f"It is me: my change broke it at {notice.head_sha[:7]}.",
                now=now,
            )
            announce.move(session, notice.repository_id, case_id, entry, now)
    notice_store.put(session, notice, now)
