"""The repository, its commits, pull requests, comments and people as JSON of the REST API."""

from __future__ import annotations

import base64
import hashlib
from datetime import datetime

from bot.sandbox.github.model import (
    APP_ID,
    APP_NAME,
    APP_SLUG,
    BOT,
    INSTALLATION_ID,
    OWNER,
    Comment,
    Commit,
    PullRequest,
    User,
)
from bot.sandbox.github.store import RepositoryStore
from bot.sandbox.json_object import JsonObject

EVENTS = ["check_run", "repository", "workflow_run"]
_PERMISSIONS = {"actions": "write", "checks": "write", "contents": "read", "issues": "write", "metadata": "read"}


class Representation:
    """Returns objects as GitHub does, with web addresses under `base_url` and API addresses under `api_url`."""

    def __init__(self, store: RepositoryStore, base_url: str, api_url: str) -> None:
        self._store = store
        self._base = base_url
        self._api = api_url
        self._repo_api = f"{api_url}/repos/{store.repository.full_name}"
        self._repo_url = f"{base_url}/{store.repository.full_name}"

    def user(self, user: User) -> JsonObject:
        """Return a person, an organization or a bot."""
        return {
            "login": user.login,
            "id": user.id,
            "node_id": node_id("User", user.id),
            "avatar_url": "",
            "url": f"{self._api}/users/{user.login}",
            "html_url": f"{self._base}/{user.login}",
            "type": user.kind,
            "site_admin": False,
        }

    def app(self) -> JsonObject:
        """Return the App."""
        return {
            "id": APP_ID,
            "slug": APP_SLUG,
            "node_id": node_id("App", APP_ID),
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
        """Return the installation of the App."""
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
        """Return the repository."""
        repository = self._store.repository
        return {
            "id": repository.id,
            "node_id": node_id("Repository", repository.id),
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
        """Return a commit."""
        author = self._store.users[commit.author_login]
        signature = _signature(author, commit.created_at)
        return {
            "sha": commit.sha,
            "node_id": node_id("Commit", commit.sha),
            "commit": {
                "author": signature,
                "committer": signature,
                "message": commit.message,
                "tree": {"sha": tree_sha(commit.sha), "url": f"{self._repo_api}/git/trees/{tree_sha(commit.sha)}"},
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
        """Return a pull request."""
        author = self.user(self._store.users[pull.author_login])
        return {
            "id": 100_000 + pull.number,
            "node_id": node_id("PullRequest", pull.number),
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
            "head": self._branch(pull.head_branch, pull.head_sha, author),
            "base": self._branch(self._store.repository.default_branch, pull.base_sha, self.user(OWNER)),
            "created_at": timestamp(pull.created_at),
            "updated_at": timestamp(pull.updated_at),
            "closed_at": timestamp(pull.updated_at) if pull.state == "closed" else None,
            "merged_at": timestamp(pull.updated_at) if pull.merged else None,
        }

    def comment(self, comment: Comment) -> JsonObject:
        """Return a comment on an issue or a pull request."""
        author = BOT if comment.author_login == BOT.login else self._store.users[comment.author_login]
        return {
            "id": comment.id,
            "node_id": node_id("IssueComment", comment.id),
            "url": f"{self._repo_api}/issues/comments/{comment.id}",
            "html_url": f"{self._repo_url}/pull/{comment.number}#issuecomment-{comment.id}",
            "issue_url": f"{self._repo_api}/issues/{comment.number}",
            "body": comment.body,
            "user": self.user(author),
            "created_at": timestamp(comment.created_at),
            "updated_at": timestamp(comment.updated_at),
        }

    def _branch(self, ref: str, sha: str, user: JsonObject) -> JsonObject:
        label = f"{OWNER.login}:{ref}"
        return {"label": label, "ref": ref, "sha": sha, "user": user, "repo": self.repository()}


def timestamp(at: datetime) -> str:
    """Format a time as GitHub does."""
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def _signature(user: User, at: datetime) -> JsonObject:
    return {"name": user.name, "email": email(user), "date": timestamp(at)}


def email(user: User) -> str:
    """Return a person's e-mail address."""
    return f"{user.login}@acme.example"


def node_id(kind: str, number: int | str) -> str:
    """Return the node_id, which identifies an object in GraphQL."""
    return base64.b64encode(f"{kind}:{number}".encode()).decode()


def tree_sha(sha: str) -> str:
    """Return the SHA of a commit's tree."""
    return hashlib.sha1(sha.encode(), usedforsecurity=False).hexdigest()
