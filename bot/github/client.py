"""GitHub's API, as far as FlakeGuard calls it: with deadlines, retries and a circuit breaker."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO, TypeVar
from urllib.parse import quote

from bot.errors import PermanentUpstreamError, UpstreamError
from bot.github import schema
from bot.github.check_run import NAME, CheckRunContent
from bot.github.connection import Connection
from bot.github.errors import ResourceGoneError
from bot.github.schema import Artifact, Job, Permission, RepositoryObject
from bot.resilience import Upstream

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Target:
    """A repository, and the installation through which it is accessed."""

    installation_id: int
    full_name: str

    @property
    def path(self) -> str:
        """The path of the repository in the API."""
        return f"/repos/{quote(self.full_name)}"


class GitHub:
    """One GitHub App on one GitHub. Safe to share between threads."""

    def __init__(self, app_id: int, private_key: str, api_url: str, clock: Callable[[], datetime]) -> None:
        self._app_id = app_id
        self._upstream = Upstream("GitHub")
        self._connection = Connection(app_id, private_key, api_url, clock)

    @property
    def app_id(self) -> int:
        """The id of the App, which its own check runs carry."""
        return self._app_id

    def close(self) -> None:
        """Close every connection."""
        self._connection.close()

    def installation_repositories(self, installation_id: int) -> list[RepositoryObject]:
        """Every repository of an installation."""
        return self._all(installation_id, "/installation/repositories", "repositories", RepositoryObject)

    def list_artifacts(self, target: Target, run_id: int) -> list[Artifact]:
        """The artifacts of a run, of all its attempts."""
        path = f"{target.path}/actions/runs/{run_id}/artifacts"
        return self._all(target.installation_id, path, "artifacts", Artifact)

    def attempt_started_at(self, target: Target, run_id: int, attempt: int) -> datetime:
        """When an attempt of a run started."""
        path = f"{target.path}/actions/runs/{run_id}/attempts/{attempt}"
        return self._get(target.installation_id, path, schema.Attempt).run_started_at

    def download_artifact(self, target: Target, artifact_id: int, into: BinaryIO, max_bytes: int) -> None:
        """Download an artifact's zip into `into`, from its beginning; the token is sent to GitHub only.

        Raises:
            PermanentUpstreamError: gone, or larger than `max_bytes`.
        """
        path = f"{target.path}/actions/artifacts/{artifact_id}/zip"
        self._upstream.call(lambda: self._connection.download(target.installation_id, path, into, max_bytes))

    def put_check_run(self, target: Target, check: CheckRunContent, check_run_id: int | None) -> int:
        """Create the check run of a commit, or update it; returns its id.

        Without an id the App's check run of that name on the commit is looked for first, so that a creation whose
        response was lost is not repeated.
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
                    target.installation_id, "PATCH", f"{path}/{number}", schema.CheckRun, content=content
                ).id
            fresh = {**content, "head_sha": check.head_sha}
            return self._connection.ask(target.installation_id, "POST", path, schema.CheckRun, content=fresh).id

        return self._upstream.call(send)

    def count_failed_jobs(self, target: Target, run_id: int) -> int:
        """How many jobs of the latest attempt of a run failed."""
        path = f"{target.path}/actions/runs/{run_id}/jobs"
        jobs = self._all(target.installation_id, path, "jobs", Job, {"filter": "latest"})
        return sum(job.failed for job in jobs)

    def rerun_failed_jobs(self, target: Target, run_id: int) -> None:
        """Run the failed jobs of a run again, once even if a response is lost."""
        self._rerun(target, f"{target.path}/actions/runs/{run_id}/rerun-failed-jobs")

    def rerun_all_jobs(self, target: Target, run_id: int) -> None:
        """Run every job of a run again, once even if a response is lost."""
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

    def permission_of(self, target: Target, login: str, github_id: int) -> Permission:
        """The permission of an account in a repository.

        `none` for a stranger, and where the login belongs to another account by now.
        """
        path = f"{target.path}/collaborators/{quote(login, safe='')}/permission"
        collaborator = self._find(target.installation_id, path, schema.Collaborator)
        if collaborator is None or (collaborator.user is not None and collaborator.user.id != github_id):
            return "none"
        return collaborator.permission

    def is_in_team(self, target: Target, organisation: str, team: str, login: str) -> bool:
        """Whether a user is an active member of a team; False also where the App may not see the team."""
        path = f"/orgs/{quote(organisation, safe='')}/teams/{quote(team, safe='')}/memberships/{quote(login, safe='')}"
        try:
            membership = self._get(target.installation_id, path, schema.Membership)
        except PermanentUpstreamError:
            return False
        return membership.state == "active"

    def find_login(self, target: Target, email: str) -> str | None:
        """The login of the one user who shows this e-mail address in public: a suggestion, no proof."""
        query = {"q": f"{email} in:email type:user", "per_page": "2"}
        users = self._get(target.installation_id, "/search/users", schema.Users, query=query).items
        return users[0].login if len(users) == 1 else None

    def read_file(self, target: Target, path: str) -> bytes | None:
        """A file of the default branch; None where there is none."""
        address = f"{target.path}/contents/{quote(path)}"
        file = self._find(target.installation_id, address, schema.File)
        if file is None or file.type != "file" or file.encoding != "base64":
            return None
        with self._connection.translated():
            return base64.b64decode(file.content)

    def slug(self) -> str:
        """The name of the App in addresses."""
        return self._get(None, "/app", schema.App).slug

    def _get(
        self, installation_id: int | None, path: str, answer: type[_T], query: Mapping[str, str] | None = None
    ) -> _T:
        return self._upstream.call(lambda: self._connection.ask(installation_id, "GET", path, answer, query=query))

    def _find(self, installation_id: int, path: str, answer: type[_T]) -> _T | None:
        try:
            return self._get(installation_id, path, answer)
        except ResourceGoneError:
            return None

    def _all(
        self, installation_id: int | None, path: str, key: str | None, item: type[_T], wanted: Mapping[str, str] = {}
    ) -> list[_T]:
        return self._upstream.call(lambda: self._connection.list_all(installation_id, path, key, item, wanted))

    def _find_check_run(self, target: Target, check: CheckRunContent) -> int | None:
        path = f"{target.path}/commits/{check.head_sha}/check-runs"
        wanted = {"check_name": NAME, "app_id": str(self._app_id)}
        for run in self._connection.list_all(target.installation_id, path, "check_runs", schema.CheckRun, wanted):
            is_ours = run.name == NAME and run.app is not None and run.app.id == self._app_id
            if is_ours and (run.external_id or check.external_id) == check.external_id:
                return run.id
        return None


def artifacts_of_attempt(artifacts: Sequence[Artifact], starts: Mapping[int, datetime], attempt: int) -> list[Artifact]:
    """The artifacts that one attempt of a run made: those created after its start and before the next one's.

    An artifact names neither job nor attempt. `starts` holds when each known attempt started; an artifact older than
    every start belongs to the first.
    """
    ordered = sorted((start, number) for number, start in starts.items())
    chosen = []
    for artifact in artifacts:
        owner = ordered[0][1] if ordered else attempt
        for start, number in ordered:
            if start <= artifact.created_at:
                owner = number
        if owner == attempt:
            chosen.append(artifact)
    return chosen
