"""The REST API under /github/api/v3, as far as an App that reads runs and writes checks touches it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from bot.sandbox.github import checks, server
from bot.sandbox.github.artifacts import download_routes
from bot.sandbox.github.contents import content
from bot.sandbox.github.model import (
    API,
    BOT,
    INSTALLATION_ID,
    MAX_COMMENT,
    Call,
    Comment,
    JsonObject,
    RefusalError,
)
from bot.sandbox.github.representation import stamp
from bot.sandbox.github.server import GitHubServer

__all__ = ["download_routes", "routes"]

_LIMIT = 5000
_PAGE = 30
_RERUN_AGE = timedelta(days=30)
_REPO = "/repos/{owner}/{repo}"


@dataclass(frozen=True, slots=True)
class _Ask:
    """One request: what it names in its path, its query and its body."""

    path: dict[str, str]
    query: dict[str, str]
    body: JsonObject

    def number(self, name: str) -> int:
        return int(self.path[name])


_Handler = Callable[[GitHubServer, _Ask], Response]


def routes(github: GitHubServer) -> list[BaseRoute]:
    """Return the routes of the API, with their whole paths."""
    found: list[BaseRoute] = [
        Route(
            API + path,
            _endpoint(github, handler, as_app=path.startswith("/app") or handler is _repository_installation),
            methods=[method],
        )
        for method, path, handler in (
            ("GET", "/app", _app),
            ("GET", "/app/installations", _installations),
            ("GET", "/app/installations/{id:int}", _installation),
            ("POST", "/app/installations/{id:int}/access_tokens", _access_token),
            ("GET", "/installation/repositories", _repositories),
            ("GET", "/rate_limit", _rate_limit),
            ("GET", _REPO, _repository),
            ("GET", _REPO + "/installation", _repository_installation),
            ("GET", _REPO + "/contents/{file:path}", _contents),
            ("GET", _REPO + "/commits", _commits),
            ("GET", _REPO + "/commits/{sha}", _commit),
            ("GET", _REPO + "/commits/{sha}/check-runs", _commit_checks),
            ("GET", _REPO + "/pulls", _pulls),
            ("GET", _REPO + "/pulls/{number:int}", _pull),
            ("GET", _REPO + "/issues/{number:int}/comments", _comments),
            ("POST", _REPO + "/issues/{number:int}/comments", _post_comment),
            ("PATCH", _REPO + "/issues/comments/{id:int}", _edit_comment),
            ("POST", _REPO + "/check-runs", _create_check),
            ("GET", _REPO + "/check-runs/{id:int}", _check),
            ("PATCH", _REPO + "/check-runs/{id:int}", _edit_check),
            ("GET", _REPO + "/actions/runs", _runs),
            ("GET", _REPO + "/actions/runs/{id:int}", _run),
            ("GET", _REPO + "/actions/runs/{id:int}/attempts/{attempt:int}", _run),
            ("GET", _REPO + "/actions/runs/{id:int}/artifacts", _artifacts),
            ("GET", _REPO + "/actions/runs/{id:int}/jobs", _jobs),
            ("POST", _REPO + "/actions/runs/{id:int}/rerun", _rerun_all),
            ("POST", _REPO + "/actions/runs/{id:int}/rerun-failed-jobs", _rerun_failed),
            ("GET", _REPO + "/actions/artifacts/{id:int}", _artifact),
            ("GET", _REPO + "/actions/artifacts/{id:int}/zip", _zip),
            ("GET", "/orgs/{org}/teams/{team}/memberships/{login}", _membership),
            ("GET", "/search/users", _search_users),
            ("GET", _REPO + "/collaborators/{login}/permission", _permission),
        )
    ]
    everything = ["GET", "POST", "PATCH", "PUT", "DELETE"]
    found.append(Route(API + "/{rest:path}", _endpoint(github, _missing, as_app=False), methods=everything))
    return found


def _endpoint(github: GitHubServer, handler: _Handler, *, as_app: bool) -> Callable[[Request], object]:
    def answer(request: Request, raw: bytes, path: str) -> Response:
        fault = github.take_fault(path)
        if fault is not None and fault.seconds:
            time.sleep(fault.seconds)
        if fault is not None and fault.status:
            headers = {} if fault.retry_after is None else {"Retry-After": str(fault.retry_after)}
            return JSONResponse({"message": "Server Error"}, fault.status, headers)
        try:
            credential = request.headers.get("authorization", "")
            (github.auth.verify_app if as_app else github.auth.verify_token)(credential)
            params = {name: str(value) for name, value in request.path_params.items()}
            if f"{params.get('owner', '')}/{params.get('repo', '')}" not in {"/", github.repository.full_name}:
                return _missing(github, _Ask({}, {}, {}))
            return handler(github, _Ask(params, dict(request.query_params), _json(raw)))
        except RefusalError as refusal:
            return JSONResponse({"message": refusal.message, "documentation_url": ""}, refusal.status)

    async def endpoint(request: Request) -> Response:
        path = request.url.path.removeprefix(API)
        response = await run_in_threadpool(answer, request, await request.body(), path)
        github.log(Call(request.method, path, response.status_code))
        used = len(github.calls) % _LIMIT
        response.headers.update(
            {
                "X-RateLimit-Limit": str(_LIMIT),
                "X-RateLimit-Remaining": str(_LIMIT - used),
                "X-RateLimit-Used": str(used),
                "X-RateLimit-Reset": str(int(time.time()) + 3600),
                "X-RateLimit-Resource": "core",
                "X-GitHub-Media-Type": "github.v3; format=json",
                "X-GitHub-Request-Id": f"FLAKE:{len(github.calls):06X}",
            }
        )
        return response

    return endpoint


def _json(raw: bytes) -> JsonObject:
    if not raw:
        return {}
    message = "Problems parsing JSON"
    try:
        value = json.loads(raw)
    except ValueError:
        raise RefusalError(400, message) from None
    if not isinstance(value, dict):
        raise RefusalError(400, message)
    return value


def _missing(_github: GitHubServer, _ask: _Ask) -> Response:
    return JSONResponse({"message": "Not Found", "documentation_url": "", "status": "404"}, 404)


def _listed(request: _Ask, name: str | None, items: list[JsonObject]) -> Response:
    """One page of a list; bare, or under a name with its total."""
    size = min(int(request.query.get("per_page", _PAGE)), 100)
    start = (max(int(request.query.get("page", 1)), 1) - 1) * size
    page = items[start : start + size]
    return JSONResponse(page if name is None else {"total_count": len(items), name: page})


def _app(github: GitHubServer, _ask: _Ask) -> Response:
    return JSONResponse(github.represent.app())


def _installations(github: GitHubServer, ask: _Ask) -> Response:
    return _listed(ask, None, [github.represent.installation()])


def _installation(github: GitHubServer, ask: _Ask) -> Response:
    if ask.number("id") != INSTALLATION_ID:
        return _missing(github, ask)
    return JSONResponse(github.represent.installation())


def _repository_installation(github: GitHubServer, _ask: _Ask) -> Response:
    return JSONResponse(github.represent.installation())


def _access_token(github: GitHubServer, ask: _Ask) -> Response:
    if ask.number("id") != INSTALLATION_ID:
        return _missing(github, ask)
    if ask.body.get("permissions") == {}:
        message = "There must be at least one permission requested."
        raise RefusalError(422, message)
    token, expires = github.auth.issue()
    granted = ask.body.get("permissions") or github.represent.installation()["permissions"]
    body = {
        "token": token,
        "expires_at": stamp(expires),
        "permissions": granted,
        "repository_selection": "selected",
    }
    return JSONResponse(body, 201)


def _repositories(github: GitHubServer, ask: _Ask) -> Response:
    return _listed(ask, "repositories", [github.represent.repository()])


def _rate_limit(github: GitHubServer, _ask: _Ask) -> Response:
    used = len(github.calls) % _LIMIT
    rate = {"limit": _LIMIT, "remaining": _LIMIT - used, "used": used, "reset": int(time.time()) + 3600}
    return JSONResponse({"resources": {"core": rate}, "rate": rate})


def _repository(github: GitHubServer, _ask: _Ask) -> Response:
    return JSONResponse(github.represent.repository())


def _contents(github: GitHubServer, ask: _Ask) -> Response:
    return JSONResponse(content(github, ask.path["file"].strip("/"), ask.query.get("ref", "main")))


def _commits(github: GitHubServer, ask: _Ask) -> Response:
    branch = ask.query.get("sha", github.repository.default_branch)
    return _listed(ask, None, [github.represent.commit(one) for one in github.commits() if one.branch == branch])


def _commit(github: GitHubServer, ask: _Ask) -> Response:
    return JSONResponse(github.represent.commit(github.commit(ask.path["sha"])))


def _commit_checks(github: GitHubServer, ask: _Ask) -> Response:
    sha = github.commit(ask.path["sha"]).sha
    found = checks.listed(github, sha, ask.query)
    return _listed(ask, "check_runs", [github.represent.check_run(check) for check in found])


def _pulls(github: GitHubServer, ask: _Ask) -> Response:
    wanted = ask.query.get("state", "open")
    pulls = [pull for pull in github.pull_requests() if wanted in {"all", pull.state}]
    head = ask.query.get("head", "").rpartition(":")[2]
    return _listed(ask, None, [github.represent.pull_request(pull) for pull in pulls if head in {"", pull.head_branch}])


def _pull(github: GitHubServer, ask: _Ask) -> Response:
    return JSONResponse(github.represent.pull_request(github.pull_request(ask.number("number"))))


def _comments(github: GitHubServer, ask: _Ask) -> Response:
    comments = github.comments(ask.number("number"))
    return _listed(ask, None, [github.represent.comment(comment) for comment in comments])


def _post_comment(github: GitHubServer, ask: _Ask) -> Response:
    at = server.now()
    number = github.pull_request(ask.number("number")).number
    comment = Comment(github.number("comment"), number, BOT.login, _comment_body(ask), at, at)
    return JSONResponse(github.represent.comment(github.put_comment(comment)), 201)


def _edit_comment(github: GitHubServer, ask: _Ask) -> Response:
    old = github.comment(ask.number("id"))
    new = Comment(old.id, old.number, old.author_login, _comment_body(ask), old.created_at, server.now())
    return JSONResponse(github.represent.comment(github.put_comment(new)))


def _comment_body(ask: _Ask) -> str:
    body = ask.body.get("body")
    if not isinstance(body, str) or not body.strip():
        message = "Validation Failed: body can't be blank"
        raise RefusalError(422, message)
    if len(body) > MAX_COMMENT:
        message = f"Validation Failed: body is too long (maximum is {MAX_COMMENT} characters)"
        raise RefusalError(422, message)
    return body


def _create_check(github: GitHubServer, ask: _Ask) -> Response:
    return JSONResponse(github.represent.check_run(checks.create(github, ask.body)), 201)


def _check(github: GitHubServer, ask: _Ask) -> Response:
    return JSONResponse(github.represent.check_run(github.check_run(ask.number("id"))))


def _edit_check(github: GitHubServer, ask: _Ask) -> Response:
    return JSONResponse(github.represent.check_run(checks.edit(github, ask.number("id"), ask.body)))


def _runs(github: GitHubServer, ask: _Ask) -> Response:
    wanted = {name: ask.query[name] for name in ("event", "status", "branch", "head_sha") if ask.query.get(name)}
    found = [
        run
        for run in github.runs(wanted.get("head_sha"))
        if wanted.get("event") in {None, run.event}
        and wanted.get("status") in {None, run.status, run.conclusion}
        and wanted.get("branch") in {None, run.head_branch}
    ]
    return _listed(ask, "workflow_runs", [github.represent.run(run) for run in found])


def _run(github: GitHubServer, ask: _Ask) -> Response:
    attempt = int(ask.path["attempt"]) if "attempt" in ask.path else None
    return JSONResponse(github.represent.run(github.run(ask.number("id"), attempt)))


def _artifacts(github: GitHubServer, ask: _Ask) -> Response:
    run = github.run(ask.number("id"))
    named = ask.query.get("name")
    found = [artifact for artifact in github.artifacts(run.id) if named in {None, artifact.name}]
    return _listed(ask, "artifacts", [github.represent.artifact(artifact, run) for artifact in found])


def _artifact(github: GitHubServer, ask: _Ask) -> Response:
    artifact = github.artifact(ask.number("id"))
    return JSONResponse(github.represent.artifact(artifact, github.run(artifact.run_id)))


def _zip(github: GitHubServer, ask: _Ask) -> Response:
    artifact = github.artifact(ask.number("id"))
    if artifact.expired:
        message = "Artifact has expired"
        raise RefusalError(410, message)
    return RedirectResponse(github.downloads_url + github.downloads.open(artifact.id), 302)


def _jobs(github: GitHubServer, ask: _Ask) -> Response:
    """One job for the latest attempt: the sandbox's CI has no others to tell of."""
    run = github.run(ask.number("id"))
    job = {
        "id": run.id * 10 + run.run_attempt,
        "run_id": run.id,
        "run_attempt": run.run_attempt,
        "name": "test",
        "status": run.status,
        "conclusion": run.conclusion,
        "html_url": run.html_url,
    }
    return _listed(ask, "jobs", [job])


def _rerun_all(github: GitHubServer, ask: _Ask) -> Response:
    return _rerun(github, ask, failed_only=False)


def _rerun_failed(github: GitHubServer, ask: _Ask) -> Response:
    return _rerun(github, ask, failed_only=True)


def _rerun(github: GitHubServer, ask: _Ask, *, failed_only: bool) -> Response:
    run = github.run(ask.number("id"))
    if run.status != "completed":
        message = "This workflow is already running"
        raise RefusalError(403, message)
    if server.now() - run.created_at > _RERUN_AGE:
        message = "Unable to retry this workflow run because it was created over a month ago"
        raise RefusalError(403, message)
    if failed_only and run.conclusion == "success":
        message = "This workflow run has no failed jobs"
        raise RefusalError(403, message)
    if github.on_rerun is not None:
        github.on_rerun(run.id, failed_only)
    return JSONResponse({}, 201)


def _membership(github: GitHubServer, ask: _Ask) -> Response:
    if ask.path["login"] not in github.teams.get(f"{ask.path['org']}/{ask.path['team']}", set()):
        return _missing(github, ask)
    return JSONResponse({"state": "active", "role": "member", "url": ""})


def _search_users(github: GitHubServer, ask: _Ask) -> Response:
    """Find people by the address they show in public, which on this GitHub is their login at acme.example."""
    words = ask.query.get("q", "").split()
    found = [
        github.represent.user(user)
        for user in github.users.values()
        if "in:email" in words and f"{user.login}@acme.example" in words
    ]
    return JSONResponse({"total_count": len(found), "incomplete_results": False, "items": found})


def _permission(github: GitHubServer, ask: _Ask) -> Response:
    user = github.user(ask.path["login"])
    return JSONResponse(
        {"permission": user.permission, "role_name": user.permission, "user": github.represent.user(user)}
    )
