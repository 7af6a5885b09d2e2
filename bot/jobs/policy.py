"""Fetches the policy file and CODEOWNERS of a default branch when they may have changed."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from bot import telemetry
from bot.analysis.model import RepositoryId
from bot.errors import InvalidInputError, NotFoundError
from bot.github import policy_file
from bot.github.webhook.event import PushEvent
from bot.jobs.context import Context, target
from bot.queries import policy as policy_query
from bot.services import policy
from bot.store import queue
from bot.store.database import Session
from bot.store.decisions import policy as policy_store
from bot.store.scores import rescore as rescore_store
from bot.store.workspaces import repository as repository_store

CODEOWNERS: Final = (".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS")
"""Where GitHub looks, in this order (https://docs.github.com/articles/about-code-owners#codeowners-file-location)."""
STALE: Final = timedelta(hours=1)
"""How old they may be: a delivery of a push may be lost."""
_log = telemetry.logger(__name__)


def on_push(context: Context, event: PushEvent) -> None:
    """Fetch the files where a push to the default branch touches them."""
    touched = event.files.intersection({policy_file.FILE, *CODEOWNERS})
    with context.db.begin() as session:
        try:
            repository = repository_store.get(session, event.repository.id)
        except NotFoundError:
            return
        if touched and event.branch == repository.default_branch:
            queue.defer_each(session, queue.POLICY, [repository.id])


def request(session: Session, repository_id: RepositoryId, now: datetime) -> None:
    """Have the files of a repository fetched, unless they were lately."""
    stored = policy_store.find(session, repository_id)
    if stored is None or now - stored.loaded_at >= STALE:
        queue.defer_each(session, queue.POLICY, [repository_id])


def fetch(context: Context, repository_id: RepositoryId) -> None:
    """Fetch the files and put them in force; a bad policy keeps the last good one."""
    github = context.require_github()
    with context.db.begin() as session:
        repository = repository_store.get(session, repository_id)
    address = target(repository)
    file = github.read_file(address, policy_file.FILE)
    codeowners = next((data for path in CODEOWNERS if (data := github.read_file(address, path)) is not None), None)
    document, fault = "", None
    try:
        document = policy_file.to_json(file) if file is not None else ""
    except InvalidInputError as error:
        fault = str(error)
        _log.warning("policy not in force", repository=repository.full_name, reason=fault)
    with context.db.begin() as session:
        before = policy_query.of_repository(session, repository_id).thresholds
        policy.load(session, repository_id, document, codeowners, context.clock(), fault=fault)
        if policy_query.of_repository(session, repository_id).thresholds != before:
            rescore_store.request(session, [repository_id], "thresholds", context.clock())
