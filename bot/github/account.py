"""GitHub's user authorization: whose account it is, and which installations they administer, by their own token.

The token is used once and never stored. The flow is GitHub's web application flow with PKCE
(https://docs.github.com/apps/creating-github-apps/authenticating-with-a-github-app).
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar
from urllib.parse import urlencode

import httpx
from pydantic import BaseModel, TypeAdapter, ValidationError

from bot.errors import PermanentUpstreamError, UpstreamError
from bot.github import errors
from bot.github.connection import tls_context
from bot.github.schema import Account, Installation
from bot.resilience import Upstream

_TIMEOUT = 10
_PAGE = 100
_MAX_PAGES = 20
_T = TypeVar("_T")


class _Token(BaseModel):
    access_token: str = ""
    error: str = ""


class _Installations(BaseModel):
    installations: list[Installation]


class _Rights(BaseModel):
    admin: bool = False


class _Repository(BaseModel):
    id: int
    permissions: _Rights = _Rights()


class _Repositories(BaseModel):
    repositories: list[_Repository]


@dataclass(frozen=True, slots=True)
class UserInstallation:
    """An installation its user can see, and the repositories of it that they administer."""

    id: int
    account: str
    administered: frozenset[int]


class Accounts:
    """The GitHub App as its users authorize it. Safe to share between threads."""

    def __init__(
        self, client_id: str, client_secret: str, *, api_url: str, web_url: str, clock: Callable[[], datetime]
    ) -> None:
        """`api_url` is the address of the API, `web_url` of the pages."""
        self._clock = clock
        self._client_id = client_id
        self._client_secret = client_secret
        self._api_url = api_url.rstrip("/")
        self._web_url = web_url.rstrip("/")
        self._upstream = Upstream("GitHub")
        headers = {"User-Agent": "FlakeGuard", "Accept": "application/json"}
        self._http = httpx.Client(timeout=_TIMEOUT, headers=headers, verify=tls_context())

    def close(self) -> None:
        """Close every connection."""
        self._http.close()

    def authorize_url(self, *, state: str, verifier: str, redirect_uri: str, hint: str = "") -> str:
        """The page on which GitHub asks somebody to authorize the App; `hint` is a login it may suggest."""
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        query = {
            "client_id": self._client_id,
            "redirect_uri": redirect_uri,
            "state": state,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
            **({"login": hint} if hint else {}),
        }
        return f"{self._web_url}/login/oauth/authorize?{urlencode(query)}"

    def install_url(self, slug: str) -> str:
        """The page on which somebody installs the App."""
        return f"{self._web_url}/apps/{slug}/installations/new"

    def exchange(self, *, code: str, verifier: str, redirect_uri: str) -> str:
        """The user's token for the code GitHub sent them back with; a code works once, so this is not tried again.

        Raises:
            PermanentUpstreamError: GitHub does not accept the code.
            UpstreamError: GitHub did not answer.
        """
        form = {
            "client_id": self._client_id,
            "client_secret": self._client_secret,
            "code": code,
            "redirect_uri": redirect_uri,
            "code_verifier": verifier,
        }
        try:
            response = self._http.post(f"{self._web_url}/login/oauth/access_token", data=form)
            response.raise_for_status()
            token = _Token.model_validate_json(response.content)
        except (httpx.HTTPError, ValidationError) as error:
            message = f"GitHub did not say who you are ({type(error).__name__})."
            raise UpstreamError(message) from None  # the cause holds the secret
        if not token.access_token:
            message = f"GitHub did not accept the sign-in ({token.error[:100] or 'no token'})."
            raise PermanentUpstreamError(message, code="bad_code")
        return token.access_token

    def account(self, token: str) -> Account:
        """The account of the token."""
        return self._get(token, "/user", {}, Account)

    def installations(self, token: str) -> list[UserInstallation]:
        """The installations of the App the user can see, each with the repositories they administer."""
        installations: list[Installation] = []
        for page in range(1, _MAX_PAGES + 1):
            listed = self._get(token, "/user/installations", _page(page), _Installations).installations
            installations += listed
            if len(listed) < _PAGE:
                break
        return [UserInstallation(one.id, one.login, self._administered(token, one.id)) for one in installations]

    def _administered(self, token: str, installation_id: int) -> frozenset[int]:
        path = f"/user/installations/{installation_id}/repositories"
        repositories: list[_Repository] = []
        for page in range(1, _MAX_PAGES + 1):
            listed = self._get(token, path, _page(page), _Repositories).repositories
            repositories += listed
            if len(listed) < _PAGE:
                break
        return frozenset(one.id for one in repositories if one.permissions.admin)

    def _get(self, token: str, path: str, query: Mapping[str, str], shape: type[_T]) -> _T:
        def send() -> _T:
            try:
                response = self._http.get(
                    f"{self._api_url}{path}", params=query, headers={"Authorization": f"Bearer {token}"}
                )
            except httpx.HTTPError as error:
                message = f"GitHub did not answer ({type(error).__name__})."
                raise UpstreamError(message) from None  # the cause holds the token
            if not response.is_success:
                headers = {name.lower(): value for name, value in response.headers.items()}
                raise errors.from_response(response.status_code, headers, "", self._clock())
            try:
                return TypeAdapter(shape).validate_json(response.content)
            except ValidationError:
                message = "GitHub's answer cannot be read."
                raise UpstreamError(message) from None

        return self._upstream.call(send)


def web_url(api_url: str) -> str:
    """The address of the pages that belong to an API: github.com, or the host of a GitHub Enterprise Server."""
    if api_url.rstrip("/") == "https://api.github.com":
        return "https://github.com"
    return api_url.rstrip("/").removesuffix("/api/v3")


def _page(number: int) -> dict[str, str]:
    return {"per_page": str(_PAGE), "page": str(number)}
