"""Handles the buttons of our check runs; clicking one needs write access to the repository."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from bot import telemetry
from bot.analysis.model import RepositoryId, Status
from bot.analysis.quarantine.proposal import Proposal
from bot.errors import NotAllowedError, UserError
from bot.github.check_run import NAME, QUARANTINE, RERUN
from bot.github.webhook.event import CheckRunEvent
from bot.jobs.context import Context, target
from bot.queries import access, commit
from bot.queries.access import About, Authorized, GitHubAccount, Permission, PermissionSource, PermissionUnknownError
from bot.services import account_link, notice, quarantine, rerun
from bot.store.database import Session
from bot.store.workspaces.repository import Repository

MAX_PROPOSALS: Final = 10
_log = telemetry.logger(__name__)


def on_check_run(context: Context, event: CheckRunEvent) -> None:
    """Do what a button of our check run asks for; other check runs are ignored."""
    app = event.check_run.app
    if event.check_run.name != NAME or context.github is None or app is None or app.id != context.github.app_id:
        return
    if event.action == "rerequested":
        with context.db.begin() as session:
            notice.check_runs(session, event.repository.id, [event.check_run.head_sha], context.clock())
        return
    if event.action != "requested_action" or event.requested_action is None:
        return
    account = GitHubAccount(event.sender.id, event.sender.login)
    try:
        with _authorize(context, event.repository.id, account) as (_, authorized):
            pass
    except NotAllowedError as error:
        _log.warning("button of a check run refused", account=account.id, reason=str(error))
        return
    match event.requested_action.identifier:
        case QUARANTINE.identifier:
            _propose(context, authorized, event.check_run.head_sha)
        case RERUN.identifier:
            _rerun(context, authorized, account, event.check_run.head_sha)
        case _:
            pass


@contextmanager
def _authorize(
    context: Context, repository_id: RepositoryId, account: GitHubAccount
) -> Iterator[tuple[Session, Authorized[Repository]]]:
    """A transaction in which the account may write; an unknown permission is read from GitHub before."""
    about, needs, now = About.REPOSITORY, Permission.WRITE, context.clock()
    try:
        with context.db.begin() as session:
            yield session, access.authorize_account(session, account, about, repository_id, needs, now)
            return
    except PermissionUnknownError as error:
        unknown = error
    permission = context.require_github().permission_of(target(unknown.repository), account.login, account.id)
    with context.db.begin() as session:
        account_link.put_permission(session, unknown, permission, frozenset(), now)
        source = PermissionSource.GITHUB
        yield session, access.authorize_account(session, account, about, repository_id, needs, now, source=source)


def _propose(context: Context, authorized: Authorized[Repository], head_sha: str) -> None:
    """Propose a quarantine for every flaky failure of a commit."""
    repository_id = authorized.repository.id
    with context.db.begin() as session:
        failures = commit.state(session, repository_id, head_sha, context.clock()).failures
    flaky = {
        failure.case_id: failure
        for failure in failures
        if failure.status is Status.FLAKY and not failure.quarantined_until
    }
    for failure in list(flaky.values())[:MAX_PROPOSALS]:
        proposal = Proposal(
            case_id=failure.case_id,
            days=authorized.policy.quarantine.days,
            reason=f"Asked for on the check run of {head_sha[:7]}: flaky in {failure.variant}.",
        )
        try:
            with context.db.begin() as session:
                channel = context.default_channel_of(session)
                quarantine.propose(session, authorized, proposal, context.clock(), channel=channel)
        except UserError as error:
            _log.info("proposal from a check run not made", reason=str(error))


def _rerun(context: Context, authorized: Authorized[Repository], account: GitHubAccount, head_sha: str) -> None:
    """Run the failed jobs of a commit again."""
    repository = authorized.repository
    with context.db.begin() as session:
        runs = commit.list_failed_runs(session, repository.id, head_sha)
    refused = rerun.commit(
        context.require_github(),
        target(repository),
        context.db.begin,
        lambda: _authorize(context, repository.id, account),
        runs,
        context.clock(),
    )
    for error in refused:
        _log.info("rerun refused", reason=str(error))
