"""The payloads of webhooks, made of what GitHub's REST API shows."""

from __future__ import annotations

from bot.sandbox.github.model import (
    APP_ID,
    INSTALLATION_ID,
    OWNER,
    WORKFLOW_ID,
    CheckRun,
    JsonObject,
    User,
    WorkflowRun,
)
from bot.sandbox.github.representation import EVENTS, Lookup, Representation, node


class Payloads:
    """Writes webhooks as GitHub does."""

    def __init__(self, github: Lookup, represent: Representation) -> None:
        self._github = github
        self._represent = represent

    def run(self, action: str, run: WorkflowRun) -> JsonObject:
        """The payload of `workflow_run`."""
        repository = self._represent.repository()
        workflow: JsonObject = {
            "id": WORKFLOW_ID,
            "node_id": node("Workflow", WORKFLOW_ID),
            "name": run.name,
            "path": run.path,
            "state": "active",
            "created_at": "2025-03-01T10:00:00Z",
            "updated_at": "2025-03-01T10:00:00Z",
            "url": f"{repository['url']}/actions/workflows/{WORKFLOW_ID}",
            "html_url": f"{repository['html_url']}/blob/main/{run.path}",
            "badge_url": f"{repository['html_url']}/workflows/{run.name}/badge.svg",
        }
        sender = self._github.users[run.actor_login]
        return {
            "action": action,
            "workflow_run": self._represent.run(run),
            "workflow": workflow,
            **self._envelope(sender),
        }

    def requested_action(self, check: CheckRun, identifier: str, sender: User) -> JsonObject:
        """The payload of `check_run` when a person presses a button of it."""
        return {
            "action": "requested_action",
            "check_run": self._represent.check_run(check)
            | {
                "check_suite": {
                    "id": 4_500_000 + check.id,
                    "head_sha": check.head_sha,
                    "head_branch": self._github.commit(check.head_sha).branch,
                    "app": self._represent.app(),
                }
            },
            "requested_action": {"identifier": identifier},
            **self._envelope(sender),
        }

    def ping(self) -> JsonObject:
        """The payload of `ping`."""
        return {
            "zen": "Keep it logically awesome.",
            "hook_id": 455001,
            "hook": {"type": "App", "id": 455001, "active": True, "events": EVENTS, "app_id": APP_ID},
        }

    def installation(self) -> JsonObject:
        """The payload of `installation` when the App is installed."""
        repository = self._github.repository
        short = {
            "id": repository.id,
            "node_id": node("Repository", repository.id),
            "name": repository.name,
            "full_name": repository.full_name,
            "private": repository.private,
        }
        admin = self._github.users["chloe"]
        return {
            "action": "created",
            "installation": self._represent.installation(),
            "repositories": [short],
            "requester": None,
            "sender": self._represent.user(admin),
        }

    def _envelope(self, sender: User) -> JsonObject:
        return {
            "repository": self._represent.repository(),
            "organization": {"login": OWNER.login, "id": OWNER.id, "node_id": node("Organization", OWNER.id)},
            "sender": self._represent.user(sender),
            "installation": {"id": INSTALLATION_ID, "node_id": node("Installation", INSTALLATION_ID)},
        }
