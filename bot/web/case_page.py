"""The page of one case, which a signed link from a message opens without an account."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from bot.errors import NotFoundError
from bot.queries import access, case, explanation
from bot.queries.access import About
from bot.services.page_link import PageLinks
from bot.store.database import Database
from bot.store.workspaces import workspace as workspace_store
from bot.web.response import Hyperlink, page

_MAX_LINES = 12


@dataclass(frozen=True, slots=True)
class CasePage:
    """`/t/<uid>`; `links` is None where no secret is set to sign with."""

    db: Database
    links: PageLinks | None
    clock: Callable[[], datetime]

    async def show(self, request: Request) -> Response:
        """Show the case of a link that is signed and not too old."""
        query = {name: value[:100] for name, value in request.query_params.items()}
        return await run_in_threadpool(self._show, str(request.path_params["uid"]), query)

    def _show(self, uid: str, query: dict[str, str]) -> Response:
        now = self.clock()
        if self.links is None:
            return page("There is nothing to see here", "Links are not set up here.", status=404)
        try:
            workspace_id, case_id = self.links.read(uid, query, now)
            with self.db.begin() as session:
                access.require(session, workspace_store.get(session, workspace_id), About.CASE, case_id)
                profile = case.of_case(session, case_id, now)
                reasons = explanation.of_case(session, case_id, now, ahead=False)
                quarantine = case.latest_quarantine(session, profile)
        except NotFoundError as error:
            return page("There is nothing to see here", str(error), status=404)
        lines = [f"In {profile.repository}: {profile.status}.", reasons.sentence, *reasons.lines[:_MAX_LINES]]
        if quarantine is not None and quarantine.state.is_open:
            end = quarantine.expires_at
            until = f" until {end.day} {end:%B %Y}" if end else ""
            proposer = quarantine.proposed_by.name
            lines.append(f"Quarantine: {quarantine.state}{until}, proposed by {proposer}: {quarantine.reason}")
        failure = profile.last_failure
        if failure is not None:
            lines.append(f"Last failure, in run {failure.run_number} at {failure.sha[:7]}: {failure.message}")
        lines.append("Ask /flakeguard test in Slack for the rest, and to decide what happens to it.")
        link = Hyperlink(failure.run_url, "The last failing run") if failure and _is_web(failure.run_url) else None
        return page(profile.title, *lines, link=link)


def _is_web(url: str) -> bool:
    return url.startswith(("https://", "http://"))
