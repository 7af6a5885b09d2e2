"""The routes of the REST API: authentication, injected faults, rate limits and errors around each handler.

See https://docs.github.com/rest.
"""

from __future__ import annotations

from collections.abc import Callable

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from bot.sandbox.github.api import check_run, installation, repository, workflow_run
from bot.sandbox.github.api.request import ApiRequest, Handler, not_found, parse_body
from bot.sandbox.github.errors import RestApiError
from bot.sandbox.github.model import API, ApiCall
from bot.sandbox.github.server import GitHubServer

_REPO = "/repos/{owner}/{repo}"
_RUN = _REPO + "/actions/runs/{id:int}"
_METHODS = ["GET", "POST", "PATCH", "PUT", "DELETE"]
_APP_HANDLERS: dict[tuple[str, str], Handler] = {
    ("GET", "/app"): installation.get_app,
    ("GET", "/app/installations"): installation.list_installations,
    ("GET", "/app/installations/{id:int}"): installation.get_installation,
    ("POST", "/app/installations/{id:int}/access_tokens"): installation.create_access_token,
    ("GET", _REPO + "/installation"): installation.get_repository_installation,
}
"""Handlers that take a JWT of the App; the others take an installation token."""
_HANDLERS: dict[tuple[str, str], Handler] = {
    ("GET", "/installation/repositories"): installation.list_repositories,
    ("GET", "/rate_limit"): installation.get_rate_limit,
    ("GET", _REPO): repository.get_repository,
    ("GET", _REPO + "/contents/{file:path}"): repository.get_content,
    ("GET", _REPO + "/commits"): repository.list_commits,
    ("GET", _REPO + "/commits/{sha}"): repository.get_commit,
    ("GET", _REPO + "/commits/{sha}/check-runs"): check_run.list_check_runs,
    ("GET", _REPO + "/pulls"): repository.list_pull_requests,
    ("GET", _REPO + "/pulls/{number:int}"): repository.get_pull_request,
    ("GET", _REPO + "/issues/{number:int}/comments"): repository.list_comments,
    ("POST", _REPO + "/issues/{number:int}/comments"): repository.create_comment,
    ("PATCH", _REPO + "/issues/comments/{id:int}"): repository.update_comment,
    ("GET", _REPO + "/collaborators/{login}/permission"): repository.get_permission,
    ("POST", _REPO + "/check-runs"): check_run.create_check_run,
    ("GET", _REPO + "/check-runs/{id:int}"): check_run.get_check_run,
    ("PATCH", _REPO + "/check-runs/{id:int}"): check_run.update_check_run,
    ("GET", _REPO + "/actions/runs"): workflow_run.list_runs,
    ("GET", _RUN): workflow_run.get_run,
    ("GET", _RUN + "/attempts/{attempt:int}"): workflow_run.get_run,
    ("GET", _RUN + "/artifacts"): workflow_run.list_artifacts,
    ("GET", _RUN + "/jobs"): workflow_run.list_jobs,
    ("POST", _RUN + "/rerun"): workflow_run.rerun,
    ("POST", _RUN + "/rerun-failed-jobs"): workflow_run.rerun_failed_jobs,
    ("GET", _REPO + "/actions/artifacts/{id:int}"): workflow_run.get_artifact,
    ("GET", _REPO + "/actions/artifacts/{id:int}/zip"): workflow_run.download_artifact,
    ("GET", "/orgs/{org}/teams/{team}/memberships/{login}"): repository.get_membership,
    ("GET", "/search/users"): repository.search_users,
}


def routes(github: GitHubServer) -> list[BaseRoute]:
    """Return the routes of the API, with their whole paths."""
    return [
        *_routes(github, _APP_HANDLERS, github.auth.verify_app),
        *_routes(github, _HANDLERS, github.auth.verify_token),
        Route(API + "/{rest:path}", _endpoint(github, not_found, github.auth.verify_token), methods=_METHODS),
    ]


def _routes(
    github: GitHubServer, handlers: dict[tuple[str, str], Handler], verify: Callable[[str], None]
) -> list[Route]:
    return [
        Route(API + path, _endpoint(github, handler, verify), methods=[method])
        for (method, path), handler in handlers.items()
    ]


def _endpoint(github: GitHubServer, handler: Handler, verify: Callable[[str], None]) -> Callable[[Request], object]:
    def respond(request: Request, raw: bytes, path: str) -> Response:
        fault = github.take_fault(path)
        if fault is not None:
            github.delay(fault)
            if fault.status:
                headers = {} if fault.retry_after is None else {"Retry-After": str(fault.retry_after)}
                return JSONResponse({"message": "Server Error"}, fault.status, headers)
        try:
            verify(request.headers.get("authorization", ""))
            parameters = {name: str(value) for name, value in request.path_params.items()}
            api_request = ApiRequest(parameters, dict(request.query_params), parse_body(raw))
            full_name = f"{parameters.get('owner', '')}/{parameters.get('repo', '')}"
            if full_name not in {"/", github.repository.full_name}:
                return not_found(github, api_request)
            return handler(github, api_request)
        except RestApiError as error:
            return JSONResponse({"message": error.message, "documentation_url": ""}, error.status)

    async def endpoint(request: Request) -> Response:
        path = request.url.path.removeprefix(API)
        response = await run_in_threadpool(respond, request, await request.body(), path)
        github.log(ApiCall(request.method, path, response.status_code))
        rate_limit = installation.rate_limit(github)
        response.headers.update(
            {
                **{f"X-RateLimit-{name.title()}": str(value) for name, value in rate_limit.items()},
                "X-RateLimit-Resource": "core",
                "X-GitHub-Media-Type": "github.v3; format=json",
                "X-GitHub-Request-Id": f"FLAKE:{len(github.calls):06X}",
            }
        )
        return response

    return endpoint
