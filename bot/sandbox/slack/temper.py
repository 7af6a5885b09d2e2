"""Slack's temper: how fast it lets a bot post, and the faults that a test has ordered."""

from __future__ import annotations

import time
from dataclasses import dataclass

from bot.sandbox.slack.model import RefusalError

_OK = 200
_TOO_MANY = 429


class RateLimit:
    """One message per second and channel, after a short burst."""

    def __init__(self, burst: int) -> None:
        self._burst = float(burst)
        self._buckets: dict[str, tuple[float, float]] = {}

    def take(self, channel: str) -> None:
        """Take a turn in a channel, or refuse with 429."""
        now = time.monotonic()
        left, since = self._buckets.get(channel, (self._burst, now))
        left = min(self._burst, left + now - since)
        if left < 1:
            code = "ratelimited"
            raise RefusalError(code, status=_TOO_MANY, retry_after=1)
        self._buckets[channel] = (left - 1, now)


@dataclass(slots=True)
class _Fault:
    times: int
    method: str | None
    status: int
    retry_after: int | None
    error: str | None
    after: bool


class Faults:
    """Refusals on demand, oldest order first."""

    def __init__(self) -> None:
        self._ordered: list[_Fault] = []

    def order(
        self,
        times: int,
        method: str | None,
        *,
        status: int,
        retry_after: int | None,
        error: str | None,
        after: bool = False,
    ) -> None:
        """Order faults for the next calls, of any method when `method` is None; `after` the call has done its work."""
        self._ordered.append(_Fault(times, method, _OK if error else status, retry_after, error, after))

    def clear(self) -> None:
        """Forget what was ordered."""
        self._ordered.clear()

    def take(self, method: str, *, after: bool = False) -> RefusalError | None:
        """Take the fault that meets this call, if any: before its work, or after it."""
        for fault in self._ordered:
            if fault.method in (None, method) and fault.times > 0 and fault.after is after:
                fault.times -= 1
                limited = fault.status == _TOO_MANY
                code = fault.error or ("ratelimited" if limited else "internal_error")
                wait = fault.retry_after or 1 if limited else fault.retry_after
                return RefusalError(code, status=fault.status, retry_after=wait)
        return None
