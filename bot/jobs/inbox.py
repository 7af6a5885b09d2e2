"""What a stored delivery asks for: repositories kept up to date, runs read, buttons of check runs obeyed."""

from __future__ import annotations

import tempfile
import time
from contextlib import ExitStack
from datetime import datetime
from typing import BinaryIO, assert_never, cast

from bot import telemetry
from bot.analysis.identity import artifact_name
from bot.analysis.model import Problem, RepositoryId, RunId, RunReport, Status
from bot.analysis.quarantine.lifecycle import Scope
from bot.analysis.quarantine.policy import Policy
from bot.analysis.reports import run_report
from bot.analysis.reports.limits import DEFAULT
from bot.analysis.run import Run
from bot.errors import NotAllowedError, PermanentUpstreamError, UserError
from bot.github import artifact, check_run, client, webhook
from bot.jobs import account, policy
from bot.jobs.context import Context, target
from bot.queries import access, commit
from bot.queries import policy as policies
from bot.queries.access import About, Account, Authorized, Permission, PermissionSource, PermissionUnknownError
from bot.services import ingest, notice, quarantine, rerun
from bot.store.database import Session
from bot.store.runs import delivery as delivery_store
from bot.store.runs import run as run_store
from bot.store.workspaces import repository as repository_store
from bot.store.workspaces import workspace as workspace_store
from bot.store.workspaces.repository import Repository

MAX_ARTIFACT_BYTES = 200 * 1024 * 1024
MAX_PROPOSALS = 10
READING_SECONDS = 120
_log = telemetry.logger(__name__)


def process(context: Context, delivery_id: str) -> None:
    """Do what a delivery asks for; one that was processed before does nothing."""
    with context.db.begin() as session:
        delivery = delivery_store.get(session, delivery_id)
    if delivery.processed:
        return
    event = webhook.parse(delivery.event, delivery.payload)
    fault = None
    try:
        match event:
            case webhook.InstallationEvent():
                _installation(context, event)
            case webhook.RepositoryEvent():
                _repository(context, event)
            case webhook.WorkflowRunEvent():
                _workflow_run(context, event)
            case webhook.CheckRunEvent():
                _check_run(context, event)
            case webhook.PushEvent():
                policy.on_push(context, event)
            case webhook.RevocationEvent():
                account.on_revocation(context, event)
            case None:
                pass
            case _:
                assert_never(event)
    except PermanentUpstreamError as error:
        fault = str(error)
        _log.warning("delivery could not be processed", delivery=delivery_id, reason=fault)
    with context.db.begin() as session:
        delivery_store.set_processed(session, delivery_id, context.clock(), fault)


def _installation(context: Context, event: webhook.InstallationEvent) -> None:
    with context.db.begin() as session:
        if event.action == "deleted":
            repository_store.delete_installation(session, event.installation_id, context.clock())
            workspace_store.unbind(session, event.installation_id)
            return
        repository_store.put_installation(
            session, event.installation_id, event.account, suspended_at=event.suspended_at
        )
        for one in event.added:
            repository_store.put(
                session,
                one.id,
                installation_id=event.installation_id,
                full_name=one.full_name,
                default_branch=one.default_branch,
                private=one.private,
            )
        for one in event.removed:
            repository_store.remove(session, one.id, context.clock())


def _repository(context: Context, event: webhook.RepositoryEvent) -> None:
    with context.db.begin() as session:
        if event.action == "deleted":
            repository_store.remove(session, event.repository.id, context.clock())
        else:
            _put(session, event.repository, event.installation_id)


def _put(session: Session, repository: webhook.RepositoryName, installation_id: int | None) -> None:
    repository_store.put(
        session,
        repository.id,
        installation_id=installation_id,
        full_name=repository.full_name,
        default_branch=repository.default_branch,
        private=repository.private,
    )


def _workflow_run(context: Context, event: webhook.WorkflowRunEvent) -> None:
    completed = event.action == "completed"
    with context.db.begin() as session:
        _put(session, event.repository, event.installation_id)
        run = Run(
            repository_id=event.repository.id,
            github_run_id=event.run_id,
            attempt=event.attempt,
            number=event.number,
            workflow=event.workflow,
            workflow_path=event.workflow_path,
            event=event.event,
            head_sha=event.head_sha,
            head_branch=event.head_branch,
            base_sha=event.base_sha,
            actor=event.actor,
            conclusion=event.conclusion if completed else None,
            url=event.url,
            started_at=event.started_at,
            completed_at=event.updated_at if completed else None,
        )
        run_id = ingest.begin(session, run, context.clock())
        known = run_store.get(session, event.repository.id, run_id).ingested_at is not None
        repository = repository_store.get(session, event.repository.id)
        starts = run_store.list_starts(session, event.repository.id, event.run_id)
        policy.ask_for(session, event.repository.id, context.clock())
        rules = policies.of_repository(session, event.repository.id)
    if not completed or known:
        return
    with telemetry.ingest_seconds.time():
        report = _read(context, client_target=target(repository), event=event, starts=starts, rules=rules)
        _record(context, event.repository.id, run_id, report)


def _record(context: Context, repository_id: RepositoryId, run_id: RunId, report: RunReport) -> None:
    with context.db.begin() as session:
        ingest.record(session, repository_id, run_id, report, context.default_channel_of(session), context.clock())


def _read(
    context: Context,
    *,
    client_target: client.Target,
    event: webhook.WorkflowRunEvent,
    starts: dict[int, datetime],
    rules: Policy,
) -> RunReport:
    """Download and read the reports of the attempt; what is missing or refused becomes a problem of the run."""
    github = context.require_github()
    listed = github.list_artifacts(client_target, event.run_id)
    for attempt in range(1, event.attempt):
        if attempt not in starts:
            starts[attempt] = github.attempt_started_at(client_target, event.run_id, attempt)
    following = event.attempt + 1
    if following not in starts and any(one.created_at > event.updated_at for one in listed):
        # Made after this attempt ended: the run has been run again, and we have not been told of it yet.
        starts[following] = github.attempt_started_at(client_target, event.run_id, following)
    found = artifact.artifacts_of_attempt(listed, starts, event.attempt)
    chosen = [one for one in found if artifact_name.looks_like_report(one.name, rules)]
    problems: list[Problem] = []
    with ExitStack() as stack:
        downloaded = []
        for info in chosen:
            if info.expired:
                problems.append(Problem(info.name, "", "It has expired on GitHub."))
                continue
            into = cast("BinaryIO", stack.enter_context(tempfile.TemporaryFile()))
            try:
                github.download_artifact(client_target, info.id, into, MAX_ARTIFACT_BYTES)
            except PermanentUpstreamError as error:
                problems.append(Problem(info.name, "", f"It could not be downloaded: {error}"))
                continue
            downloaded.append(run_report.Artifact(info.name, into))
        limits = DEFAULT.within(READING_SECONDS, time.monotonic)
        report = run_report.read_artifacts(
            downloaded, event.workflow_path, limits, rules, repository=event.repository.full_name.rpartition("/")[2]
        )
    return RunReport(report.variants, (*report.problems, *problems), report.files)


def _check_run(context: Context, event: webhook.CheckRunEvent) -> None:
    if event.name != check_run.NAME or context.github is None or event.app_id != context.github.app_id:
        return
    if event.action == "rerequested":
        with context.db.begin() as session:
            notice.check_runs(session, event.repository.id, [event.head_sha], context.clock())
        return
    if event.action != "requested_action":
        return
    if event.sender_id is None:
        return
    try:
        authorized = _authorize(context, event.repository.id, Account(event.sender_id, event.sender))
    except NotAllowedError as error:
        _log.warning("button of a check run refused", account=event.sender_id, reason=str(error))
        return
    if event.requested == check_run.QUARANTINE.identifier:
        _propose(context, authorized, event.head_sha)
    elif event.requested == check_run.RERUN.identifier:
        _rerun(context, authorized, event.head_sha)


def _authorize(context: Context, repository_id: RepositoryId, account: Account) -> Authorized[Repository]:
    """The account, which may write; a permission that is not known is read from GitHub with no transaction open."""
    about, needs = About.REPOSITORY, Permission.WRITE
    try:
        with context.db.begin() as session:
            return access.authorize_account(session, account, about, repository_id, needs, context.clock())
    except PermissionUnknownError as error:
        unknown = error
    now = context.clock()
    permission = context.require_github().permission_of(target(unknown.repository), account.login, account.id)
    with context.db.begin() as session:
        access.put_permission(session, unknown, permission, frozenset(), now)
        return access.authorize_account(
            session, account, about, repository_id, needs, now, source=PermissionSource.GITHUB
        )


def _propose(context: Context, authorized: Authorized[Repository], head_sha: str) -> None:
    """Propose a quarantine for every flaky failure of a commit."""
    repository = authorized.repository
    with context.db.begin() as session:
        found = commit.state(session, repository.id, head_sha, context.clock()).failures
        wanted = {one.case_id: one for one in found if one.status is Status.FLAKY and not one.quarantined_until}
    for case_id, one in list(wanted.items())[:MAX_PROPOSALS]:
        proposal = quarantine.Proposal(
            case_id=case_id,
            scope=Scope.CASE,
            variant=None,
            fingerprint_id=None,
            days=authorized.policy.quarantine.days,
            reason=f"Asked for on the check run of {head_sha[:7]}: flaky in {one.variant}.",
            owner=None,
        )
        try:
            with context.db.begin() as session:
                quarantine.propose(
                    session,
                    repository.id,
                    proposal,
                    authorized.actor,
                    context.clock(),
                    channel=context.default_channel_of(session),
                )
        except UserError as error:
            _log.info("proposal from a check run not made", reason=str(error))


def _rerun(context: Context, authorized: Authorized[Repository], head_sha: str) -> None:
    """Run the failed jobs of a commit again: never when many failed, and three times at the most."""
    github, repository = context.require_github(), authorized.repository
    with context.db.begin() as session:
        latest = run_store.list_latest_attempts(session, repository.id, head_sha)
    for run in latest:
        if not run.failed:
            continue
        failed = github.count_failed_jobs(target(repository), run.github_run_id)
        try:
            with context.db.begin() as session:
                rerun.grant(session, run, failed, authorized.actor, context.clock())
        except UserError as error:
            _log.info("rerun refused", run=run.number, reason=str(error))
            continue
        try:
            github.rerun_failed_jobs(target(repository), run.github_run_id)
        except PermanentUpstreamError:
            with context.db.begin() as session:
                rerun.take_back(session, run)
            raise
