"""What GitHub's status codes and rate limit headers mean."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from http import HTTPStatus

from bot.errors import PermanentUpstreamError, RateLimitedError, UpstreamError

_MESSAGE_LENGTH = 200
_RETRIED = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY})
_DEFAULT_WAIT = 60.0
"""Seconds to wait where a rate limit does not say (https://docs.github.com/rest/using-the-rest-api/best-practices-for-using-the-rest-api)."""


class BadCredentialsError(PermanentUpstreamError):
    """The token is unknown, expired or revoked."""


class ResourceGoneError(PermanentUpstreamError):
    """There is no such resource, or the token may not see it."""


class RefusedError(PermanentUpstreamError):
    """GitHub understood the request and refuses it."""


_CLASSES: Mapping[int, tuple[type[PermanentUpstreamError], str]] = {
    HTTPStatus.UNAUTHORIZED: (BadCredentialsError, "unauthorized"),
    HTTPStatus.NOT_FOUND: (ResourceGoneError, "gone"),
    HTTPStatus.GONE: (ResourceGoneError, "gone"),
    HTTPStatus.UNAVAILABLE_FOR_LEGAL_REASONS: (ResourceGoneError, "gone"),
}


def from_response(
    status: int, headers: Mapping[str, str], text: str, now: datetime
) -> UpstreamError | PermanentUpstreamError:
    """The error for a response with a status of 300 or more; header names are in lower case.

    Rate limits: https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api.
    """
    message = f"GitHub answered {status}{': ' + text[:_MESSAGE_LENGTH] if text else ''}."
    wait = _seconds(headers.get("retry-after"))
    is_primary = headers.get("x-ratelimit-remaining") == "0"
    is_secondary = "rate limit" in text.lower()
    if status == HTTPStatus.TOO_MANY_REQUESTS or (
        status == HTTPStatus.FORBIDDEN and (wait is not None or is_primary or is_secondary)
    ):
        reset = _seconds(headers.get("x-ratelimit-reset")) if is_primary else None
        if wait is None and reset is not None:
            wait = max(reset - now.timestamp(), 1.0)
        return RateLimitedError(message, retry_after=_DEFAULT_WAIT if wait is None else wait)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status in _RETRIED:
        return UpstreamError(message, retry_after=wait)
    kind, code = _CLASSES.get(status, (RefusedError, "refused"))
    return kind(message, code=code)


def _seconds(text: str | None) -> float | None:
    return float(text) if text is not None and text.isascii() and text.isdigit() else None
