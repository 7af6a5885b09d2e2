"""Workflow runs, artifacts and check runs as JSON of the REST API."""

from __future__ import annotations

import hashlib
from datetime import timedelta

from bot.sandbox.github.model import WORKFLOW_ID, Artifact, CheckRun, Commit, WorkflowRun
from bot.sandbox.github.representation import Representation, email, node_id, timestamp, tree_sha
from bot.sandbox.json_object import JsonObject


class RunRepresentation(Representation):
    """Returns the objects of GitHub Actions and Checks, and those of the repository."""

    def run(self, run: WorkflowRun) -> JsonObject:
        """Return an attempt of a workflow run."""
        api = f"{self._repo_api}/actions/runs/{run.id}"
        commit = self._store.commit(run.head_sha)
        actor = self.user(self._store.users[run.actor_login])
        previous = f"{api}/attempts/{run.run_attempt - 1}" if run.run_attempt > 1 else None
        return {
            "id": run.id,
            "name": run.name,
            "node_id": node_id("WorkflowRun", run.id),
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
            "check_suite_node_id": node_id("CheckSuite", run.run_number),
            "url": api,
            "html_url": run.html_url,
            "pull_requests": [self._run_pull(run)] if run.pull_request is not None else [],
            "created_at": timestamp(run.created_at),
            "updated_at": timestamp(run.updated_at),
            "actor": actor,
            "run_attempt": run.run_attempt,
            "referenced_workflows": [],
            "run_started_at": timestamp(run.run_started_at),
            "triggering_actor": actor,
            "jobs_url": f"{api}/jobs",
            "logs_url": f"{api}/logs",
            "check_suite_url": f"{self._repo_api}/check-suites/{4_000_000 + run.run_number}",
            "artifacts_url": f"{api}/artifacts",
            "cancel_url": f"{api}/cancel",
            "rerun_url": f"{api}/rerun",
            "previous_attempt_url": previous,
            "workflow_url": f"{self._repo_api}/actions/workflows/{WORKFLOW_ID}",
            "head_commit": self._head_commit(commit),
            "repository": self.repository(),
            "head_repository": self.repository(),
        }

    def artifact(self, artifact: Artifact, run: WorkflowRun) -> JsonObject:
        """Return an artifact of a run."""
        api = f"{self._repo_api}/actions/artifacts/{artifact.id}"
        repository_id = self._store.repository.id
        return {
            "id": artifact.id,
            "node_id": node_id("Artifact", artifact.id),
            "name": artifact.name,
            "size_in_bytes": len(artifact.data),
            "url": api,
            "archive_download_url": f"{api}/zip",
            "expired": artifact.expired,
            "digest": f"sha256:{hashlib.sha256(artifact.data).hexdigest()}",
            "created_at": timestamp(artifact.created_at),
            "updated_at": timestamp(artifact.created_at),
            "expires_at": timestamp(artifact.created_at + timedelta(days=90)),
            "workflow_run": {
                "id": run.id,
                "repository_id": repository_id,
                "head_repository_id": repository_id,
                "head_branch": run.head_branch,
                "head_sha": run.head_sha,
            },
        }

    def check_run(self, check: CheckRun) -> JsonObject:
        """Return a check run; as on GitHub, its actions are not part of it."""
        api = f"{self._repo_api}/check-runs/{check.id}"
        return {
            "id": check.id,
            "name": check.name,
            "node_id": node_id("CheckRun", check.id),
            "head_sha": check.head_sha,
            "external_id": check.external_id,
            "url": api,
            "html_url": f"{self._repo_url}/runs/{check.id}",
            "details_url": check.details_url or f"{self._repo_url}/runs/{check.id}",
            "status": check.status,
            "conclusion": check.conclusion,
            "started_at": timestamp(check.started_at),
            "completed_at": timestamp(check.completed_at) if check.completed_at else None,
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

    def _run_pull(self, run: WorkflowRun) -> JsonObject:
        """Return the pull request of a run, with the head that was tested."""
        pull = self._store.pull_request(run.pull_request or 0)
        repository = self._store.repository
        short = {"id": repository.id, "url": self._repo_api, "name": repository.name}
        return {
            "url": f"{self._repo_api}/pulls/{pull.number}",
            "id": 100_000 + pull.number,
            "number": pull.number,
            "head": {"ref": pull.head_branch, "sha": run.head_sha, "repo": short},
            "base": {"ref": repository.default_branch, "sha": pull.base_sha, "repo": short},
        }

    def _head_commit(self, commit: Commit) -> JsonObject:
        author = self._store.users[commit.author_login]
        person = {"name": author.name, "email": email(author)}
        return {
            "id": commit.sha,
            "tree_id": tree_sha(commit.sha),
            "message": commit.message,
            "timestamp": timestamp(commit.created_at),
            "author": person,
            "committer": person,
        }
