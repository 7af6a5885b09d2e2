"""GitHub's API, as far as FlakeGuard calls it: with deadlines, retries and a circuit breaker.

PyGithub is used for nothing but its types of answers and its App tokens; it is told to neither wait nor retry.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO, TypeVar

import github
import httpx
import pybreaker
import requests
import stamina
from github.Repository import Repository

from bot import telemetry
from bot.errors import PermanentUpstreamError, UpstreamError
from bot.github.checks import NAME, CheckRun

_TIMEOUT = 10
_RETRIES = 3
_RETRY_SECONDS = 20.0
_TRANSIENT = frozenset({429, 500, 502, 503, 504})
_GONE = frozenset({404, 410, 451})
_MAX_REDIRECTS = 3
_PERMISSIONS = {
    "actions": "write", "checks": "write", "contents": "read", "metadata": "read", "pull_requests": "write",
}  # fmt: skip
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class ArtifactInfo:
    """An artifact of a run; it names neither job nor attempt."""

    id: int
    name: str
    size: int
    created_at: datetime
    expired: bool


@dataclass(frozen=True, slots=True)
class Target:
    """A repository through the installation that lets FlakeGuard into it."""

    installation_id: int
    full_name: str


def artifacts_of_attempt(
    artifacts: list[ArtifactInfo], starts: Mapping[int, datetime], attempt: int
) -> list[ArtifactInfo]:
    """The artifacts made by one attempt: those whose latest start before their creation is that attempt's.

    `starts` holds when each known attempt started; an artifact older than every start belongs to the first.
    """
    ordered = sorted(starts.items(), key=lambda one: one[1])
    mine = []
    for artifact in artifacts:
        owner = ordered[0][0] if ordered else attempt
        for number, start in ordered:
            if start <= artifact.created_at:
                owner = number
        if owner == attempt:
            mine.append(artifact)
    return mine


class GitHub:
    """One GitHub App on one GitHub."""

    def __init__(self, app_id: int, private_key: str, api_url: str) -> None:
        self._app_id = app_id
        self._api_url = api_url.rstrip("/")
        self._auth = github.Auth.AppAuth(app_id, private_key)
        self._breaker = pybreaker.CircuitBreaker(fail_max=5, reset_timeout=15, exclude=[PermanentUpstreamError])
        self._clients: dict[int, github.Github] = {}
        self._http = httpx.Client(timeout=httpx.Timeout(_TIMEOUT, read=30), follow_redirects=False)

    @property
    def app_id(self) -> int:
        """The number of the App, by which its own check runs are told from others'."""
        return self._app_id

    def close(self) -> None:
        """Close every connection."""
        for client in self._clients.values():
            client.close()
        self._http.close()

    def probe(self) -> None:
        """Raise unless GitHub answers and knows the App."""
        integration = github.GithubIntegration(
            auth=self._auth, base_url=self._api_url, timeout=_TIMEOUT, retry=None, seconds_between_requests=0
        )
        try:
            self._call(lambda: integration.get_app().slug)
        finally:
            integration.close()

    def list_artifacts(self, target: Target, run_id: int) -> list[ArtifactInfo]:
        """The artifacts of a run, of all its attempts."""

        def fetch() -> list[ArtifactInfo]:
            run = self._repository(target).get_workflow_run(run_id)
            return [
                ArtifactInfo(one.id, one.name, one.size_in_bytes, one.created_at, bool(one.expired))
                for one in run.get_artifacts()
            ]

        return self._call(fetch)

    def attempt_started_at(self, target: Target, run_id: int, attempt: int) -> datetime:
        """When an attempt of a run started."""

        def fetch() -> datetime:
            repository = self._repository(target)
            _, data = repository.requester.requestJsonAndCheck(
                "GET", f"{repository.url}/actions/runs/{run_id}/attempts/{attempt}"
            )
            return datetime.fromisoformat(str(data["run_started_at"]))

        return self._call(fetch)

    def download_artifact(self, target: Target, artifact_id: int, into: BinaryIO, max_bytes: int) -> None:
        """Write an artifact's zip to `into`; the token stays with GitHub, the redirect goes without it.

        Raises:
            PermanentUpstreamError: gone, or larger than `max_bytes`.
        """

        def fetch() -> None:
            into.seek(0)
            into.truncate()
            token = self._client(target.installation_id).requester.auth
            address = f"{self._api_url}/repos/{target.full_name}/actions/artifacts/{artifact_id}/zip"
            headers = {"Authorization": f"Bearer {token.token}"} if token else {}
            for _ in range(_MAX_REDIRECTS):
                with self._http.stream("GET", address, headers=headers) as answer:
                    if answer.is_redirect:
                        address, headers = str(answer.next_request.url if answer.next_request else ""), {}
                        continue
                    _raise_for(answer.status_code, answer.headers.get("Retry-After"))
                    for chunk in answer.iter_bytes():
                        into.write(chunk)
                        if into.tell() > max_bytes:
                            message = f"The artifact is larger than {max_bytes:,} bytes."
                            raise PermanentUpstreamError(message, code="too_large")
                    into.seek(0)
                    return
            message = "The artifact's address leads in circles."
            raise UpstreamError(message)

        self._call(fetch)

    def put_check_run(self, target: Target, check: CheckRun, check_run_id: int | None) -> int:
        """Create the check run of a commit, or bring it up to date; returns its number.

        Without a number the App's own check run of that name on the commit is looked for first, so that a
        creation whose answer was lost is not repeated.
        """

        def send() -> int:
            repository = self._repository(target)
            number = check_run_id or self._find_check_run(repository, check.head_sha)
            content: dict[str, object] = {
                "name": NAME,
                "status": "completed" if check.conclusion else "in_progress",
                "output": {"title": check.title, "summary": check.summary},
                "actions": [
                    {"label": one.label, "description": one.description, "identifier": one.identifier}
                    for one in check.actions
                ],
            }
            if check.conclusion:
                content["conclusion"] = check.conclusion.value
            address = f"{repository.url}/check-runs"
            if number is not None:
                repository.requester.requestJsonAndCheck("PATCH", f"{address}/{number}", input=content)
                return number
            _, data = repository.requester.requestJsonAndCheck(
                "POST", address, input={**content, "head_sha": check.head_sha}
            )
            return int(data["id"])

        return self._call(send)

    def count_failed_jobs(self, target: Target, run_id: int) -> int:
        """How many jobs of the latest attempt of a run failed."""
        return self._call(
            lambda: sum(
                job.conclusion == "failure" for job in self._repository(target).get_workflow_run(run_id).jobs("latest")
            )
        )

    def rerun_failed_jobs(self, target: Target, run_id: int) -> None:
        """Run the failed jobs of a run again."""

        def send() -> None:
            repository = self._repository(target)
            repository.requester.requestJsonAndCheck(
                "POST", f"{repository.url}/actions/runs/{run_id}/rerun-failed-jobs"
            )

        self._call(send)

    def may_write(self, target: Target, login: str) -> bool:
        """Whether a user may write to a repository."""
        permission = self._call(lambda: self._repository(target).get_collaborator_permission(login))
        return permission in {"admin", "write", "maintain"}

    def _find_check_run(self, repository: Repository, head_sha: str) -> int | None:
        _, data = repository.requester.requestJsonAndCheck(
            "GET",
            f"{repository.url}/commits/{head_sha}/check-runs",
            parameters={"check_name": NAME, "filter": "latest", "app_id": self._app_id},
        )
        for one in data["check_runs"]:
            if one["name"] == NAME and (one.get("app") or {}).get("id") == self._app_id:
                return int(one["id"])
        return None

    def _repository(self, target: Target) -> Repository:
        return self._client(target.installation_id).get_repo(target.full_name, lazy=True)

    def _client(self, installation_id: int) -> github.Github:
        if installation_id not in self._clients:
            auth = github.Auth.AppInstallationAuth(self._auth, installation_id, token_permissions=_PERMISSIONS)
            self._clients[installation_id] = github.Github(
                auth=auth,
                base_url=self._api_url,
                timeout=_TIMEOUT,
                retry=None,
                seconds_between_requests=0,
                seconds_between_writes=0,
                per_page=100,
                user_agent="FlakeGuard",
            )
        return self._clients[installation_id]

    def _call(self, action: Callable[[], _T]) -> _T:
        """Run a call with retries behind the breaker, its faults translated."""

        @stamina.retry(on=_is_worth_retrying, attempts=_RETRIES, timeout=_RETRY_SECONDS, wait_initial=0.2, wait_max=3)
        def attempt() -> _T:
            return self._breaker.call(_translated, action)  # type: ignore[no-any-return]

        try:
            return attempt()
        except pybreaker.CircuitBreakerError as error:
            message = "GitHub has failed repeatedly; calls pause for a moment."
            raise UpstreamError(message, retry_after=15) from error
        except UpstreamError:
            telemetry.upstream_errors_total.labels(service="github").inc()
            raise


def _is_worth_retrying(error: Exception) -> bool:
    return isinstance(error, UpstreamError) and (error.retry_after or 0) <= 2  # noqa: PLR2004  # seconds to sit out here


def _translated(action: Callable[[], _T]) -> _T:
    try:
        return action()
    except github.GithubException as error:
        headers = error.headers or {}
        _raise_for(error.status, headers.get("retry-after") or headers.get("Retry-After"), error)
        raise
    except (requests.RequestException, httpx.HTTPError, OSError) as error:
        message = f"GitHub did not answer ({type(error).__name__})."
        raise UpstreamError(message) from error


def _raise_for(status: int, retry_after: str | None, cause: Exception | None = None) -> None:
    if status < 400:  # noqa: PLR2004  # HTTP
        return
    seconds = float(retry_after) if retry_after and retry_after.isdigit() else None
    if status in _TRANSIENT or (status == 403 and seconds is not None):  # noqa: PLR2004  # GitHub's secondary limit
        message = f"GitHub answered {status}."
        raise UpstreamError(message, retry_after=seconds) from cause
    message = f"GitHub answered {status}."
    code = "gone" if status in _GONE else "unauthorized" if status == 401 else "refused"  # noqa: PLR2004
    raise PermanentUpstreamError(message, code=code) from cause
