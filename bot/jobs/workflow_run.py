"""Handles workflow runs: records each, and reads the reports of those that completed."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import datetime
from typing import BinaryIO, Final, cast

from bot import telemetry
from bot.analysis.identity import artifact_name
from bot.analysis.model import Channel, Problem, RepositoryId, RunId, RunReport
from bot.analysis.quarantine.policy import Policy
from bot.analysis.reports.limits import DEFAULT
from bot.analysis.run import Run
from bot.analysis.runs import run_report
from bot.errors import PermanentUpstreamError
from bot.github import client
from bot.github.client import Target
from bot.github.schema import Artifact
from bot.github.webhook.event import WorkflowRun, WorkflowRunEvent
from bot.jobs import installation, policy
from bot.jobs.context import Context, target
from bot.queries import policy as policy_query
from bot.services import author, automation, cluster, ingest, judge, rename
from bot.store.database import Session
from bot.store.runs import run as run_store
from bot.store.workspaces import repository as repository_store

MAX_ARTIFACT_BYTES: Final = 200 * 1024 * 1024
READING_SECONDS: Final = 120


def on_workflow_run(context: Context, event: WorkflowRunEvent) -> None:
    """Record a run, and read its reports once it has completed."""
    repository_id, run = event.repository.id, event.workflow_run
    is_completed = event.action == "completed"
    with context.db.begin() as session:
        installation.put(session, event.installation_id, [event.repository])
        run_id = ingest.begin(session, _stored(repository_id, run, is_completed=is_completed), context.clock())
        is_read = run_store.get(session, repository_id, run_id).ingested_at is not None
        repository = repository_store.get(session, repository_id)
        starts = run_store.list_starts(session, repository_id, run.id)
        policy.request(session, repository_id, context.clock())
        rules = policy_query.of_repository(session, repository_id)
    if not is_completed or is_read:
        return
    with telemetry.ingest_seconds.time():
        report = _read(context, target(repository), run, starts, rules)
        with context.db.begin() as session:
            record(session, repository_id, run_id, report, context.default_channel_of(session), context.clock())


def record(
    session: Session,
    repository_id: RepositoryId,
    run_id: RunId,
    report: RunReport,
    channel: Channel | None,
    now: datetime,
) -> None:
    """Store what the reports of a run say, judge it and announce what changed, all in the caller's transaction.

    A run that is recorded twice changes nothing.
    """
    rules = policy_query.of_repository(session, repository_id)
    reported = ingest.identify(session, repository_id, run_id, report, rules)
    if reported is None:
        return
    run = reported.run
    if run.on_default_branch:
        reported = rename.follow(session, reported, now)
    variants = ingest.store(session, reported, now)
    has_failed = any(results.failed.any() for results in variants)
    judgement = judge.judge(session, run, variants, now, rules.thresholds)
    cluster.remember_orders(session, reported)
    if has_failed:
        cluster.request_refresh(session, repository_id, now)
    ingest.finish(session, reported, variants, judgement, now)
    automation.suspend_broken(session, repository_id, judgement.changes, now)
    if run.on_default_branch:
        automation.request_release(session, repository_id)
    if ingest.announce(session, reported, judgement, channel, now):
        automation.propose_flaky(session, run, judgement.changes, channel, now)
        author.notify(session, run, now, failed=has_failed)


def _stored(repository_id: RepositoryId, run: WorkflowRun, *, is_completed: bool) -> Run:
    return Run(
        repository_id=repository_id,
        github_run_id=run.id,
        attempt=run.attempt,
        number=run.run_number,
        workflow=run.name or "",
        workflow_path=run.workflow_path,
        event=run.event,
        head_sha=run.head_sha,
        head_branch=run.head_branch or "",
        base_sha=run.base_sha,
        actor=run.actor.login if run.actor else None,
        conclusion=run.conclusion if is_completed else None,
        url=run.html_url,
        started_at=run.started_at,
        completed_at=run.updated_at if is_completed else None,
    )


def _read(context: Context, address: Target, run: WorkflowRun, starts: dict[int, datetime], rules: Policy) -> RunReport:
    """Download and read the reports of an attempt; what is missing or refused becomes a problem of the run."""
    artifacts = _list_artifacts(context, address, run, starts)
    chosen = [artifact for artifact in artifacts if artifact_name.looks_like_report(artifact.name, rules)]
    with ExitStack() as stack:
        downloaded, problems = _download(context, address, chosen, stack)
        limits = DEFAULT.within(READING_SECONDS, time.monotonic)
        name = address.full_name.rpartition("/")[2]
        report = run_report.read_artifacts(downloaded, run.workflow_path, limits, rules, repository=name)
    return RunReport(report.variants, (*report.problems, *problems), report.files)


def _list_artifacts(context: Context, address: Target, run: WorkflowRun, starts: dict[int, datetime]) -> list[Artifact]:
    """The artifacts of the attempt; starts that are not known are asked for."""
    github = context.require_github()
    artifacts = github.list_artifacts(address, run.id)
    wanted = [attempt for attempt in range(1, run.attempt) if attempt not in starts]
    following = run.attempt + 1
    if following not in starts and any(artifact.created_at > run.updated_at for artifact in artifacts):
        # Made after this attempt ended: the run was run again, and that delivery has not arrived yet.
        wanted.append(following)
    known = starts | {attempt: github.attempt_started_at(address, run.id, attempt) for attempt in wanted}
    return client.artifacts_of_attempt(artifacts, known, run.attempt)


def _download(
    context: Context, address: Target, artifacts: Sequence[Artifact], stack: ExitStack
) -> tuple[list[run_report.DownloadedArtifact], list[Problem]]:
    """Download artifacts into files that `stack` closes."""
    github = context.require_github()
    downloaded, problems = [], []
    for artifact in artifacts:
        if artifact.expired:
            problems.append(Problem(artifact.name, "", "It has expired on GitHub."))
            continue
        into = cast("BinaryIO", stack.enter_context(tempfile.TemporaryFile()))  # noqa: SIM115  # the stack closes it
        try:
            github.download_artifact(address, artifact.id, into, MAX_ARTIFACT_BYTES)
        except PermanentUpstreamError as error:
            problems.append(Problem(artifact.name, "", f"It could not be downloaded: {error}"))
        else:
            downloaded.append(run_report.DownloadedArtifact(artifact.name, into))
    return downloaded, problems
