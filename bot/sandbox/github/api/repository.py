"""The repository, its files, commits, pull requests and comments, and its people.

See https://docs.github.com/rest/repos, https://docs.github.com/rest/pulls and https://docs.github.com/rest/issues.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import replace

from starlette.responses import JSONResponse, Response

from bot.sandbox.github import errors, model
from bot.sandbox.github.api.request import ApiRequest, page
from bot.sandbox.github.model import BOT, Comment
from bot.sandbox.github.server import GitHubServer

_COMMENT_LENGTH = 65_536


def get_repository(github: GitHubServer, _request: ApiRequest) -> Response:
    """Respond with the repository."""
    return JSONResponse(github.representation.repository())


def get_content(github: GitHubServer, request: ApiRequest) -> Response:
    """Respond with a file; all branches have the same files."""
    path, ref = request.path["file"].strip("/"), request.query.get("ref", "main")
    data = github.files.get(path)
    if data is None:
        errors.not_found()
    blob_sha = hashlib.sha1(b"blob %d\x00" % len(data) + data, usedforsecurity=False).hexdigest()
    body = {
        "type": "file",
        "encoding": "base64",
        "size": len(data),
        "name": path.rpartition("/")[2],
        "path": path,
        "content": base64.encodebytes(data).decode(),
        "sha": blob_sha,
        "url": f"{github.representation.repository()['url']}/contents/{path}?ref={ref}",
        "git_url": None,
        "html_url": f"{github.base_url}/{github.repository.full_name}/blob/{ref}/{path}",
        "download_url": None,
    }
    return JSONResponse(body)


def list_commits(github: GitHubServer, request: ApiRequest) -> Response:
    """Respond with the commits of a branch."""
    branch = request.query.get("sha", github.repository.default_branch)
    commits = [commit for commit in github.commits() if commit.branch == branch]
    return page(request, [github.representation.commit(commit) for commit in commits])


def get_commit(github: GitHubServer, request: ApiRequest) -> Response:
    """Respond with a commit."""
    return JSONResponse(github.representation.commit(github.commit(request.path["sha"])))


def list_pull_requests(github: GitHubServer, request: ApiRequest) -> Response:
    """Respond with the pull requests, filtered by state and head."""
    state, head = request.query.get("state", "open"), request.query.get("head", "").rpartition(":")[2]
    pulls = [pull for pull in github.pull_requests() if state in {"all", pull.state} and head in {"", pull.head_branch}]
    return page(request, [github.representation.pull_request(pull) for pull in pulls])


def get_pull_request(github: GitHubServer, request: ApiRequest) -> Response:
    """Respond with a pull request."""
    return JSONResponse(github.representation.pull_request(github.pull_request(request.number("number"))))


def list_comments(github: GitHubServer, request: ApiRequest) -> Response:
    """Respond with the comments of a pull request."""
    comments = github.comments(request.number("number"))
    return page(request, [github.representation.comment(comment) for comment in comments])


def create_comment(github: GitHubServer, request: ApiRequest) -> Response:
    """Add a comment of the App to a pull request."""
    now = model.now()
    number = github.pull_request(request.number("number")).number
    comment = Comment(github.number("comment"), number, BOT.login, _comment_body(request), now, now)
    return JSONResponse(github.representation.comment(github.put_comment(comment)), 201)


def update_comment(github: GitHubServer, request: ApiRequest) -> Response:
    """Replace the text of a comment."""
    comment = replace(github.comment(request.number("id")), body=_comment_body(request), updated_at=model.now())
    return JSONResponse(github.representation.comment(github.put_comment(comment)))


def get_permission(github: GitHubServer, request: ApiRequest) -> Response:
    """Respond with a person's permission in the repository."""
    user = github.user(request.path["login"])
    representation = github.representation.user(user)
    return JSONResponse({"permission": user.permission, "role_name": user.permission, "user": representation})


def get_membership(github: GitHubServer, request: ApiRequest) -> Response:
    """Respond with a person's membership in a team."""
    if request.path["login"] not in github.teams.get(f"{request.path['org']}/{request.path['team']}", set()):
        errors.not_found()
    return JSONResponse({"state": "active", "role": "member", "url": ""})


def search_users(github: GitHubServer, request: ApiRequest) -> Response:
    """Find people by their public e-mail address, which is their login at acme.example."""
    terms = request.query.get("q", "").split()
    users = [
        github.representation.user(user)
        for user in github.users.values()
        if "in:email" in terms and f"{user.login}@acme.example" in terms
    ]
    return JSONResponse({"total_count": len(users), "incomplete_results": False, "items": users})


def _comment_body(request: ApiRequest) -> str:
    body = request.body.get("body")
    if not isinstance(body, str) or not body.strip():
        errors.fail(422, "Validation Failed: body can't be blank")
    if len(body) > _COMMENT_LENGTH:
        errors.fail(422, f"Validation Failed: body is too long (maximum is {_COMMENT_LENGTH} characters)")
    return body
