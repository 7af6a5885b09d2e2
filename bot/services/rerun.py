"""Running failed jobs again, with a brake: what fails in many places, or again and again, is not mended by it."""

from __future__ import annotations

from datetime import datetime

from bot.analysis.model import Actor
from bot.analysis.run import StoredRun
from bot.errors import ConflictError
from bot.store.database import Session
from bot.store.decisions import check_run as check_run_store

MAX_FAILED_JOBS = 5
MAX_RERUNS = 3


def grant(session: Session, run: StoredRun, failed_jobs: int, actor: Actor, now: datetime) -> None:
    """Note that the jobs of an attempt are run again, before it is asked of GitHub.

    Raises:
        ConflictError: too many failed, it was run again three times, or this attempt was asked for already.
    """
    if failed_jobs > MAX_FAILED_JOBS:
        message = f"{failed_jobs} jobs of run {run.number} failed; more than {MAX_FAILED_JOBS} are not run again."
        raise ConflictError(message)
    if check_run_store.count_reruns(session, run.repository_id, run.github_run_id) >= MAX_RERUNS:
        message = f"Run {run.number} was run again {MAX_RERUNS} times already; look at its log."
        raise ConflictError(message)
    if not check_run_store.insert_rerun(session, run.repository_id, run.github_run_id, run.attempt, actor, now):
        message = f"Somebody runs attempt {run.attempt} of run {run.number} again already."
        raise ConflictError(message)


def take_back(session: Session, run: StoredRun) -> None:
    """Forget a grant that GitHub refused for good, so that it may be asked for again."""
    check_run_store.delete_rerun(session, run.repository_id, run.github_run_id, run.attempt)
