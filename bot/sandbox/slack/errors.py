"""The errors of Slack's Web API, see https://docs.slack.dev/apis/web-api/#responses."""

from __future__ import annotations

from typing import NoReturn


class WebApiError(Exception):
    """A failed call: the code in `error`, its details, and the HTTP status of the response."""

    def __init__(
        self, code: str, *, details: tuple[str, ...] = (), status: int = 200, retry_after: int | None = None
    ) -> None:
        super().__init__(code)
        self.code = code
        self.details = details
        self.status = status
        self.retry_after = retry_after


def fail(code: str, *, details: tuple[str, ...] = (), status: int = 200) -> NoReturn:
    """Raise a WebApiError with a code from the documentation of the method."""
    raise WebApiError(code, details=details, status=status)
