"""What a GitHub holds as JSON: the objects of the REST API."""

from __future__ import annotations

import base64
import hashlib
from datetime import datetime, timedelta
from typing import Protocol

from bot.sandbox.github.model import (
    APP_ID,
    APP_NAME,
    APP_SLUG,
    BOT,
    INSTALLATION_ID,
    OWNER,
    WORKFLOW_ID,
    Artifact,
    CheckRun,
    Comment,
    Commit,
    JsonObject,
    PullRequest,
    Repository,
    User,
    WorkflowRun,
)

EVENTS = ["check_run", "repository", "workflow_run"]
_PERMISSIONS = {"actions": "write", "checks": "write", "contents": "read", "issues": "write", "metadata": "read"}


class Lookup(Protocol):
    """Where an object's neighbours are found."""

    repository: Repository
    users: dict[str, User]

    def commit(self, sha: str) -> Commit:
        """The commit of this hash."""
        ...

    def pull_request(self, number: int) -> PullRequest:
        """The pull request of this number."""
        ...


class Representation:
    """Writes objects as GitHub does, with addresses under `base_url` and `api`."""

    def __init__(self, github: Lookup, base_url: str, api: str) -> None:
        self._github = github
        self._base = base_url
        self._api = api
        self._repo_api = f"{api}/repos/{github.repository.full_name}"
        self._repo_url = f"{base_url}/{github.repository.full_name}"

    def user(self, user: User) -> JsonObject:
        """A person, an organization or a bot."""
        return {
            "login": user.login,
            "id": user.id,
            "node_id": node("User", user.id),
            "avatar_url": "",
            "url": f"{self._api}/users/{user.login}",
            "html_url": f"{self._base}/{user.login}",
            "type": user.kind,
            "site_admin": False,
        }

    def app(self) -> JsonObject:
        """The App."""
        return {
            "id": APP_ID,
            "slug": APP_SLUG,
            "node_id": node("App", APP_ID),
            "name": APP_NAME,
            "owner": self.user(OWNER),
            "description": "",
            "external_url": self._base,
            "html_url": f"{self._base}/apps/{APP_SLUG}",
            "created_at": "2026-01-05T09:00:00Z",
            "updated_at": "2026-01-05T09:00:00Z",
            "permissions": _PERMISSIONS,
            "events": EVENTS,
        }

    def installation(self) -> JsonObject:
        """The installation of the App."""
        return {
            "id": INSTALLATION_ID,
            "account": self.user(OWNER),
            "repository_selection": "selected",
            "access_tokens_url": f"{self._api}/app/installations/{INSTALLATION_ID}/access_tokens",
            "repositories_url": f"{self._api}/installation/repositories",
            "html_url": f"{self._base}/organizations/{OWNER.login}/settings/installations/{INSTALLATION_ID}",
            "app_id": APP_ID,
            "app_slug": APP_SLUG,
            "target_id": OWNER.id,
            "target_type": "Organization",
            "permissions": _PERMISSIONS,
            "events": EVENTS,
            "created_at": "2026-01-05T09:00:00Z",
            "updated_at": "2026-01-05T09:00:00Z",
            "single_file_name": None,
            "suspended_at": None,
        }

    def repository(self) -> JsonObject:
        """The repository."""
        repository = self._github.repository
        return {
            "id": repository.id,
            "node_id": node("Repository", repository.id),
            "name": repository.name,
            "full_name": repository.full_name,
            "private": repository.private,
            "owner": self.user(OWNER),
            "html_url": self._repo_url,
            "description": "A small shop.",
            "fork": False,
            "url": self._repo_api,
            "archived": False,
            "disabled": False,
            "visibility": "private" if repository.private else "public",
            "default_branch": repository.default_branch,
            "created_at": "2025-03-01T10:00:00Z",
            "updated_at": "2026-01-05T09:00:00Z",
            "pushed_at": "2026-01-05T09:00:00Z",
        }

    def commit(self, commit: Commit) -> JsonObject:
        """A commit."""
        author = self._github.users[commit.author_login]
        signature = _signature(author, commit.created_at)
        return {
            "sha": commit.sha,
            "node_id": node("Commit", commit.sha),
            "commit": {
                "author": signature,
                "committer": signature,
                "message": commit.message,
                "tree": {"sha": _tree(commit.sha), "url": f"{self._repo_api}/git/trees/{_tree(commit.sha)}"},
                "url": f"{self._repo_api}/git/commits/{commit.sha}",
                "comment_count": 0,
            },
            "url": f"{self._repo_api}/commits/{commit.sha}",
            "html_url": f"{self._repo_url}/commit/{commit.sha}",
            "author": self.user(author),
            "committer": self.user(author),
            "parents": [
                {
                    "sha": commit.parent,
                    "url": f"{self._repo_api}/commits/{commit.parent}",
                    "html_url": f"{self._repo_url}/commit/{commit.parent}",
                }
            ]
            if commit.parent
            else [],
        }

    def pull_request(self, pull: PullRequest) -> JsonObject:
        """A pull request."""
        author = self.user(self._github.users[pull.author_login])
        return {
            "id": 100_000 + pull.number,
            "node_id": node("PullRequest", pull.number),
            "number": pull.number,
            "state": pull.state,
            "title": pull.title,
            "body": None,
            "draft": False,
            "merged": pull.merged,
            "url": f"{self._repo_api}/pulls/{pull.number}",
            "html_url": f"{self._repo_url}/pull/{pull.number}",
            "issue_url": f"{self._repo_api}/issues/{pull.number}",
            "user": author,
            "head": self._end(pull.head_branch, pull.head_sha, author),
            "base": self._end(self._github.repository.default_branch, pull.base_sha, self.user(OWNER)),
            "created_at": stamp(pull.created_at),
            "updated_at": stamp(pull.updated_at),
            "closed_at": stamp(pull.updated_at) if pull.state == "closed" else None,
            "merged_at": stamp(pull.updated_at) if pull.merged else None,
        }

    def comment(self, comment: Comment) -> JsonObject:
        """A comment on an issue or a pull request."""
        author = BOT if comment.author_login == BOT.login else self._github.users[comment.author_login]
        return {
            "id": comment.id,
            "node_id": node("IssueComment", comment.id),
            "url": f"{self._repo_api}/issues/comments/{comment.id}",
            "html_url": f"{self._repo_url}/pull/{comment.number}#issuecomment-{comment.id}",
            "issue_url": f"{self._repo_api}/issues/{comment.number}",
            "body": comment.body,
            "user": self.user(author),
            "created_at": stamp(comment.created_at),
            "updated_at": stamp(comment.updated_at),
        }

    def run(self, run: WorkflowRun) -> JsonObject:
        """One attempt of a workflow run."""
        api = f"{self._repo_api}/actions/runs/{run.id}"
        commit = self._github.commit(run.head_sha)
        actor = self.user(self._github.users[run.actor_login])
        before = f"{api}/attempts/{run.run_attempt - 1}" if run.run_attempt > 1 else None
        return {
            "id": run.id,
            "name": run.name,
            "node_id": node("WorkflowRun", run.id),
            "head_branch": run.head_branch,
            "head_sha": run.head_sha,
            "path": run.path,
            "display_title": commit.title,
            "run_number": run.run_number,
            "event": run.event,
            "status": run.status,
            "conclusion": run.conclusion,
            "workflow_id": WORKFLOW_ID,
            "check_suite_id": 4_000_000 + run.run_number,
            "check_suite_node_id": node("CheckSuite", run.run_number),
            "url": api,
            "html_url": run.html_url,
            "pull_requests": [self._run_pull(run)] if run.pull_request is not None else [],
            "created_at": stamp(run.created_at),
            "updated_at": stamp(run.updated_at),
            "actor": actor,
            "run_attempt": run.run_attempt,
            "referenced_workflows": [],
            "run_started_at": stamp(run.run_started_at),
            "triggering_actor": actor,
            "jobs_url": f"{api}/jobs",
            "logs_url": f"{api}/logs",
            "check_suite_url": f"{self._repo_api}/check-suites/{4_000_000 + run.run_number}",
            "artifacts_url": f"{api}/artifacts",
            "cancel_url": f"{api}/cancel",
            "rerun_url": f"{api}/rerun",
            "previous_attempt_url": before,
            "workflow_url": f"{self._repo_api}/actions/workflows/{WORKFLOW_ID}",
            "head_commit": self._head_commit(commit),
            "repository": self.repository(),
            "head_repository": self.repository(),
        }

    def artifact(self, artifact: Artifact, run: WorkflowRun) -> JsonObject:
        """An artifact of a run."""
        api = f"{self._repo_api}/actions/artifacts/{artifact.id}"
        repository_id = self._github.repository.id
        return {
            "id": artifact.id,
            "node_id": node("Artifact", artifact.id),
            "name": artifact.name,
            "size_in_bytes": len(artifact.data),
            "url": api,
            "archive_download_url": f"{api}/zip",
            "expired": artifact.expired,
            "digest": f"sha256:{hashlib.sha256(artifact.data).hexdigest()}",
            "created_at": stamp(artifact.created_at),
            "updated_at": stamp(artifact.created_at),
            "expires_at": stamp(artifact.created_at + timedelta(days=90)),
            "workflow_run": {
                "id": run.id,
                "repository_id": repository_id,
                "head_repository_id": repository_id,
                "head_branch": run.head_branch,
                "head_sha": run.head_sha,
            },
        }

    def check_run(self, check: CheckRun) -> JsonObject:
        """A check run; its buttons are in webhooks only, as on GitHub."""
        api = f"{self._repo_api}/check-runs/{check.id}"
        return {
            "id": check.id,
            "name": check.name,
            "node_id": node("CheckRun", check.id),
            "head_sha": check.head_sha,
            "external_id": check.external_id,
            "url": api,
            "html_url": f"{self._repo_url}/runs/{check.id}",
            "details_url": check.details_url or f"{self._repo_url}/runs/{check.id}",
            "status": check.status,
            "conclusion": check.conclusion,
            "started_at": stamp(check.started_at),
            "completed_at": stamp(check.completed_at) if check.completed_at else None,
            "output": {
                "title": check.title or None,
                "summary": check.summary or None,
                "text": check.text or None,
                "annotations_count": check.annotations,
                "annotations_url": f"{api}/annotations",
            },
            "check_suite": {"id": 4_500_000 + check.id},
            "app": self.app(),
            "pull_requests": [],
        }

    def _end(self, ref: str, sha: str, user: JsonObject) -> JsonObject:
        label = f"{OWNER.login}:{ref}"
        return {"label": label, "ref": ref, "sha": sha, "user": user, "repo": self.repository()}

    def _run_pull(self, run: WorkflowRun) -> JsonObject:
        """The pull request of a run, with the head that was tested."""
        pull = self._github.pull_request(run.pull_request or 0)
        repository = self._github.repository
        short = {"id": repository.id, "url": self._repo_api, "name": repository.name}
        return {
            "url": f"{self._repo_api}/pulls/{pull.number}",
            "id": 100_000 + pull.number,
            "number": pull.number,
            "head": {"ref": pull.head_branch, "sha": run.head_sha, "repo": short},
            "base": {"ref": repository.default_branch, "sha": pull.base_sha, "repo": short},
        }

    def _head_commit(self, commit: Commit) -> JsonObject:
        author = self._github.users[commit.author_login]
        person = {"name": author.name, "email": _email(author)}
        return {
            "id": commit.sha,
            "tree_id": _tree(commit.sha),
            "message": commit.message,
            "timestamp": stamp(commit.created_at),
            "author": person,
            "committer": person,
        }


def stamp(at: datetime) -> str:
    """A time as GitHub writes it."""
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def _signature(user: User, at: datetime) -> JsonObject:
    return {"name": user.name, "email": _email(user), "date": stamp(at)}


def _email(user: User) -> str:
    return f"{user.login}@acme.example"


def node(kind: str, number: int | str) -> str:
    """A node id: what GraphQL calls an object."""
    return base64.b64encode(f"{kind}:{number}".encode()).decode()


def _tree(sha: str) -> str:
    return hashlib.sha1(sha.encode(), usedforsecurity=False).hexdigest()
