"""The payloads of webhooks, see https://docs.github.com/webhooks/webhook-events-and-payloads."""

from __future__ import annotations

from collections.abc import Sequence

from bot.sandbox.github.model import APP_ID, INSTALLATION_ID, OWNER, WORKFLOW_ID, CheckRun, User, WorkflowRun
from bot.sandbox.github.representation import EVENTS, node_id
from bot.sandbox.github.run_representation import RunRepresentation
from bot.sandbox.github.store import RepositoryStore
from bot.sandbox.json_object import JsonObject


class WebhookPayloads:
    """Returns payloads made of the objects of the REST API."""

    def __init__(self, store: RepositoryStore, representation: RunRepresentation) -> None:
        self._store = store
        self._representation = representation

    def run(self, action: str, run: WorkflowRun) -> JsonObject:
        """Return the payload of `workflow_run`."""
        repository = self._representation.repository()
        workflow: JsonObject = {
            "id": WORKFLOW_ID,
            "node_id": node_id("Workflow", WORKFLOW_ID),
            "name": run.name,
            "path": run.path,
            "state": "active",
            "created_at": "2025-03-01T10:00:00Z",
            "updated_at": "2025-03-01T10:00:00Z",
            "url": f"{repository['url']}/actions/workflows/{WORKFLOW_ID}",
            "html_url": f"{repository['html_url']}/blob/main/{run.path}",
            "badge_url": f"{repository['html_url']}/workflows/{run.name}/badge.svg",
        }
        sender = self._store.users[run.actor_login]
        return {
            "action": action,
            "workflow_run": self._representation.run(run),
            "workflow": workflow,
            **self._common_fields(sender),
        }

    def requested_action(self, check: CheckRun, identifier: str, sender: User) -> JsonObject:
        """Return the payload of `check_run` when a person clicks a button of it."""
        return {
            "action": "requested_action",
            "check_run": self._representation.check_run(check)
            | {
                "check_suite": {
                    "id": 4_500_000 + check.id,
                    "head_sha": check.head_sha,
                    "head_branch": self._store.commit(check.head_sha).branch,
                    "app": self._representation.app(),
                }
            },
            "requested_action": {"identifier": identifier},
            **self._common_fields(sender),
        }

    def ping(self) -> JsonObject:
        """Return the payload of `ping`."""
        return {
            "zen": "Keep it logically awesome.",
            "hook_id": 455001,
            "hook": {"type": "App", "id": 455001, "active": True, "events": EVENTS, "app_id": APP_ID},
        }

    def installation(self) -> JsonObject:
        """Return the payload of `installation` when the App is installed."""
        repository = self._store.repository
        repository_fields = {
            "id": repository.id,
            "node_id": node_id("Repository", repository.id),
            "name": repository.name,
            "full_name": repository.full_name,
            "private": repository.private,
        }
        admin = self._store.users["chloe"]
        return {
            "action": "created",
            "installation": self._representation.installation(),
            "repositories": [repository_fields],
            "requester": None,
            "sender": self._representation.user(admin),
        }

    def revoked(self, user: User) -> JsonObject:
        """Return the payload of `github_app_authorization` when a person revokes it."""
        return {"action": "revoked", "sender": self._representation.user(user)}

    def push(self, files: Sequence[str], branch: str) -> JsonObject:
        """Return the payload of `push` for one commit that modifies these files."""
        return {
            "ref": f"refs/heads/{branch}",
            "commits": [{"id": "0" * 40, "added": [], "removed": [], "modified": list(files)}],
            "repository": self._representation.repository(),
            "installation": {"id": INSTALLATION_ID},
        }

    def _common_fields(self, sender: User) -> JsonObject:
        return {
            "repository": self._representation.repository(),
            "organization": {"login": OWNER.login, "id": OWNER.id, "node_id": node_id("Organization", OWNER.id)},
            "sender": self._representation.user(sender),
            "installation": {"id": INSTALLATION_ID, "node_id": node_id("Installation", INSTALLATION_ID)},
        }
