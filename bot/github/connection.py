"""The connection to GitHub's API: tokens of installations, pages, deadlines, errors of the libraries.

PyGithub signs for the App and sends. Its own waits and retries are switched off; its object chains, which follow
addresses from responses, are not used. Responses are decoded here.
"""

from __future__ import annotations

import contextlib
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from functools import cache
from typing import BinaryIO, TypeVar

import github
import httpx
import requests
from github.Requester import Requester
from pydantic import TypeAdapter

from bot.errors import PermanentUpstreamError, UpstreamError
from bot.github import errors
from bot.github.errors import BadCredentialsError, RefusedError
from bot.github.schema import Token

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


@cache
def tls_context() -> ssl.SSLContext:
    """The certificates that GitHub's are checked against, read once in a process since that takes about 50 ms."""
    return httpx.create_ssl_context()


class Connection:
    """Requests of one GitHub App, each sent once. Safe to share between threads."""

    def __init__(self, app_id: int, private_key: str, api_url: str, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._api_url = api_url.rstrip("/")
        self._auth = github.Auth.AppAuth(app_id, private_key)
        self._lock = threading.Lock()
        self._tokens: dict[int, Token] = {}
        # PyGithub's client is not thread-safe, so each is used by one thread at a time.
        self._idle: dict[str, list[github.Github]] = {}
        headers = {"User-Agent": _USER_AGENT, "Accept-Encoding": "identity"}
        self._http = httpx.Client(timeout=_TIMEOUT, headers=headers, verify=tls_context())

    def close(self) -> None:
        """Close every connection."""
        with self._lock:
            idle, self._idle = self._idle, {}
        for client in [one for clients in idle.values() for one in clients]:
            client.close()
        self._http.close()

    def list_all(
        self, installation_id: int | None, path: str, key: str | None, item: type[_T], wanted: Mapping[str, str] = {}
    ) -> list[_T]:
        """Every item of a list that comes in pages, bare or under `key`."""
        shape: type[object] = list[item] if key is None else dict[str, object]  # type: ignore[valid-type]
        items: list[_T] = []
        for page in range(1, _MAX_PAGES + 1):
            query = {**wanted, "per_page": str(_PAGE), "page": str(page)}
            answer: object = self.ask(installation_id, "GET", path, shape, query=query)
            with self.translated():
                inner = answer.get(key) if isinstance(answer, dict) else answer
                found = TypeAdapter(list[item]).validate_python(inner)  # type: ignore[valid-type]
            items += found
            if len(found) < _PAGE:
                break
        return items

    def ask(
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
            with self._lent(token) as requester, self.translated():
                _, data = requester.requestJsonAndCheck(
                    verb, path, parameters=dict(query or {}), input=None if content is None else dict(content)
                )
                decoded: _T = TypeAdapter(answer or object).validate_python(data)  # type: ignore[assignment]
                return decoded

        return send("") if installation_id is None else self._with_token(installation_id, send)

    def download(self, installation_id: int, path: str, into: BinaryIO, max_bytes: int) -> None:
        """Download a file into `into`, from its beginning; the token is not sent to the host of a redirect.

        Raises:
            PermanentUpstreamError: gone, or larger than `max_bytes`.
        """
        self._with_token(installation_id, lambda token: self._fetch(token, path, into, max_bytes))

    def _with_token(self, installation_id: int, send: Callable[[str], _T]) -> _T:
        """Do `send` with the installation's token; once more with a fresh one where GitHub no longer knows it."""
        token = self._token(installation_id)
        try:
            return send(token)
        except BadCredentialsError:
            pass
        with self._lock:
            if installation_id in self._tokens and self._tokens[installation_id].token == token:
                del self._tokens[installation_id]
        return send(self._token(installation_id))

    def _token(self, installation_id: int) -> str:
        with self._lock:
            known = self._tokens.get(installation_id)
        if known is not None and known.expires_at - _TOKEN_MARGIN > self._clock():
            return known.token
        path = f"/app/installations/{installation_id}/access_tokens"
        try:
            fresh = self.ask(None, "POST", path, Token, content={"permissions": _PERMISSIONS | _TEAMS})
        except RefusedError:
            fresh = self.ask(None, "POST", path, Token, content={"permissions": _PERMISSIONS})
        with self._lock:
            stale = self._idle.pop(known.token, []) if known else []
            self._tokens[installation_id] = fresh
        for client in stale:
            client.close()
        return fresh.token

    @contextlib.contextmanager
    def _lent(self, token: str) -> Iterator[Requester]:
        """A client that no other thread uses meanwhile; it acts as the App where the token is empty."""
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

    @contextlib.contextmanager
    def translated(self) -> Iterator[None]:
        """Raise what the libraries raise as an error of ours."""
        try:
            yield
        except github.GithubException as error:
            text = str(error.data.get("message") or "") if isinstance(error.data, dict) else ""
            raise errors.from_response(error.status, _lowered(error.headers or {}), text, self._clock()) from error
        except (requests.RequestException, httpx.HTTPError, ConnectionError, TimeoutError) as error:
            message = f"GitHub did not answer ({type(error).__name__})."
            raise UpstreamError(message) from error
        except (RuntimeError, AssertionError) as error:  # what PyGithub raises for an address on another host
            message = f"GitHub points to another address; check GITHUB_API_URL ({str(error)[:200]})."
            raise PermanentUpstreamError(message, code="misdirected") from error
        except ValueError as error:
            message = "GitHub's answer cannot be read."
            raise UpstreamError(message) from error

    def _fetch(self, token: str, path: str, into: BinaryIO, max_bytes: int) -> None:
        into.seek(0)
        into.truncate()
        address, headers = f"{self._api_url}{path}", {"Authorization": f"Bearer {token}"}
        until = time.monotonic() + _DOWNLOAD_SECONDS
        for _ in range(_MAX_REDIRECTS):
            with self.translated(), self._http.stream("GET", address, headers=headers) as answer:
                if answer.next_request is not None:
                    address, headers = str(answer.next_request.url), {}
                    continue
                if not answer.is_success:
                    raise errors.from_response(answer.status_code, _lowered(answer.headers), "", self._clock())
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


def _lowered(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): str(value) for name, value in headers.items()}


def _check_size(size: int, max_bytes: int) -> None:
    if size > max_bytes:
        message = f"The artifact is larger than {max_bytes:,} bytes."
        raise PermanentUpstreamError(message, code="too_large")
