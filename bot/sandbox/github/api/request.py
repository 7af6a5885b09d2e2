"""A request to the REST API, and the responses that all resources have in common."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from starlette.responses import JSONResponse, Response

from bot.sandbox.github import errors
from bot.sandbox.github.server import GitHubServer
from bot.sandbox.json_object import JsonObject

_PAGE_SIZE = 30
_MAX_PAGE_SIZE = 100


@dataclass(frozen=True, slots=True)
class ApiRequest:
    """The parameters in the path and in the query, and the JSON of the body."""

    path: dict[str, str]
    query: dict[str, str]
    body: JsonObject

    def number(self, name: str) -> int:
        """Return a parameter in the path that is a number."""
        return int(self.path[name])


Handler: TypeAlias = Callable[[GitHubServer, ApiRequest], Response]


def parse_body(raw: bytes) -> JsonObject:
    """Parse the body of a request, or raise RestApiError."""
    try:
        body = json.loads(raw or b"{}")
    except ValueError:
        body = None
    if not isinstance(body, dict):
        errors.fail(400, "Problems parsing JSON")
    return body


def not_found(_github: GitHubServer, _request: ApiRequest) -> Response:
    """Respond with 404."""
    return JSONResponse({"message": "Not Found", "documentation_url": "", "status": "404"}, 404)


def page(request: ApiRequest, items: list[JsonObject], *, key: str | None = None) -> Response:
    """Respond with one page of a list: as an array, or under a key with its total_count."""
    size = min(int(request.query.get("per_page", _PAGE_SIZE)), _MAX_PAGE_SIZE)
    start = (max(int(request.query.get("page", 1)), 1) - 1) * size
    items_of_page = items[start : start + size]
    return JSONResponse(items_of_page if key is None else {"total_count": len(items), key: items_of_page})
