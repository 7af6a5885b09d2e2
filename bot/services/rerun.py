"""Runs failed jobs again, within limits: what fails in many jobs, or again and again, is not fixed by a rerun."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Final, Protocol, TypeVar

from bot.analysis.model import Actor
from bot.analysis.run import StoredRun
from bot.errors import ConflictError, PermanentUpstreamError
from bot.queries.access import Authorized
from bot.store.database import Session
from bot.store.decisions import check_run as check_run_store
from bot.store.workspaces.repository import Repository

MAX_FAILED_JOBS: Final = 5
MAX_RERUNS: Final = 3
T_contra = TypeVar("T_contra", contravariant=True)
T = TypeVar("T")
Begin = Callable[[], AbstractContextManager[Session]]
"""Opens a transaction."""
Authorize = Callable[[], AbstractContextManager[tuple[Session, Authorized[Repository]]]]
"""Opens a transaction in which somebody may write to the repository."""


class Actions(Protocol[T_contra]):
    """GitHub Actions; `target` addresses a repository."""

    def count_failed_jobs(self, target: T_contra, run_id: int) -> int:
        """How many jobs of the latest attempt of a run failed."""

    def rerun_failed_jobs(self, target: T_contra, run_id: int) -> None:
        """Run the failed jobs of a run again."""

    def rerun_all_jobs(self, target: T_contra, run_id: int) -> None:
        """Run every job of a run again."""


def commit(
    actions: Actions[T], target: T, begin: Begin, authorize: Authorize, runs: Sequence[StoredRun], now: datetime
) -> list[ConflictError]:
    """Run the failed jobs of a commit's failed runs again; returns why some of the runs were not run again.

    `runs` are those that `queries.commit.list_failed_runs` lists.
    """
    refused = []
    for attempt in runs:
        try:
            run(actions, target, begin, authorize, attempt, now)
        except ConflictError as error:
            refused.append(error)
    return refused


def run(
    actions: Actions[T],
    target: T,
    begin: Begin,
    authorize: Authorize,
    attempt: StoredRun,
    now: datetime,
    *,
    whole: bool = False,
) -> None:
    """Run the failed jobs of a run again, or all of them where `whole`; GitHub is called with no transaction open.

    Raises:
        ConflictError: nothing failed, too much did, or it was run again already.
        PermanentUpstreamError: GitHub refused; the rerun may be requested again.
    """
    failed_jobs = actions.count_failed_jobs(target, attempt.github_run_id)
    if not whole and not failed_jobs:
        message = f"No job of run {attempt.number} failed in its latest attempt."
        raise ConflictError(message)
    with authorize() as (session, authorized):
        _reserve(session, attempt, failed_jobs, authorized.actor, now)
    try:
        if whole:
            actions.rerun_all_jobs(target, attempt.github_run_id)
        else:
            actions.rerun_failed_jobs(target, attempt.github_run_id)
    except PermanentUpstreamError:
        with begin() as session:  # whatever GitHub says of the permission now
            check_run_store.delete_rerun(session, attempt.repository_id, attempt.github_run_id, attempt.attempt)
        raise


def _reserve(session: Session, attempt: StoredRun, failed_jobs: int, actor: Actor, now: datetime) -> None:
    """Record the rerun of an attempt before GitHub is called, so that two clicks cause one rerun."""
    if failed_jobs > MAX_FAILED_JOBS:
        message = f"{failed_jobs} jobs of run {attempt.number} failed; more than {MAX_FAILED_JOBS} are not run again."
        raise ConflictError(message)
    if check_run_store.count_reruns(session, attempt.repository_id, attempt.github_run_id) >= MAX_RERUNS:
        message = f"Run {attempt.number} was run again {MAX_RERUNS} times already; look at its log."
        raise ConflictError(message)
    is_first = check_run_store.insert_rerun(
        session, attempt.repository_id, attempt.github_run_id, attempt.attempt, actor, now
    )
    if not is_first:
        message = f"Somebody runs attempt {attempt.attempt} of run {attempt.number} again already."
        raise ConflictError(message)
