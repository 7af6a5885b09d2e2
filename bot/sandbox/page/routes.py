"""The addresses of the page."""

from __future__ import annotations

from typing import Protocol

from starlette.routing import BaseRoute

from bot.sandbox.slack.events import Slack


class Shown(Protocol):
    """What the page shows and what its buttons do."""

    slack: Slack


def routes(sandbox: Shown) -> list[BaseRoute]:
    """Return the routes of the page."""
    del sandbox
    return []
