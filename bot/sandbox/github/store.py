"""The repository's commits, pull requests, runs, artifacts, check runs and comments."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from bot.sandbox.github import errors
from bot.sandbox.github.model import (
    PEOPLE,
    SHOP,
    Artifact,
    CheckRun,
    Comment,
    Commit,
    PullRequest,
    User,
    WorkflowRun,
)

_FIRST_NUMBERS = {
    "commit": 1,
    "pull": 41,
    "run": 6_001_001,
    "run_number": 301,
    "artifact": 7_001_001,
    "check": 5_001_001,
    "comment": 3_001_001,
}


class RepositoryStore:
    """One repository, behind one lock; `version` grows with every change. Unknown objects raise RestApiError (404)."""

    def __init__(self) -> None:
        self.repository = SHOP
        self.users: dict[str, User] = {user.login: user for user in PEOPLE}
        self.files: dict[str, bytes] = {}
        self.version = 0
        self._lock = threading.RLock()
        self._changed = threading.Condition(self._lock)
        self._next_numbers = dict(_FIRST_NUMBERS)
        self._commits: dict[str, Commit] = {}
        self._pulls: dict[int, PullRequest] = {}
        self._runs: dict[int, list[WorkflowRun]] = {}
        self._artifacts: dict[int, Artifact] = {}
        self._checks: dict[int, CheckRun] = {}
        self._comments: dict[int, Comment] = {}

    def number(self, kind: str) -> int:
        """Return the next number of a kind: commit, pull, run, run_number, artifact, check or comment."""
        with self._lock:
            number = self._next_numbers[kind]
            self._next_numbers[kind] = number + 1
            return number

    def wait_for(self, condition: Callable[[], object], seconds: float = 10.0) -> bool:
        """Wait until the condition holds and return whether it does; it is evaluated at each change."""
        with self._lock:
            return bool(self._changed.wait_for(condition, timeout=seconds))

    def user(self, login: str) -> User:
        """Return a person."""
        return self.users.get(login) or errors.not_found()

    def commits(self) -> list[Commit]:
        """List the commits of all branches, newest first."""
        with self._lock:
            latest_first = reversed(self._commits.values())  # of those in the same second, the last added is the newest
            return sorted(latest_first, key=lambda commit: commit.created_at, reverse=True)

    def commit(self, ref: str) -> Commit:
        """Return a commit by its SHA, or the newest one of a branch."""
        with self._lock:
            commit = self._commits.get(ref) or next((c for c in self.commits() if c.branch == ref), None)
        return commit or errors.not_found(f"No commit found for SHA: {ref}")

    def put_commit(self, commit: Commit) -> Commit:
        """Add a commit."""
        with self._lock:
            self._commits[commit.sha] = commit
            self._touch()
        return commit

    def pull_requests(self) -> list[PullRequest]:
        """List the pull requests, newest first."""
        with self._lock:
            return sorted(self._pulls.values(), key=lambda pull: pull.number, reverse=True)

    def pull_request(self, number: int) -> PullRequest:
        """Return a pull request."""
        return self._pulls.get(number) or errors.not_found()

    def put_pull_request(self, pull: PullRequest) -> PullRequest:
        """Add or replace a pull request."""
        with self._lock:
            self._pulls[pull.number] = pull
            self._touch()
        return pull

    def close_pull_request(self, number: int, at: datetime, *, merged: bool) -> PullRequest:
        """Close a pull request, merged or not."""
        with self._lock:
            pull = self.pull_request(number)
            return self.put_pull_request(replace(pull, state="closed", merged=merged, updated_at=at))

    def runs(self, sha: str | None = None) -> list[WorkflowRun]:
        """List the latest attempt of each run, of one commit or of all, the newest run first."""
        with self._lock:
            latest = [attempts[-1] for attempts in self._runs.values() if sha in {None, attempts[-1].head_sha}]
            return sorted(latest, key=lambda run: run.run_number, reverse=True)

    def run(self, run_id: int, attempt: int | None = None) -> WorkflowRun:
        """Return an attempt of a run, by default the latest."""
        attempts = self.attempts(run_id)
        if attempt is None:
            return attempts[-1]
        return next((run for run in attempts if run.run_attempt == attempt), None) or errors.not_found()

    def attempts(self, run_id: int) -> list[WorkflowRun]:
        """List the attempts of a run, first one first."""
        with self._lock:
            return list(self._runs.get(run_id) or errors.not_found())

    def put_run(self, run: WorkflowRun) -> WorkflowRun:
        """Add or replace an attempt of a run."""
        with self._lock:
            attempts = {attempt.run_attempt: attempt for attempt in self._runs.get(run.id, [])}
            attempts[run.run_attempt] = run
            self._runs[run.id] = sorted(attempts.values(), key=lambda attempt: attempt.run_attempt)
            self._touch()
        return run

    def artifacts(self, run_id: int) -> list[Artifact]:
        """List the artifacts of all attempts of a run, newest first as on GitHub."""
        with self._lock:
            artifacts = [artifact for artifact in self._artifacts.values() if artifact.run_id == run_id]
            return sorted(artifacts, key=lambda artifact: artifact.id, reverse=True)

    def artifact(self, artifact_id: int) -> Artifact:
        """Return an artifact."""
        return self._artifacts.get(artifact_id) or errors.not_found()

    def put_artifact(self, artifact: Artifact) -> Artifact:
        """Add or replace an artifact."""
        with self._lock:
            self._artifacts[artifact.id] = artifact
            self._touch()
        return artifact

    def check_runs(self, sha: str | None = None, name: str | None = None) -> list[CheckRun]:
        """List the check runs of a commit or of all, newest first."""
        with self._lock:
            checks = [
                check for check in self._checks.values() if sha in {None, check.head_sha} and name in {None, check.name}
            ]
            return sorted(checks, key=lambda check: check.id, reverse=True)

    def check_run(self, check_id: int) -> CheckRun:
        """Return a check run."""
        return self._checks.get(check_id) or errors.not_found()

    def put_check_run(self, check: CheckRun) -> CheckRun:
        """Add or replace a check run."""
        with self._lock:
            self._checks[check.id] = check
            self._touch()
        return check

    def comments(self, number: int) -> list[Comment]:
        """List the comments of an issue or a pull request, oldest first."""
        with self._lock:
            return [comment for comment in self._comments.values() if comment.number == number]

    def comment(self, comment_id: int) -> Comment:
        """Return a comment."""
        return self._comments.get(comment_id) or errors.not_found()

    def put_comment(self, comment: Comment) -> Comment:
        """Add or replace a comment."""
        with self._lock:
            self._comments[comment.id] = comment
            self._touch()
        return comment

    def _touch(self) -> None:
        self.version += 1
        self._changed.notify_all()
