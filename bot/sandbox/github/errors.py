"""The errors of GitHub's REST API, see https://docs.github.com/rest/using-the-rest-api/troubleshooting-the-rest-api."""

from __future__ import annotations

from typing import NoReturn


class RestApiError(Exception):
    """A failed request: the HTTP status and the `message` of the response."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


def fail(status: int, message: str) -> NoReturn:
    """Raise a RestApiError."""
    raise RestApiError(status, message)


def not_found(message: str = "Not Found") -> NoReturn:
    """Raise a RestApiError with status 404."""
    raise RestApiError(404, message)
