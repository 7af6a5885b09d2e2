"""The state of a GitHub behind one lock; `version` grows with every change."""

from __future__ import annotations

import itertools
import secrets
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import TypeVar

from bot.sandbox.github import artifacts, auth, webhook
from bot.sandbox.github.model import (
    API,
    INSTALLATION_ID,
    PEOPLE,
    SHOP,
    Artifact,
    Call,
    CheckRun,
    Comment,
    Commit,
    Delivery,
    Fault,
    JsonObject,
    PullRequest,
    RefusalError,
    User,
    WorkflowRun,
)
from bot.sandbox.github.representation import Representation
from bot.sandbox.github.webhook_payload import Payloads

_NOT_FOUND = 404
_T = TypeVar("_T")


class GitHubServer:
    """One repository with its commits, runs and checks, and the App that is installed in it.

    `base_url` is the address of the sandbox, `downloads_url` that of the second port; both are set once they are known.
    """

    def __init__(self) -> None:
        self.auth = auth.Keys()
        self.webhooks = webhook.Webhooks()
        self.downloads = artifacts.Downloads()
        self.repository = SHOP
        self.users: dict[str, User] = {user.login: user for user in PEOPLE}
        self.files: dict[str, bytes] = {}
        self.teams: dict[str, set[str]] = {}
        self.client_id = "Iv1.flakeguard"
        self.client_secret = secrets.token_hex(20)
        self.base_url = "http://127.0.0.1:0"
        self.downloads_url = "http://127.0.0.1:0"
        self.on_rerun: Callable[[int, bool], object] | None = None
        self.version = 0
        self.calls: list[Call] = []
        self._changed = threading.Condition(threading.RLock())
        self._numbers = {name: itertools.count(first) for name, first in _FIRST.items()}
        self._commits: dict[str, Commit] = {}
        self._pulls: dict[int, PullRequest] = {}
        self._runs: dict[int, list[WorkflowRun]] = {}
        self._artifacts: dict[int, Artifact] = {}
        self._checks: dict[int, CheckRun] = {}
        self._comments: dict[int, Comment] = {}
        self._faults: list[Fault] = []

    @property
    def webhook_secret(self) -> str:
        """The secret that webhooks are signed with."""
        return self.webhooks.secret

    @property
    def private_key(self) -> str:
        """The App's private key, as PEM."""
        return self.auth.private_key

    @property
    def represent(self) -> Representation:
        """What this GitHub holds as the JSON of the API."""
        return Representation(self, self.base_url, self.base_url + API)

    @property
    def payloads(self) -> Payloads:
        """The payloads of webhooks."""
        return Payloads(self, self.represent)

    # What tests and the page look at.

    def commits(self) -> list[Commit]:
        """List the commits of all branches, newest first."""
        with self._changed:
            latest_first = reversed(self._commits.values())  # of one second the one that came last is the newest
            return sorted(latest_first, key=lambda commit: commit.created_at, reverse=True)

    def commit(self, sha: str) -> Commit:
        """Return a commit by its SHA or a branch's name (its newest commit)."""
        with self._changed:
            found = self._commits.get(sha) or next((one for one in self.commits() if one.branch == sha), None)
            return _found(found, f"No commit found for SHA: {sha}")

    def pull_requests(self) -> list[PullRequest]:
        """List the pull requests, newest first."""
        with self._changed:
            return sorted(self._pulls.values(), key=lambda pull: pull.number, reverse=True)

    def pull_request(self, number: int) -> PullRequest:
        """Return a pull request."""
        with self._changed:
            return _found(self._pulls.get(number))

    def runs(self, sha: str | None = None) -> list[WorkflowRun]:
        """List the latest attempt of every run, the newest run first."""
        with self._changed:
            latest = [attempts[-1] for attempts in self._runs.values() if sha in {None, attempts[-1].head_sha}]
            return sorted(latest, key=lambda run: run.run_number, reverse=True)

    def run(self, run_id: int, attempt: int | None = None) -> WorkflowRun:
        """Return the latest or the given attempt of a run."""
        with self._changed:
            attempts = self._runs.get(run_id, [])
            if attempt is None:
                return _found(attempts[-1] if attempts else None)
            return _found(next((run for run in attempts if run.run_attempt == attempt), None))

    def attempts(self, run_id: int) -> list[WorkflowRun]:
        """List the attempts of a run, first one first."""
        with self._changed:
            return list(_found(self._runs.get(run_id)))

    def artifacts(self, run_id: int) -> list[Artifact]:
        """List the artifacts of all attempts of a run, newest first as GitHub does."""
        with self._changed:
            of_run = [artifact for artifact in self._artifacts.values() if artifact.run_id == run_id]
            return sorted(of_run, key=lambda artifact: artifact.id, reverse=True)

    def artifact(self, artifact_id: int) -> Artifact:
        """Return an artifact."""
        with self._changed:
            return _found(self._artifacts.get(artifact_id))

    def check_runs(self, sha: str | None = None, name: str | None = None) -> list[CheckRun]:
        """List the check runs, newest first."""
        with self._changed:
            chosen = [
                check for check in self._checks.values() if sha in {None, check.head_sha} and name in {None, check.name}
            ]
            return sorted(chosen, key=lambda check: check.id, reverse=True)

    def check_run(self, check_id: int) -> CheckRun:
        """Return a check run."""
        with self._changed:
            return _found(self._checks.get(check_id))

    def comments(self, number: int) -> list[Comment]:
        """List the comments of an issue or a pull request, oldest first."""
        with self._changed:
            return [comment for comment in self._comments.values() if comment.number == number]

    def comment(self, comment_id: int) -> Comment:
        """Return a comment."""
        with self._changed:
            return _found(self._comments.get(comment_id))

    def user(self, login: str) -> User:
        """Return a person."""
        return _found(self.users.get(login))

    def wait_for(self, condition: Callable[[], object], seconds: float = 10.0) -> bool:
        """Wait until the condition holds, looking again at each change; say whether it did."""
        with self._changed:
            return bool(self._changed.wait_for(condition, timeout=seconds))

    # What changes it.

    def number(self, kind: str) -> int:
        """Draw the next number of a kind: commit, pull, run, run_number, artifact, check or comment."""
        with self._changed:
            return next(self._numbers[kind])

    def put_commit(self, commit: Commit) -> Commit:
        """Add a commit."""
        with self._changed:
            self._commits[commit.sha] = commit
            self._touch()
        return commit

    def put_pull_request(self, pull: PullRequest) -> PullRequest:
        """Add or replace a pull request."""
        with self._changed:
            self._pulls[pull.number] = pull
            self._touch()
        return pull

    def put_run(self, run: WorkflowRun) -> WorkflowRun:
        """Add a run or an attempt of it, or replace that attempt."""
        with self._changed:
            attempts = self._runs.setdefault(run.id, [])
            attempts[:] = [*(one for one in attempts if one.run_attempt != run.run_attempt), run]
            attempts.sort(key=lambda one: one.run_attempt)
            self._touch()
        return run

    def put_artifact(self, artifact: Artifact) -> Artifact:
        """Add or replace an artifact."""
        with self._changed:
            self._artifacts[artifact.id] = artifact
            self._touch()
        return artifact

    def put_check_run(self, check: CheckRun) -> CheckRun:
        """Add or replace a check run."""
        with self._changed:
            self._checks[check.id] = check
            self._touch()
        return check

    def put_comment(self, comment: Comment) -> Comment:
        """Add or replace a comment."""
        with self._changed:
            self._comments[comment.id] = comment
            self._touch()
        return comment

    def close_pull_request(self, number: int, at: datetime, *, merged: bool) -> PullRequest:
        """Close a pull request, merged or not."""
        with self._changed:
            return self.put_pull_request(
                replace(self.pull_request(number), state="closed", merged=merged, updated_at=at)
            )

    # Webhooks.

    def deliveries(self) -> list[Delivery]:
        """List the webhooks sent, oldest first."""
        return self.webhooks.deliveries()

    def redeliver(self, delivery_id: str) -> Delivery:
        """Send a webhook again under its own id."""
        return self.webhooks.redeliver(delivery_id)

    def announce_run(self, action: str, run: WorkflowRun) -> Delivery:
        """Send `workflow_run` with this action: requested, in_progress or completed."""
        return self.webhooks.send("workflow_run", self.payloads.run(action, run))

    def click(self, check_id: int, identifier: str, login: str) -> Delivery:
        """Press a button of a check run as this person: sends `check_run.requested_action`."""
        check = self.check_run(check_id)
        if identifier not in {action.identifier for action in check.actions}:
            message = f"The check run has no action {identifier}."
            raise RefusalError(_NOT_FOUND, message)
        return self.webhooks.send("check_run", self.payloads.requested_action(check, identifier, self.user(login)))

    def ping(self) -> Delivery:
        """Send `ping`, as GitHub does when a webhook is set up."""
        return self.webhooks.send("ping", self.payloads.ping())

    def install(self) -> Delivery:
        """Send `installation.created` with the repository in it."""
        return self.webhooks.send("installation", self.payloads.installation())

    def revoke(self, login: str) -> Delivery:
        """Take back that the App may act for a person, as they can in their settings."""
        person = self.represent.user(self.user(login))
        return self.webhooks.send("github_app_authorization", {"action": "revoked", "sender": person})

    def push(self, *files: str, branch: str = "main") -> Delivery:
        """Send a push to a branch that touches these files."""
        event: JsonObject = {
            "ref": f"refs/heads/{branch}",
            "commits": [{"id": "0" * 40, "added": [], "removed": [], "modified": list(files)}],
            "repository": self.represent.repository(),
            "installation": {"id": INSTALLATION_ID},
        }
        return self.webhooks.send("push", event)

    # Trouble on demand.

    def fail_next(
        self, status: int = 502, times: int = 1, path_prefix: str = "", retry_after: int | None = None
    ) -> None:
        """Answer the next requests whose path (after /github/api/v3) begins so with this status."""
        with self._changed:
            self._faults.append(Fault(times, status, 0.0, path_prefix, retry_after))

    def hang(self, seconds: float, times: int = 1, path_prefix: str = "") -> None:
        """Let the next requests whose path begins so wait before they are answered."""
        with self._changed:
            self._faults.append(Fault(times, 0, seconds, path_prefix, None))

    def take_fault(self, path: str) -> Fault | None:
        """Use up and return the fault that meets this request, if any."""
        with self._changed:
            for index, fault in enumerate(self._faults):
                if path.startswith(fault.path_prefix):
                    left = fault.used()
                    self._faults[index : index + 1] = [left] if left.times > 0 else []
                    return fault
        return None

    def log(self, call: Call) -> None:
        """Remember a request to the API."""
        with self._changed:
            self.calls.append(call)
            self._changed.notify_all()

    def _touch(self) -> None:
        self.version += 1
        self._changed.notify_all()


_FIRST = {
    "commit": 1,
    "pull": 41,
    "run": 6_001_001,
    "run_number": 301,
    "artifact": 7_001_001,
    "check": 5_001_001,
    "comment": 3_001_001,
}


def now() -> datetime:
    """The time in UTC, to the second, as GitHub writes it."""
    return datetime.now(UTC).replace(microsecond=0)


def _found(thing: _T | None, message: str = "Not Found") -> _T:
    if thing is None:
        raise RefusalError(_NOT_FOUND, message)
    return thing
