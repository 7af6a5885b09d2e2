"""The pages on which a workspace installs the Slack app; Bolt's OAuth flow runs off the event loop."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from slack_bolt import BoltResponse
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from bot.slack.oauth import Flow
from bot.web.response import page

_REASONS = {
    "access_denied": "You did not let FlakeGuard into the workspace.",
    "invalid_browser": "This did not begin in this browser.",
    "invalid_state": "This was used already, or is older than ten minutes.",
    "invalid_code": "Slack did not accept the installation.",
    "missing_code": "Slack did not say which workspace it is.",
}


class InstallResults:
    """The pages at the end of the flow."""

    def installed(self, name: str) -> BoltResponse:
        """Say that it worked, and how to go on."""
        return _as_bolt(
            page(
                "FlakeGuard is installed",
                f"{name or 'The workspace'} has FlakeGuard now.",
                "Type /flakeguard connect there: link your GitHub account, and choose the repositories to see.",
            )
        )

    def refused(self, reason: str, status: int) -> BoltResponse:
        """Say that it did not work, and why."""
        sentence = _REASONS.get(reason, "Something did not work.")
        return _as_bolt(
            page("FlakeGuard is not installed", sentence, "Open /slack/install to try again.", status=status)
        )


@dataclass(frozen=True, slots=True)
class InstallPages:
    """`/slack/install` and `/slack/oauth_redirect`; `flow` is None where one workspace is served by its token."""

    flow: Flow | None

    async def begin(self, request: Request) -> Response:
        """Send a browser to Slack."""
        if self.flow is None:
            return _not_configured()
        return _as_starlette(await run_in_threadpool(self.flow.begin, request.url.query))

    async def finish(self, request: Request) -> Response:
        """Take a browser back from Slack."""
        if self.flow is None:
            return _not_configured()
        cookie = request.headers.get("cookie", "")
        return _as_starlette(await run_in_threadpool(self.flow.finish, request.url.query, cookie))


def _not_configured() -> Response:
    return page(
        "FlakeGuard serves one workspace",
        "Its operator has to set SLACK_CLIENT_ID, SLACK_CLIENT_SECRET and TOKEN_KEYS to serve others.",
        status=503,
    )


def _as_bolt(response: Response) -> BoltResponse:
    headers: dict[str, str | Sequence[str]] = {
        name: value for name, value in response.headers.items() if name != "content-length"
    }
    return BoltResponse(status=response.status_code, body=bytes(response.body).decode(), headers=headers)


def _as_starlette(bolt_response: BoltResponse) -> Response:
    response = Response(bolt_response.body, status_code=bolt_response.status)
    for name, values in bolt_response.headers.items():
        if name.lower() != "content-length":
            for value in values:
                response.headers.append(name, value)
    return response
