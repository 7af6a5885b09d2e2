"""The state of a commit, for the message to its author."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bot.analysis.commit_state import CommitState
from bot.analysis.learning.label import LabelVerdict
from bot.analysis.model import Actor, RepositoryId
from bot.queries import commit
from bot.store.database import Session
from bot.store.decisions import check_run as check_run_store
from bot.store.runs import run as run_store
from bot.store.scores import label as label_store


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthoredCommit:
    """The state of a commit, and what its author did about it.

    `is_claimed`: the author said that their change broke it. `rerun_at` is when its failed jobs were last run again
    through FlakeGuard.
    """

    state: CommitState
    run_url: str
    is_claimed: bool
    rerun_at: datetime | None


def of_commit(
    session: Session, repository_id: RepositoryId, head_sha: str, author: Actor, now: datetime
) -> AuthoredCommit:
    """The commit, with what its author did about it."""
    state = commit.state(session, repository_id, head_sha, now)
    runs = run_store.list_latest_attempts(session, repository_id, head_sha)
    reruns = check_run_store.list_reruns(session, repository_id, [(run.github_run_id, run.attempt) for run in runs])
    claims = label_store.list_claimed(
        session, repository_id, {failure.case_id for failure in state.failures}, LabelVerdict.MINE, author, head_sha
    )
    return AuthoredCommit(
        state=state,
        run_url=next((run.url for run in runs if run.failed), runs[0].url if runs else ""),
        is_claimed=bool(claims),
        rerun_at=max(reruns, default=None),
    )
