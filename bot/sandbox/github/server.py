"""GitHub: the repository, the App that is installed in it, and the webhooks that it sends."""

from __future__ import annotations

import secrets
from collections.abc import Callable

from bot.sandbox.fault_injection import Fault, FaultQueue
from bot.sandbox.github import errors
from bot.sandbox.github.artifact_download import DownloadUrls
from bot.sandbox.github.auth import AppAuthentication
from bot.sandbox.github.model import API, ApiCall, WebhookDelivery, WorkflowRun
from bot.sandbox.github.run_representation import RunRepresentation
from bot.sandbox.github.store import RepositoryStore
from bot.sandbox.github.webhook import WebhookSender
from bot.sandbox.github.webhook_payload import WebhookPayloads


class GitHubServer(RepositoryStore):
    """A GitHub with one repository.

    `base_url` is the address of the sandbox, `downloads_url` that of the second port; the sandbox sets both.
    """

    def __init__(self) -> None:
        super().__init__()
        self.auth = AppAuthentication()
        self.webhooks = WebhookSender()
        self.downloads = DownloadUrls()
        self.teams: dict[str, set[str]] = {}
        """The logins of the members, by `organization/team`."""
        self.client_id = "Iv1.flakeguard"
        self.client_secret = secrets.token_hex(20)
        self.base_url = "http://127.0.0.1:0"
        self.downloads_url = "http://127.0.0.1:0"
        self.on_rerun: Callable[[int, bool], object] | None = None
        """Called with a run's id and whether only its failed jobs are run again."""
        self.calls: list[ApiCall] = []
        self._faults = FaultQueue()

    @property
    def webhook_secret(self) -> str:
        """The secret that webhooks are signed with."""
        return self.webhooks.secret

    @property
    def private_key(self) -> str:
        """The App's private key, as PEM."""
        return self.auth.private_key

    @property
    def representation(self) -> RunRepresentation:
        """The objects as JSON."""
        return RunRepresentation(self, self.base_url, self.base_url + API)

    @property
    def payloads(self) -> WebhookPayloads:
        """The payloads of webhooks."""
        return WebhookPayloads(self, self.representation)

    def deliveries(self) -> list[WebhookDelivery]:
        """List the webhooks sent, oldest first."""
        return self.webhooks.deliveries()

    def redeliver(self, delivery_id: str) -> WebhookDelivery:
        """Send a webhook again under its own id."""
        return self.webhooks.redeliver(delivery_id)

    def announce_run(self, action: str, run: WorkflowRun) -> WebhookDelivery:
        """Send `workflow_run` with this action: requested, in_progress or completed."""
        return self.webhooks.send("workflow_run", self.payloads.run(action, run))

    def click(self, check_id: int, identifier: str, login: str) -> WebhookDelivery:
        """Click a button of a check run as this person: sends `check_run.requested_action`."""
        check = self.check_run(check_id)
        if identifier not in {action.identifier for action in check.actions}:
            errors.not_found(f"The check run has no action {identifier}.")
        return self.webhooks.send("check_run", self.payloads.requested_action(check, identifier, self.user(login)))

    def ping(self) -> WebhookDelivery:
        """Send `ping`, as GitHub does when a webhook is set up."""
        return self.webhooks.send("ping", self.payloads.ping())

    def install(self) -> WebhookDelivery:
        """Send `installation.created` with the repository."""
        return self.webhooks.send("installation", self.payloads.installation())

    def revoke(self, login: str) -> WebhookDelivery:
        """Send `github_app_authorization.revoked`, as if this person had revoked the App in their settings."""
        return self.webhooks.send("github_app_authorization", self.payloads.revoked(self.user(login)))

    def push(self, *files: str, branch: str = "main") -> WebhookDelivery:
        """Send `push` for a branch on which these files were modified."""
        return self.webhooks.send("push", self.payloads.push(files, branch))

    def fail_next(
        self, status: int = 502, times: int = 1, path_prefix: str = "", retry_after: int | None = None
    ) -> None:
        """Let the next requests whose path (after /github/api/v3) begins like this fail with this status."""
        self._inject(Fault(times=times, target=path_prefix, status=status, retry_after=retry_after))

    def delay_next(self, seconds: float, times: int = 1, path_prefix: str = "") -> None:
        """Delay the responses to the next requests whose path begins like this."""
        self._inject(Fault(times=times, target=path_prefix, status=0, seconds=seconds))

    def recover(self) -> None:
        """Remove all faults, and let the requests go on that are delayed."""
        with self._lock:
            self._faults.clear()
            self._changed.notify_all()

    def delay(self, fault: Fault) -> None:
        """Wait as long as a fault says, or until it is removed."""
        with self._lock:
            self._changed.wait_for(lambda: fault not in self._faults, timeout=fault.seconds)

    def take_fault(self, path: str) -> Fault | None:
        """Use up and return the fault that was injected for a request."""
        with self._lock:
            return self._faults.take(path)

    def log(self, call: ApiCall) -> None:
        """Append a request to the log."""
        with self._lock:
            self.calls.append(call)
            self._changed.notify_all()

    def _inject(self, fault: Fault) -> None:
        with self._lock:
            self._faults.inject(fault)
