"""The two kinds of failure: what the user can fix, and what another service has to."""

from __future__ import annotations


class FlakeGuardError(Exception):
    """Root of every error raised on purpose."""


class UserError(FlakeGuardError):
    """Something the caller can fix; its text is safe to show and says what to do."""


class NotFoundError(UserError):
    """What was named does not exist, or is not visible to the caller."""


class NotAllowedError(UserError):
    """The caller may not do this."""


class ConflictError(UserError):
    """Somebody else was first, or the state has changed meanwhile."""


class InvalidInputError(UserError):
    """A value from outside has the wrong form."""


class InvalidReportError(InvalidInputError):
    """A test report or archive was refused; the text names the limit or the fault."""


class ConfigurationError(UserError):
    """Invalid configuration; the message names the variable and how to fix it."""


class UpstreamError(FlakeGuardError):
    """GitHub, Slack or the database did not answer as it should; worth trying again.

    `retry_after` is in seconds, None where the service did not say.
    """

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class RateLimitedError(UpstreamError):
    """The service asks to wait. It is healthy, so the circuit breaker does not count this."""


class UnreachableError(UpstreamError):
    """No connection was made, so nothing was done and repeating the call is safe."""


class PermanentUpstreamError(FlakeGuardError):
    """GitHub or Slack refused for good (revoked, gone, not permitted); trying again does not help.

    `code` is the service's own word for it, such as `channel_not_found`.
    """

    def __init__(self, message: str, *, code: str) -> None:
        super().__init__(message)
        self.code = code
