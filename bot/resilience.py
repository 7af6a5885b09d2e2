"""How GitHub and Slack are called: a few retries with backoff, behind a circuit breaker (ADR 15)."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Final, TypeVar

import pybreaker
import stamina

from bot import telemetry
from bot.errors import PermanentUpstreamError, RateLimitedError, UpstreamError

ATTEMPTS: Final = 3
FIRST_WAIT_SECONDS: Final = 1.0
"""Before the second attempt; it doubles, and up to a second of jitter is added."""
TOTAL_SECONDS: Final = 20.0
"""After this long no further attempt begins; what waits longer is retried by the queue."""
LONGEST_WAIT_SECONDS: Final = 5.0
"""A longer `retry_after` is left to the caller, so that no thread sleeps for it."""
FAILURES_TO_OPEN: Final = 5
OPEN_SECONDS: Final = 60.0
_T = TypeVar("_T")


class Upstream:
    """A service that is called over the network. Safe to share between threads."""

    def __init__(self, name: str, *, retry_on: type[UpstreamError] = UpstreamError) -> None:
        """`retry_on` is the error after which a call is repeated; any, where every call is idempotent."""
        self._name = name
        self._retry_on = retry_on
        self._breaker = pybreaker.CircuitBreaker(
            fail_max=FAILURES_TO_OPEN,
            reset_timeout=OPEN_SECONDS,
            exclude=[RateLimitedError, PermanentUpstreamError],
            name=name,
            throw_new_error_on_trip=False,
        )

    def call(self, action: Callable[[], _T], *, attempts: int = ATTEMPTS) -> _T:
        """Return what `action` returns; it must be idempotent unless `attempts` is 1.

        Raises:
            UpstreamError: the last attempt failed, or the circuit is open.
            PermanentUpstreamError: the service refused.
        """

        @stamina.retry(
            on=self._backoff,
            attempts=attempts,
            timeout=TOTAL_SECONDS,
            wait_initial=FIRST_WAIT_SECONDS,
            wait_jitter=FIRST_WAIT_SECONDS,
            wait_max=LONGEST_WAIT_SECONDS,
        )
        def attempt() -> _T:
            return self._attempt(action)

        try:
            return attempt()
        except UpstreamError:
            telemetry.upstream_errors_total.labels(service=self._name.lower()).inc()
            raise

    def _attempt(self, action: Callable[[], _T]) -> _T:
        """Make one call and report its outcome to the breaker.

        pybreaker holds its lock during a call, so a slow answer would block every other thread. Calls through a closed
        circuit therefore run outside it and are reported afterwards; only the trial of an open circuit runs inside.
        """
        state = self._breaker.current_state
        if state == pybreaker.STATE_HALF_OPEN:  # the trial is under way in another thread
            raise self._open()
        if state == pybreaker.STATE_OPEN:
            try:
                trial: _T = self._breaker.call(action)
            except pybreaker.CircuitBreakerError:
                raise self._open() from None
            return trial
        try:
            result = action()
        except (UpstreamError, PermanentUpstreamError) as error:
            with contextlib.suppress(pybreaker.CircuitBreakerError, UpstreamError, PermanentUpstreamError):
                self._breaker.call(_raise, error)
            raise
        with contextlib.suppress(pybreaker.CircuitBreakerError):
            self._breaker.call(_succeed)
        return result

    def _open(self) -> UpstreamError:
        message = f"{self._name} failed {FAILURES_TO_OPEN} times in a row; calls pause for {OPEN_SECONDS:.0f} s."
        return UpstreamError(message, retry_after=OPEN_SECONDS)

    def _backoff(self, error: Exception) -> bool | float:
        """Whether to repeat a call: with the usual backoff (True), after this many seconds, or not here (False)."""
        if not isinstance(error, self._retry_on):
            return False
        if error.retry_after is None:
            return True
        return error.retry_after if error.retry_after <= LONGEST_WAIT_SECONDS else False


def _raise(error: Exception) -> None:
    raise error


def _succeed() -> None:
    """Let the breaker count a success."""
