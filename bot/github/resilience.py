"""How a call to GitHub is made safe: what a refusal means, when it is tried again, and when calls pause."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TypeVar

import pybreaker
import stamina

from bot import telemetry
from bot.errors import PermanentUpstreamError, UpstreamError

_ATTEMPTS = 3
_TOTAL_SECONDS = 20.0
_LONGEST_WAIT = 5.0
_FAILURES_TO_OPEN = 5
_OPEN_SECONDS = 15.0
_LIMITED_SECONDS = 60.0
_SERVER_ERROR = 500
_FORBIDDEN = 403
_SHOWN = 200
_CODES = {401: "unauthorized", 404: "gone", 410: "gone", 451: "gone"}
_LATER = frozenset({408, 425})
_T = TypeVar("_T")


class LimitedError(UpstreamError):
    """GitHub asks to wait; it is well, so the breaker does not count this."""


class Guard:
    """Makes calls with few retries, behind a circuit breaker. Safe to share between threads."""

    def __init__(self) -> None:
        self._breaker = pybreaker.CircuitBreaker(
            fail_max=_FAILURES_TO_OPEN,
            reset_timeout=_OPEN_SECONDS,
            exclude=[LimitedError, PermanentUpstreamError],
            name="github",
            throw_new_error_on_trip=False,
        )

    def call(self, action: Callable[[], _T]) -> _T:
        """Do `action`, which must bear being done twice, and return what it returns.

        Raises:
            UpstreamError: it failed to the end, or calls pause because too many failed.
            PermanentUpstreamError: GitHub refused for good.
        """

        @stamina.retry(
            on=_backoff, attempts=_ATTEMPTS, timeout=_TOTAL_SECONDS, wait_initial=0.2, wait_max=3, wait_jitter=0.3
        )
        def attempt() -> _T:
            return self._once(action)

        try:
            return attempt()
        except pybreaker.CircuitBreakerError as error:
            message = "GitHub has failed repeatedly; calls pause for a moment."
            raise UpstreamError(message, retry_after=_OPEN_SECONDS) from error
        except UpstreamError:
            telemetry.upstream_errors_total.labels(service="github").inc()
            raise

    def _once(self, action: Callable[[], _T]) -> _T:
        """Do `action` and tell the breaker how it went.

        The breaker holds its lock while it calls, so that a slow answer would keep every other thread waiting;
        it is therefore told afterwards, except when it is open and lets one call through as a trial.
        """
        if self._breaker.current_state != pybreaker.STATE_CLOSED:
            result: _T = self._breaker.call(action)
            return result
        try:
            result = action()
        except UpstreamError as error:
            with contextlib.suppress(UpstreamError, pybreaker.CircuitBreakerError):
                self._breaker.call(_fail_with, error)
            raise
        with contextlib.suppress(pybreaker.CircuitBreakerError):
            self._breaker.call(_succeed)
        return result


def refusal(
    status: int, headers: Mapping[str, str], said: str, now: datetime
) -> UpstreamError | PermanentUpstreamError:
    """The error for an answer of GitHub with a status of 300 or more; header names are in lower case."""
    message = f"GitHub answered {status}{': ' + said[:_SHOWN] if said else ''}."
    wait = _seconds(headers.get("retry-after"))
    spent = headers.get("x-ratelimit-remaining") == "0"
    secondary = "rate limit" in said.lower()
    if status == 429 or (status == _FORBIDDEN and (wait is not None or spent or secondary)):  # noqa: PLR2004  # HTTP
        reset = _seconds(headers.get("x-ratelimit-reset")) if spent else None
        if wait is None and reset is not None:
            wait = max(reset - now.timestamp(), 1.0)
        return LimitedError(message, retry_after=_LIMITED_SECONDS if wait is None else wait)
    if status >= _SERVER_ERROR or status in _LATER:
        return UpstreamError(message, retry_after=wait)
    return PermanentUpstreamError(message, code=_CODES.get(status, "refused"))


def _backoff(error: Exception) -> bool | float:
    """Whether to try again at once, after GitHub's own wait, or not here but from the queue."""
    if not isinstance(error, UpstreamError):
        return False
    if error.retry_after is None:
        return True
    return error.retry_after if error.retry_after <= _LONGEST_WAIT else False


def _seconds(text: str | None) -> float | None:
    return float(text) if text is not None and text.isascii() and text.isdigit() else None


def _fail_with(error: UpstreamError) -> None:
    raise error


def _succeed() -> None:
    """Let the breaker count a success."""
