"""The two kinds of failure FlakeGuard knows: what the user can mend, and what another service has to."""

from __future__ import annotations


class FlakeGuardError(Exception):
    """Root of every error raised on purpose."""


class UserError(FlakeGuardError):
    """Something the caller can mend; its text is safe to show and says what to do."""


class NotFoundError(UserError):
    """What was named does not exist, or is not visible to the caller."""


class NotAllowedError(UserError):
    """The caller may not do this."""


class ConflictError(UserError):
    """Somebody else was first, or the state has moved on."""


class InvalidInputError(UserError):
    """A value from outside has the wrong form."""


class InvalidReportError(InvalidInputError):
    """A test report or archive was refused; the text names the bound or the fault."""


class ConfigurationError(UserError):
    """A setting is missing or wrong; the text names the variable and the mend."""


class UpstreamError(FlakeGuardError):
    """GitHub, Slack or the database did not answer as it should; worth trying again.

    `retry_after` is in seconds, None where the other side did not say.
    """

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class PermanentUpstreamError(FlakeGuardError):
    """GitHub or Slack refused for good (revoked, gone, not permitted); trying again does not help.

    `code` is the other side's own word for it, such as `channel_not_found`.
    """

    def __init__(self, message: str, *, code: str) -> None:
        super().__init__(message)
        self.code = code
