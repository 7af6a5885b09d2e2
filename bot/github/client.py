"""GitHub's API, as far as FlakeGuard calls it: with deadlines, retries and a circuit breaker.

PyGithub signs for the App and sends; it is told to neither wait nor retry, and its chains of objects, which follow
addresses from answers, are not used. Answers are decoded here.
"""

from __future__ import annotations

import base64
import contextlib
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import BinaryIO, Literal, TypeVar
from urllib.parse import quote

import github
import httpx
import requests
from github.Requester import Requester
from pydantic import AwareDatetime, BaseModel, TypeAdapter

from bot.analysis.model import RepositoryId
from bot.errors import PermanentUpstreamError, UpstreamError
from bot.github import calls
from bot.github.artifacts import ArtifactInfo, artifacts_of_attempt
from bot.github.checks import NAME, CheckRun
from bot.github.webhook import RepositoryName

__all__ = ["ArtifactInfo", "GitHub", "InstallationInfo", "JobInfo", "Permission", "Target", "artifacts_of_attempt"]

_TIMEOUT = 10
_DOWNLOAD_SECONDS = 120.0
_TOKEN_MARGIN = timedelta(minutes=5)
_MAX_REDIRECTS = 3
_PAGE = 100
_MAX_PAGES = 20
_USER_AGENT = "FlakeGuard"
_PERMISSIONS = {"actions": "write", "checks": "write", "contents": "read", "metadata": "read"}
_TEAMS = {"members": "read"}  # optional: an installation without it is asked for a token without it
_T = TypeVar("_T")
Permission = Literal["admin", "write", "read", "none"]


class _Artifact(BaseModel):
    id: int
    name: str
    size_in_bytes: int
    created_at: AwareDatetime
    expired: bool = False


class _Attempt(BaseModel):
    run_started_at: AwareDatetime


class _Job(BaseModel):
    id: int
    name: str
    conclusion: str | None = None
    html_url: str | None = None


class _Account(BaseModel):
    login: str


class _Installation(BaseModel):
    id: int
    account: _Account | None = None
    suspended_at: AwareDatetime | None = None


class _Repository(BaseModel):
    id: int
    full_name: str
    private: bool
    default_branch: str | None = None


class _App(BaseModel):
    id: int
    slug: str = ""


class _Check(BaseModel):
    id: int
    name: str = ""
    external_id: str | None = None
    app: _App | None = None


class _User(BaseModel):
    id: int
    login: str


class _Permission(BaseModel):
    permission: Permission
    user: _User | None = None


class _Membership(BaseModel):
    state: str


class _Users(BaseModel):
    items: list[_User]


class _File(BaseModel):
    type: str = "file"
    encoding: str = ""
    content: str = ""


class _Token(BaseModel):
    token: str
    expires_at: AwareDatetime


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
        return self.conclusion in {"failure", "timed_out"}


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

    def __init__(self, app_id: int, private_key: str, api_url: str) -> None:
        self._app_id = app_id
        self._api_url = api_url.rstrip("/")
        self._auth = github.Auth.AppAuth(app_id, private_key)
        self._guard = calls.Guard()
        self._lock = threading.Lock()
        self._tokens: dict[int, _Token] = {}
        # PyGithub's connection mixes up the requests of two threads, so a client is lent to one at a time.
        self._idle: dict[str, list[github.Github]] = {}
        self._http = httpx.Client(timeout=_TIMEOUT, headers={"User-Agent": _USER_AGENT, "Accept-Encoding": "identity"})

    @property
    def app_id(self) -> int:
        """The number of the App, by which its own check runs are told from others'."""
        return self._app_id

    def close(self) -> None:
        """Close every connection."""
        with self._lock:
            idle, self._idle = self._idle, {}
        for client in [one for clients in idle.values() for one in clients]:
            client.close()
        self._http.close()

    def probe(self) -> None:
        """Raise unless GitHub answers and knows the App."""
        self._guard.call(lambda: self._ask(None, "GET", "/app", _App))

    def installations(self) -> list[InstallationInfo]:
        """Every account that installed the App."""
        found = self._guard.call(lambda: self._list(None, "/app/installations", None, _Installation))
        return [InstallationInfo(one.id, one.account.login if one.account else "", one.suspended_at) for one in found]

    def installation_repositories(self, installation_id: int) -> list[RepositoryName]:
        """Every repository that an installation lets FlakeGuard into."""
        path = "/installation/repositories"
        found = self._guard.call(lambda: self._list(installation_id, path, "repositories", _Repository))
        return [RepositoryName(RepositoryId(one.id), one.full_name, one.private, one.default_branch) for one in found]

    def list_artifacts(self, target: Target, run_id: int) -> list[ArtifactInfo]:
        """The artifacts of a run, of all its attempts."""
        path = f"{target.path}/actions/runs/{run_id}/artifacts"
        found = self._guard.call(lambda: self._list(target.installation_id, path, "artifacts", _Artifact))
        return [ArtifactInfo(one.id, one.name, one.size_in_bytes, one.created_at, one.expired) for one in found]

    def attempt_started_at(self, target: Target, run_id: int, attempt: int) -> datetime:
        """When an attempt of a run started."""
        path = f"{target.path}/actions/runs/{run_id}/attempts/{attempt}"
        return self._guard.call(lambda: self._ask(target.installation_id, "GET", path, _Attempt)).run_started_at

    def download_artifact(self, target: Target, artifact_id: int, into: BinaryIO, max_bytes: int) -> None:
        """Write an artifact's zip to `into`, read from its beginning; the token stays with GitHub.

        Raises:
            PermanentUpstreamError: gone, or larger than `max_bytes`.
        """
        path = f"{target.path}/actions/artifacts/{artifact_id}/zip"
        self._guard.call(
            lambda: self._with_token(target.installation_id, lambda token: self._fetch(token, path, into, max_bytes))
        )

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
                return self._ask(target.installation_id, "PATCH", f"{path}/{number}", _Check, content=content).id
            fresh = {**content, "head_sha": check.head_sha}
            return self._ask(target.installation_id, "POST", path, _Check, content=fresh).id

        return self._guard.call(send)

    def list_jobs(self, target: Target, run_id: int) -> list[JobInfo]:
        """The jobs of the latest attempt of a run."""
        path = f"{target.path}/actions/runs/{run_id}/jobs"
        found = self._guard.call(lambda: self._list(target.installation_id, path, "jobs", _Job, {"filter": "latest"}))
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
                self._ask(target.installation_id, "POST", path, None)
            except UpstreamError:
                unanswered = True
                raise
            except PermanentUpstreamError:
                if not unanswered:  # otherwise it is "already running": the earlier request got through
                    raise

        self._guard.call(send)

    def permission(self, target: Target, login: str) -> Permission:
        """What a user may do in a repository; a stranger is `none`."""
        path = f"{target.path}/collaborators/{quote(login, safe='')}/permission"
        try:
            return self._guard.call(lambda: self._ask(target.installation_id, "GET", path, _Permission)).permission
        except PermanentUpstreamError as error:
            if error.code != "gone":
                raise
            return "none"

    def permission_of(self, target: Target, login: str, github_id: int) -> Permission:
        """What the account of this number may do; `none` where the login has become somebody else's."""
        path = f"{target.path}/collaborators/{quote(login, safe='')}/permission"
        try:
            said = self._guard.call(lambda: self._ask(target.installation_id, "GET", path, _Permission))
        except PermanentUpstreamError as error:
            if error.code != "gone":
                raise
            return "none"
        return said.permission if said.user is None or said.user.id == github_id else "none"

    def is_in_team(self, target: Target, organisation: str, team: str, login: str) -> bool:
        """Whether a user is an active member of a team; False also where the App may not see the team."""
        path = f"/orgs/{quote(organisation, safe='')}/teams/{quote(team, safe='')}/memberships/{quote(login, safe='')}"
        try:
            said = self._guard.call(lambda: self._ask(target.installation_id, "GET", path, _Membership))
        except PermanentUpstreamError:
            return False
        return said.state == "active"

    def find_login(self, target: Target, email: str) -> str | None:
        """The login of the one user who shows this e-mail address in public: a suggestion, no proof."""
        query = {"q": f"{email} in:email type:user", "per_page": "2"}
        said = self._guard.call(lambda: self._ask(target.installation_id, "GET", "/search/users", _Users, query=query))
        return said.items[0].login if len(said.items) == 1 else None

    def read_file(self, target: Target, path: str) -> bytes | None:
        """A file of the default branch; None where there is none."""
        address = f"{target.path}/contents/{quote(path)}"
        try:
            found = self._guard.call(lambda: self._ask(target.installation_id, "GET", address, _File))
        except PermanentUpstreamError as error:
            if error.code != "gone":
                raise
            return None
        if found.type != "file" or found.encoding != "base64":
            return None
        with _translated():
            return base64.b64decode(found.content)

    def slug(self) -> str:
        """The name of the App in addresses."""
        return self._guard.call(lambda: self._ask(None, "GET", "/app", _App)).slug

    def may_write(self, target: Target, login: str) -> bool:
        """Whether a user may write to a repository."""
        return self.permission(target, login) in {"admin", "write"}

    def _find_check_run(self, target: Target, check: CheckRun) -> int | None:
        path = f"{target.path}/commits/{check.head_sha}/check-runs"
        wanted = {"check_name": NAME, "app_id": str(self._app_id)}
        for one in self._list(target.installation_id, path, "check_runs", _Check, wanted):
            ours = one.name == NAME and one.app is not None and one.app.id == self._app_id
            if ours and (one.external_id or check.external_id) == check.external_id:
                return one.id
        return None

    def _list(
        self, installation_id: int | None, path: str, key: str | None, item: type[_T], wanted: Mapping[str, str] = {}
    ) -> list[_T]:
        """Every item of a list that comes in pages, bare or under `key`."""
        shape: type[object] = list[item] if key is None else dict[str, object]  # type: ignore[valid-type]
        items: list[_T] = []
        for page in range(1, _MAX_PAGES + 1):
            query = {**wanted, "per_page": str(_PAGE), "page": str(page)}
            answer: object = self._ask(installation_id, "GET", path, shape, query=query)
            with _translated():
                inner = answer.get(key) if isinstance(answer, dict) else answer
                found = TypeAdapter(list[item]).validate_python(inner)  # type: ignore[valid-type]
            items += found
            if len(found) < _PAGE:
                break
        return items

    def _ask(
        self,
        installation_id: int | None,
        verb: str,
        path: str,
        answer: type[_T] | None,
        *,
        query: Mapping[str, str] | None = None,
        content: Mapping[str, object] | None = None,
    ) -> _T:
        """One request as an installation, or as the App where there is none; the answer decoded as `answer`."""

        def send(token: str) -> _T:
            with self._lent(token) as requester, _translated():
                _, data = requester.requestJsonAndCheck(
                    verb, path, parameters=dict(query or {}), input=None if content is None else dict(content)
                )
                decoded: _T = TypeAdapter(answer or object).validate_python(data)  # type: ignore[assignment]
                return decoded

        return send("") if installation_id is None else self._with_token(installation_id, send)

    def _with_token(self, installation_id: int, send: Callable[[str], _T]) -> _T:
        """Do `send` with the installation's token; once more with a fresh one where GitHub no longer knows it."""
        token = self._token(installation_id)
        try:
            return send(token)
        except PermanentUpstreamError as error:
            if error.code != "unauthorized":
                raise
        with self._lock:
            if installation_id in self._tokens and self._tokens[installation_id].token == token:
                del self._tokens[installation_id]
        return send(self._token(installation_id))

    def _token(self, installation_id: int) -> str:
        with self._lock:
            known = self._tokens.get(installation_id)
        if known is not None and known.expires_at - _TOKEN_MARGIN > datetime.now(UTC):
            return known.token
        path = f"/app/installations/{installation_id}/access_tokens"
        try:
            fresh = self._ask(None, "POST", path, _Token, content={"permissions": _PERMISSIONS | _TEAMS})
        except PermanentUpstreamError as error:
            if error.code != "refused":
                raise
            fresh = self._ask(None, "POST", path, _Token, content={"permissions": _PERMISSIONS})
        with self._lock:
            stale = self._idle.pop(known.token, []) if known else []
            self._tokens[installation_id] = fresh
        for client in stale:
            client.close()
        return fresh.token

    @contextlib.contextmanager
    def _lent(self, token: str) -> Iterator[Requester]:
        """A client for one thread at a time: as the App where the token is empty."""
        with self._lock:
            idle = self._idle.setdefault(token, [])
            client = idle.pop() if idle else None
        client = client or github.Github(
            auth=github.Auth.Token(token) if token else self._auth,
            base_url=self._api_url,
            timeout=_TIMEOUT,
            retry=None,
            seconds_between_requests=0,
            seconds_between_writes=0,
            user_agent=_USER_AGENT,
        )
        try:
            yield client.requester
        finally:
            with self._lock:
                self._idle.setdefault(token, []).append(client)

    def _fetch(self, token: str, path: str, into: BinaryIO, max_bytes: int) -> None:
        into.seek(0)
        into.truncate()
        address, headers = f"{self._api_url}{path}", {"Authorization": f"Bearer {token}"}
        until = time.monotonic() + _DOWNLOAD_SECONDS
        for _ in range(_MAX_REDIRECTS):
            with _translated(), self._http.stream("GET", address, headers=headers) as answer:
                if answer.next_request is not None:
                    address, headers = str(answer.next_request.url), {}
                    continue
                if not answer.is_success:
                    raise calls.refusal(answer.status_code, _lowered(answer.headers), "", datetime.now(UTC))
                _check_size(int(answer.headers.get("Content-Length") or 0), max_bytes)
                for chunk in answer.iter_raw():
                    _check_size(into.tell() + len(chunk), max_bytes)
                    into.write(chunk)
                    if time.monotonic() > until:
                        message = f"The artifact did not arrive within {_DOWNLOAD_SECONDS:.0f} seconds."
                        raise UpstreamError(message)
            into.seek(0)
            return
        message = "The artifact's address leads in circles."
        raise UpstreamError(message)


@contextlib.contextmanager
def _translated() -> Iterator[None]:
    """Turn the faults of the libraries into ours."""
    try:
        yield
    except github.GithubException as error:
        said = str(error.data.get("message") or "") if isinstance(error.data, dict) else ""
        raise calls.refusal(error.status, _lowered(error.headers or {}), said, datetime.now(UTC)) from error
    except (requests.RequestException, httpx.HTTPError, ConnectionError, TimeoutError) as error:
        message = f"GitHub did not answer ({type(error).__name__})."
        raise UpstreamError(message) from error
    except (RuntimeError, AssertionError) as error:  # PyGithub's words for an answer that points elsewhere
        message = f"GitHub points to another address; check GITHUB_API_URL ({str(error)[:200]})."
        raise PermanentUpstreamError(message, code="misdirected") from error
    except ValueError as error:
        message = "GitHub's answer cannot be read."
        raise UpstreamError(message) from error


def _lowered(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): str(value) for name, value in headers.items()}


def _check_size(size: int, max_bytes: int) -> None:
    if size > max_bytes:
        message = f"The artifact is larger than {max_bytes:,} bytes."
        raise PermanentUpstreamError(message, code="too_large")
