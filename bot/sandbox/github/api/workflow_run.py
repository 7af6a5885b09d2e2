"""Workflow runs, their artifacts and jobs, see https://docs.github.com/rest/actions."""

from __future__ import annotations

from datetime import timedelta

from starlette.responses import JSONResponse, RedirectResponse, Response

from bot.sandbox.github import errors, model
from bot.sandbox.github.api.request import ApiRequest, page
from bot.sandbox.github.server import GitHubServer

_MAX_RERUN_AGE = timedelta(days=30)


def list_runs(github: GitHubServer, request: ApiRequest) -> Response:
    """Respond with the runs, filtered by event, status (or conclusion), branch and commit."""
    event, status, branch, sha = (request.query.get(name) or None for name in ("event", "status", "branch", "head_sha"))
    runs = [
        run
        for run in github.runs(sha)
        if event in {None, run.event}
        and status in {None, run.status, run.conclusion}
        and branch in {None, run.head_branch}
    ]
    return page(request, [github.representation.run(run) for run in runs], key="workflow_runs")


def get_run(github: GitHubServer, request: ApiRequest) -> Response:
    """Respond with an attempt of a run, by default the latest."""
    attempt = request.number("attempt") if "attempt" in request.path else None
    return JSONResponse(github.representation.run(github.run(request.number("id"), attempt)))


def list_artifacts(github: GitHubServer, request: ApiRequest) -> Response:
    """Respond with the artifacts of a run, filtered by name."""
    run, name = github.run(request.number("id")), request.query.get("name")
    artifacts = [artifact for artifact in github.artifacts(run.id) if name in {None, artifact.name}]
    return page(request, [github.representation.artifact(artifact, run) for artifact in artifacts], key="artifacts")


def get_artifact(github: GitHubServer, request: ApiRequest) -> Response:
    """Respond with an artifact."""
    artifact = github.artifact(request.number("id"))
    return JSONResponse(github.representation.artifact(artifact, github.run(artifact.run_id)))


def download_artifact(github: GitHubServer, request: ApiRequest) -> Response:
    """Redirect to the download of an artifact."""
    artifact = github.artifact(request.number("id"))
    if artifact.expired:
        errors.fail(410, "Artifact has expired")
    return RedirectResponse(github.downloads_url + github.downloads.issue(artifact.id), 302)


def list_jobs(github: GitHubServer, request: ApiRequest) -> Response:
    """Respond with one job of the latest attempt; the sandbox does not record the jobs of a matrix."""
    run = github.run(request.number("id"))
    job = {
        "id": run.id * 10 + run.run_attempt,
        "run_id": run.id,
        "run_attempt": run.run_attempt,
        "name": "test",
        "status": run.status,
        "conclusion": run.conclusion,
        "html_url": run.html_url,
    }
    return page(request, [job], key="jobs")


def rerun(github: GitHubServer, request: ApiRequest) -> Response:
    """Run all jobs of a run again."""
    return _rerun(github, request, failed_only=False)


def rerun_failed_jobs(github: GitHubServer, request: ApiRequest) -> Response:
    """Run the failed jobs of a run again."""
    return _rerun(github, request, failed_only=True)


def _rerun(github: GitHubServer, request: ApiRequest, *, failed_only: bool) -> Response:
    run = github.run(request.number("id"))
    if run.status != "completed":
        errors.fail(403, "This workflow is already running")
    if model.now() - run.created_at > _MAX_RERUN_AGE:
        errors.fail(403, "Unable to retry this workflow run because it was created over a month ago")
    if failed_only and run.conclusion == "success":
        errors.fail(403, "This workflow run has no failed jobs")
    if github.on_rerun is not None:
        github.on_rerun(run.id, failed_only)
    return JSONResponse({}, 201)
