"""GitHub's API, as far as FlakeGuard calls it: with deadlines, retries and a circuit breaker."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO, TypeVar
from urllib.parse import quote

from bot.analysis.model import RepositoryId
from bot.analysis.run import FAILED
from bot.errors import PermanentUpstreamError, UpstreamError
from bot.github import response
from bot.github.artifact import ArtifactInfo, artifacts_of_attempt
from bot.github.check_run import NAME, CheckRun
from bot.github.connection import Connection
from bot.github.errors import ResourceGoneError
from bot.github.response import Permission
from bot.github.webhook import RepositoryName
from bot.resilience import Upstream

__all__ = ["ArtifactInfo", "GitHub", "InstallationInfo", "JobInfo", "Permission", "Target", "artifacts_of_attempt"]

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class JobInfo:
    """A job of an attempt; `conclusion` is None until it ends."""

    id: int
    name: str
    conclusion: str | None
    url: str

    @property
    def failed(self) -> bool:
        """Whether a rerun of failed jobs would run it again for its own sake."""
        return self.conclusion in FAILED


@dataclass(frozen=True, slots=True)
class InstallationInfo:
    """One account that installed the App."""

    id: int
    account: str
    suspended_at: datetime | None


@dataclass(frozen=True, slots=True)
class Target:
    """A repository through the installation that lets FlakeGuard into it."""

    installation_id: int
    full_name: str

    @property
    def path(self) -> str:
        """Where the API keeps the repository."""
        return f"/repos/{quote(self.full_name)}"


class GitHub:
    """One GitHub App on one GitHub. Safe to share between threads."""

    def __init__(self, app_id: int, private_key: str, api_url: str, clock: Callable[[], datetime]) -> None:
        self._app_id = app_id
        self._upstream = Upstream("GitHub")
        self._connection = Connection(app_id, private_key, api_url, clock)

    @property
    def app_id(self) -> int:
        """The number of the App, by which its own check runs are told from others'."""
        return self._app_id

    def close(self) -> None:
        """Close every connection."""
        self._connection.close()

    def probe(self) -> None:
        """Raise unless GitHub answers and knows the App."""
        self._get(None, "/app", response.App)

    def installations(self) -> list[InstallationInfo]:
        """Every account that installed the App."""
        found = self._all(None, "/app/installations", None, response.Installation)
        return [InstallationInfo(one.id, one.account.login if one.account else "", one.suspended_at) for one in found]

    def installation_repositories(self, installation_id: int) -> list[RepositoryName]:
        """Every repository that an installation lets FlakeGuard into."""
        path = "/installation/repositories"
        found = self._all(installation_id, path, "repositories", response.Repository)
        return [RepositoryName(RepositoryId(one.id), one.full_name, one.private, one.default_branch) for one in found]

    def list_artifacts(self, target: Target, run_id: int) -> list[ArtifactInfo]:
        """The artifacts of a run, of all its attempts."""
        path = f"{target.path}/actions/runs/{run_id}/artifacts"
        found = self._all(target.installation_id, path, "artifacts", response.Artifact)
        return [ArtifactInfo(one.id, one.name, one.size_in_bytes, one.created_at, one.expired) for one in found]

    def attempt_started_at(self, target: Target, run_id: int, attempt: int) -> datetime:
        """When an attempt of a run started."""
        path = f"{target.path}/actions/runs/{run_id}/attempts/{attempt}"
        return self._get(target.installation_id, path, response.Attempt).run_started_at

    def download_artifact(self, target: Target, artifact_id: int, into: BinaryIO, max_bytes: int) -> None:
        """Write an artifact's zip to `into`, read from its beginning; the token stays with GitHub.

        Raises:
            PermanentUpstreamError: gone, or larger than `max_bytes`.
        """
        path = f"{target.path}/actions/artifacts/{artifact_id}/zip"
        self._upstream.call(lambda: self._connection.download(target.installation_id, path, into, max_bytes))

    def put_check_run(self, target: Target, check: CheckRun, check_run_id: int | None) -> int:
        """Create the check run of a commit, or bring it up to date; returns its number.

        Without a number the App's own check run of that name on the commit is looked for first, so that a
        creation whose answer was lost is not repeated.
        """
        content: dict[str, object] = {
            "name": NAME,
            "external_id": check.external_id,
            "status": "completed" if check.conclusion else "in_progress",
            "output": {"title": check.title, "summary": check.summary, "text": check.text},
            "actions": [
                {"label": one.label, "description": one.description, "identifier": one.identifier}
                for one in check.actions
            ],
        }
        if check.conclusion:
            content["conclusion"] = check.conclusion.value
        path = f"{target.path}/check-runs"

        def send() -> int:
            number = check_run_id or self._find_check_run(target, check)
            if number is not None:
                return self._connection.ask(
                    target.installation_id, "PATCH", f"{path}/{number}", response.Check, content=content
                ).id
            fresh = {**content, "head_sha": check.head_sha}
            return self._connection.ask(target.installation_id, "POST", path, response.Check, content=fresh).id

        return self._upstream.call(send)

    def list_jobs(self, target: Target, run_id: int) -> list[JobInfo]:
        """The jobs of the latest attempt of a run."""
        path = f"{target.path}/actions/runs/{run_id}/jobs"
        found = self._all(target.installation_id, path, "jobs", response.Job, {"filter": "latest"})
        return [JobInfo(one.id, one.name, one.conclusion, one.html_url or "") for one in found]

    def count_failed_jobs(self, target: Target, run_id: int) -> int:
        """How many jobs of the latest attempt of a run failed."""
        return sum(job.failed for job in self.list_jobs(target, run_id))

    def rerun_failed_jobs(self, target: Target, run_id: int) -> None:
        """Run the failed jobs of a run again; asked twice, because an answer was lost, they run again once."""
        self._rerun(target, f"{target.path}/actions/runs/{run_id}/rerun-failed-jobs")

    def rerun_all_jobs(self, target: Target, run_id: int) -> None:
        """Run every job of a run again, once however often an answer is lost."""
        self._rerun(target, f"{target.path}/actions/runs/{run_id}/rerun")

    def _rerun(self, target: Target, path: str) -> None:
        unanswered = False

        def send() -> None:
            nonlocal unanswered
            try:
                self._connection.ask(target.installation_id, "POST", path, None)
            except UpstreamError:
                unanswered = True
                raise
            except PermanentUpstreamError:
                if not unanswered:  # otherwise it is "already running": the earlier request got through
                    raise

        self._upstream.call(send)

    def permission(self, target: Target, login: str) -> Permission:
        """What a user may do in a repository; a stranger is `none`."""
        found = self._find_collaborator(target, login)
        return found.permission if found else "none"

    def permission_of(self, target: Target, login: str, github_id: int) -> Permission:
        """What the account of this number may do; `none` where the login has become somebody else's."""
        found = self._find_collaborator(target, login)
        if found is None or (found.user is not None and found.user.id != github_id):
            return "none"
        return found.permission

    def is_in_team(self, target: Target, organisation: str, team: str, login: str) -> bool:
        """Whether a user is an active member of a team; False also where the App may not see the team."""
        path = f"/orgs/{quote(organisation, safe='')}/teams/{quote(team, safe='')}/memberships/{quote(login, safe='')}"
        try:
            said = self._get(target.installation_id, path, response.Membership)
        except PermanentUpstreamError:
            return False
        return said.state == "active"

    def find_login(self, target: Target, email: str) -> str | None:
        """The login of the one user who shows this e-mail address in public: a suggestion, no proof."""
        query = {"q": f"{email} in:email type:user", "per_page": "2"}
        said = self._get(target.installation_id, "/search/users", response.Users, query=query)
        return said.items[0].login if len(said.items) == 1 else None

    def read_file(self, target: Target, path: str) -> bytes | None:
        """A file of the default branch; None where there is none."""
        address = f"{target.path}/contents/{quote(path)}"
        found = self._find(target.installation_id, address, response.File)
        if found is None or found.type != "file" or found.encoding != "base64":
            return None
        with self._connection.translated():
            return base64.b64decode(found.content)

    def slug(self) -> str:
        """The name of the App in addresses."""
        return self._get(None, "/app", response.App).slug

    def may_write(self, target: Target, login: str) -> bool:
        """Whether a user may write to a repository."""
        return self.permission(target, login) in {"admin", "write"}

    def _get(
        self, installation_id: int | None, path: str, answer: type[_T], query: Mapping[str, str] | None = None
    ) -> _T:
        return self._upstream.call(lambda: self._connection.ask(installation_id, "GET", path, answer, query=query))

    def _find(self, installation_id: int, path: str, answer: type[_T]) -> _T | None:
        try:
            return self._get(installation_id, path, answer)
        except ResourceGoneError:
            return None

    def _find_collaborator(self, target: Target, login: str) -> response.Collaborator | None:
        path = f"{target.path}/collaborators/{quote(login, safe='')}/permission"
        return self._find(target.installation_id, path, response.Collaborator)

    def _all(
        self, installation_id: int | None, path: str, key: str | None, item: type[_T], wanted: Mapping[str, str] = {}
    ) -> list[_T]:
        return self._upstream.call(lambda: self._connection.list_all(installation_id, path, key, item, wanted))

    def _find_check_run(self, target: Target, check: CheckRun) -> int | None:
        path = f"{target.path}/commits/{check.head_sha}/check-runs"
        wanted = {"check_name": NAME, "app_id": str(self._app_id)}
        for one in self._connection.list_all(target.installation_id, path, "check_runs", response.Check, wanted):
            ours = one.name == NAME and one.app is not None and one.app.id == self._app_id
            if ours and (one.external_id or check.external_id) == check.external_id:
                return one.id
        return None
