"""The pages on which people link their GitHub account, and connect repositories to their Slack workspace.

`/github/connect` sends a person to GitHub with the secret that Slack showed them; `/github/callback` takes them back,
reads their account and asks for confirmation; that links them. All of it has to happen in one browser. GitHub's
redirect after an installation of the App (`/github/setup`) proves nothing, so the page only says how to go on (ADR 12).
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from bot import telemetry
from bot.analysis.model import WorkspaceId
from bot.errors import ConflictError, FlakeGuardError, NotAllowedError, PermanentUpstreamError, UserError
from bot.github.account import Accounts, UserInstallation
from bot.github.client import GitHub
from bot.services import account_link
from bot.slack.block_kit import Message
from bot.slack.registry import Registry
from bot.slack.views import account as account_view
from bot.store.database import Database
from bot.store.workspaces import workspace as workspace_store
from bot.store.workspaces.account_link import Step
from bot.web.response import Hyperlink, LinkForm, page

COOKIE = "flakeguard_connect"
_LONGEST = 200
_CONTINUE = "Type /flakeguard connect in Slack to go on."
_log = telemetry.logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountPages:
    """`/github/connect`, `/github/callback` and `/github/setup`."""

    db: Database
    accounts: Accounts | None
    github: GitHub | None
    slacks: Registry
    public_url: str
    clock: Callable[[], datetime]

    async def begin(self, request: Request) -> Response:
        """Send a person to GitHub."""
        return await run_in_threadpool(self._begin, request.query_params.get("state", "")[:_LONGEST])

    async def callback(self, request: Request) -> Response:
        """Take a person back from GitHub and ask for confirmation."""
        query = {name: value[:_LONGEST] for name, value in request.query_params.items()}
        return await run_in_threadpool(self._callback, query, request.cookies.get(COOKIE, ""))

    async def confirm(self, request: Request) -> Response:
        """Link the person who confirmed."""
        async with request.form(max_files=0, max_fields=200) as form:
            state = str(form.get("state", ""))[:_LONGEST]
            chosen = [int(text) for value in form.getlist("installation") if (text := str(value)).isdecimal()]
        return await run_in_threadpool(self._confirm, state, request.cookies.get(COOKIE, ""), chosen)

    async def setup(self, _request: Request) -> Response:
        """Answer somebody who has just installed the App; the address may be forged, so nothing in it is read."""
        return page("The GitHub App is installed", "GitHub sends FlakeGuard the repositories by itself.", _CONTINUE)

    def _begin(self, state: str) -> Response:
        if self.accounts is None:
            return _not_configured()
        try:
            with self.db.begin() as session:
                step = account_link.get_step(session, state, self.clock())
        except ConflictError as error:
            return page("This link does not work any more", str(error), status=410)
        url = self.accounts.authorize_url(
            state=state,
            verifier=str(step.detail["verifier"]),
            redirect_uri=self._callback_url,
            hint=str(step.detail.get("hint", "")),
        )
        response = RedirectResponse(url, 303, headers={"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"})
        return self._remember(response, state)

    def _callback(self, query: Mapping[str, str], cookie: str) -> Response:
        if self.accounts is None:
            return _not_configured()
        try:
            _require_browser(query.get("state", ""), cookie)
            with self.db.begin() as session:
                step = account_link.authorize(session, query["state"], self.clock())
            if "code" not in query:
                return page("Nothing was linked", "You did not authorize FlakeGuard on GitHub.", _CONTINUE)
            return self._ask(self.accounts, step, query["code"])
        except FlakeGuardError as error:
            return _refused(error)

    def _ask(self, accounts: Accounts, step: Step, code: str) -> Response:
        """Read the account of the person who came back, and ask whether it is theirs to link."""
        token = accounts.exchange(code=code, verifier=str(step.detail["verifier"]), redirect_uri=self._callback_url)
        account = accounts.account(token)
        with self.db.begin() as session:
            workspace = workspace_store.get(session, step.workspace_id)
            bound = set(workspace_store.list_bound(session, step.workspace_id))
        administered = {}
        if not workspace.sees_all:
            administered = {
                installation.id: installation.account
                for installation in accounts.installations(token)
                if installation.id not in bound and self._administers(installation)
            }
        with self.db.begin() as session:
            state = account_link.ask_to_confirm(session, step, account.id, account.login, administered, self.clock())
        form = LinkForm(
            state=state,
            submit=f"Yes, I am {step.slack_name}",
            legend=f"Let everybody in {workspace.name or 'the workspace'} see the test results of every repository of",
            choices=administered,
        )
        question = page(
            f"Are you {step.slack_name} in {workspace.name or 'Slack'}?",
            f"GitHub says that you are @{account.login}.",
            f"If you go on, whatever {step.slack_name} decides in Slack is done as @{account.login}, "
            "with your permissions on GitHub.",
            "If somebody sent you here, close this page: nothing has been linked.",
            form=form,
            link=None if workspace.sees_all else self._install_link(),
        )
        return self._remember(question, state)

    def _administers(self, installation: UserInstallation) -> bool:
        """Whether its user administers every repository of an installation, and so may connect it to a workspace."""
        if self.github is None or not installation.administered:
            return False
        try:
            repositories = {int(repository.id) for repository in self.github.installation_repositories(installation.id)}
        except PermanentUpstreamError:
            return False
        return bool(repositories) and repositories <= installation.administered

    def _confirm(self, state: str, cookie: str, chosen: list[int]) -> Response:
        try:
            _require_browser(state, cookie)
            with self.db.begin() as session:
                link, former, bound = account_link.confirm(session, state, chosen, self.clock())
        except FlakeGuardError as error:
            return _refused(error)
        _log.info("account linked", workspace=link.workspace_id, user=link.slack_user, account=link.github_login)
        self._notify(link.workspace_id, link.slack_user, account_view.linked(link.github_login, bool(former), bound))
        for user in former:
            reason = "somebody else in this workspace proved that it is theirs."
            self._notify(link.workspace_id, user, account_view.unlinked(link.github_login, reason))
        connected = [f"The workspace now sees the repositories of {', '.join(bound)}."] if bound else []
        response = page(
            "You are linked", f"You decide in Slack as @{link.github_login}.", *connected, "You can close this page."
        )
        response.delete_cookie(COOKIE, path="/github")
        return response

    def _notify(self, workspace_id: WorkspaceId, user: str, message: Message) -> None:
        """Send a person the result in Slack too; if that fails, the page has shown it."""
        try:
            slack = self.slacks.of(workspace_id)
            slack.post(slack.open_dm(user), message, key=f"link:{telemetry.new_id()}")
        except FlakeGuardError as error:
            _log.warning("message about a link not sent", user=user, reason=str(error))

    def _install_link(self) -> Hyperlink | None:
        if self.github is None or self.accounts is None:
            return None
        try:
            return Hyperlink(
                self.accounts.install_url(self.github.slug()), "Install the GitHub App on more repositories"
            )
        except FlakeGuardError:
            return None

    def _remember(self, response: Response, state: str) -> Response:
        """Set the cookie by which the next step knows the browser."""
        response.set_cookie(
            COOKIE,
            state,
            max_age=int(account_link.LIFE.total_seconds()),
            path="/github",
            secure=self.public_url.startswith("https://"),
            httponly=True,
            samesite="lax",
        )
        return response

    @property
    def _callback_url(self) -> str:
        return f"{self.public_url}/github/callback"


def _require_browser(state: str, cookie: str) -> None:
    """Raise unless the browser is the one that began."""
    if not state or not hmac.compare_digest(state.encode(), cookie.encode()):
        message = "This did not begin in this browser."
        raise NotAllowedError(message)


def _refused(error: FlakeGuardError) -> Response:
    _log.warning("account not linked", reason=str(error))
    match error:
        case ConflictError():
            return page("Nothing was linked", str(error), status=410)
        case UserError() | PermanentUpstreamError():
            return page("Nothing was linked", str(error), _CONTINUE, status=400)
        case _:
            return page("Nothing was linked", "GitHub does not answer just now.", _CONTINUE, status=502)


def _not_configured() -> Response:
    return page("Linking is not set up", "Its operator has to set GITHUB_CLIENT_ID.", status=503)
