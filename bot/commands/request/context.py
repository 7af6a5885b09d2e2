"""What a Slack listener works with: its request, the workspace it came from, and the services of the process."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from bot import telemetry
from bot.analysis.connection import Setup
from bot.analysis.model import CaseId, Channel, RepositoryId
from bot.analysis.quarantine.lifecycle import Quarantine
from bot.commands.request.parser import Typed
from bot.errors import FlakeGuardError, NotAllowedError, UserError
from bot.github.client import GitHub, Target
from bot.queries import access
from bot.queries.access import About, Authorized, Permission, PermissionSource, PermissionUnknownError
from bot.queries.search import CaseSearch
from bot.services import account_link
from bot.services.page_link import PageLinks
from bot.slack.block_kit import Message, View
from bot.slack.client import Slack
from bot.slack.errors import ExpiredTriggerError
from bot.slack.event_payloads import AppMention
from bot.slack.ids import Action, ShortcutId
from bot.slack.payloads import Request
from bot.slack.registry import Registry
from bot.slack.views import response
from bot.store.cases.case import Case
from bot.store.database import Database, Session
from bot.store.runs import delivery as delivery_store
from bot.store.workspaces import workspace as workspace_store
from bot.store.workspaces.repository import Repository
from bot.store.workspaces.workspace import Workspace

_log = telemetry.logger(__name__)
_TOO_LATE = "Slack did not wait for the form. Ask for it again."
_NOBODY = (
    "Nobody can decide here yet. The operator of FlakeGuard has to set GITHUB_CLIENT_ID and GITHUB_CLIENT_SECRET, "
    "so that people can link their GitHub accounts, or APPROVER_GROUPS."
)
_NOT_IN_GROUP = "Only members of the approver groups can do this."
S = TypeVar("S", bound=Repository | Case | Quarantine)


class RepeatedRequestError(FlakeGuardError):
    """Slack sent a request again that was served already."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SlackApp:
    """The services of the process that requests from Slack need.

    `approver_groups` are Slack's ids of those who decide where nobody can link a GitHub account.
    """

    db: Database
    slacks: Registry
    github: GitHub | None
    default_channel: str | None
    setup: Setup
    approver_groups: tuple[str, ...]
    public_url: str
    pages: PageLinks | None
    clock: Callable[[], datetime]
    search: CaseSearch = field(default_factory=CaseSearch)

    def context_for(self, workspace: Workspace, request: Request, *, is_retry: bool = False) -> SlackContext:
        """The context of a request of this workspace; `is_retry`: Slack says that it sends the request again."""
        return SlackContext(self, workspace, request, is_retry=is_retry)

    def identify(self) -> Workspace | None:
        """Ask Slack which workspace SLACK_BOT_TOKEN belongs to, and record it; None while Slack does not answer."""
        with self.db.begin() as session:
            workspace = workspace_store.find_by_token(session)
        if workspace is None:
            return None
        try:
            identity = self.slacks.of(workspace.id).probe()
        except FlakeGuardError as error:
            _log.warning("Slack did not say who the bot is", reason=str(error))
            return None
        with self.db.begin() as session:
            return workspace_store.identify(
                session,
                enterprise_id=identity.enterprise_id,
                team_id=identity.workspace_team_id,
                name=identity.team,
                bot_user_id=identity.bot_user_id,
                now=self.clock(),
            )


class SlackContext:
    """One request of one workspace."""

    def __init__(self, app: SlackApp, workspace: Workspace, request: Request, *, is_retry: bool) -> None:
        self.app = app
        self.workspace = workspace
        self.request = request
        self._is_retry = is_retry
        self._is_claimed = False

    @property
    def now(self) -> datetime:
        """The time, in UTC."""
        return self.app.clock()

    @property
    def slack(self) -> Slack:
        """The client of the workspace; it may have to renew its token, so ask for it outside of transactions.

        Raises:
            PermanentUpstreamError: the workspace has no token.
        """
        return self.app.slacks.of(self.workspace.id)

    @property
    def person(self) -> Channel:
        """The person of the request, as the channel of their direct messages."""
        return Channel(self.workspace.id, self.request.actor.id)

    @property
    def default_channel(self) -> Channel | None:
        """The channel for what nobody subscribed to; only the workspace of SLACK_BOT_TOKEN has one."""
        channel = self.app.default_channel if self.workspace.by_token else None
        return Channel(self.workspace.id, channel) if channel else None

    @contextmanager
    def begin(self) -> Iterator[Session]:
        """A transaction; the first one of a request also records it, so that it is served once.

        An event is known by its id. The trigger of a click identifies it only where Slack says that it is a retry.

        Raises:
            RepeatedRequestError: the request was served already.
        """
        with self.app.db.begin() as session:
            if self.request.key and not self._is_claimed:
                key = f"{self.workspace.id}:{self.request.key}"
                is_new = delivery_store.insert_slack_event(session, key, self.now)
                if not is_new and (self._is_retry or not self.request.trigger_id):
                    raise RepeatedRequestError(key)
            yield session
        self._is_claimed = True

    @contextmanager
    def authorize(
        self, about: About[S], number: int, needs: Permission = Permission.SEE
    ) -> Iterator[tuple[Session, Authorized[S]]]:
        """A transaction in which the person may do this about the subject of this number.

        A permission that is not known is read from GitHub first, with no transaction open.

        Raises:
            NotFoundError: the subject is unknown, or another workspace's.
            NotLinkedError: the person has no linked GitHub account.
            NotAllowedError: the person may not.
        """
        source = PermissionSource.CACHE
        if needs is not Permission.SEE and self._is_in_approver_group():
            source = PermissionSource.GROUP
        try:
            with self.begin() as session:
                yield session, self._ask(session, about, number, needs, source)
                return
        except PermissionUnknownError as error:
            unknown = error
        self._refresh(unknown)
        with self.begin() as session:
            yield session, self._ask(session, about, number, needs, PermissionSource.GITHUB)

    def see_case(self, case_id: CaseId) -> Authorized[Case]:
        """The case of this number, where the workspace may see it.

        Raises:
            NotFoundError: unknown, or another workspace's.
        """
        with self.authorize(About.CASE, case_id) as (_, authorized):
            return authorized

    def visible(self, session: Session) -> Sequence[RepositoryId]:
        """The repositories the workspace may see; whatever lists or searches starts from these."""
        return access.visible(session, self.workspace)

    def opening_channel(self, channel_id: str) -> Channel | None:
        """Where a card is opened that has none yet: the channel for all, else the one of the request."""
        return self.default_channel or (Channel(self.workspace.id, channel_id) if channel_id else None)

    def answer(self, message: Message) -> None:
        """Show a message to the person where they made the request; in a direct message where that is not possible.

        People also ask where the bot is not, in a private channel or in each other's direct messages: there only
        the address that came with the request reaches them.
        """
        request, thread = self.request, self.request.thread_ts or None
        try:
            if request.channel_id:
                self.slack.ephemeral(request.channel_id, request.actor.id, message, thread_ts=thread)
                return
        except FlakeGuardError as error:
            _log.info("answered at the response_url", reason=str(error))
        try:
            if request.response_url:
                self.app.slacks.anonymous.respond(request.response_url, message, thread_ts=thread)
                return
        except FlakeGuardError as error:
            _log.info("answered in a direct message", reason=str(error))
        self.slack.post(self.slack.open_dm(request.actor.id), message, key=f"answer:{telemetry.new_id()}")

    def open(self, view: View) -> None:
        """Open a modal; after a mention, which has no trigger, answer with the button that goes on."""
        if isinstance(self.request, AppMention):
            self.answer(response.carry_on(self.request.event.text))
            return
        try:
            self.slack.open_view(self.request.trigger_id, view)
        except ExpiredTriggerError as error:
            raise UserError(_TOO_LATE) from error

    def _ask(
        self, session: Session, about: About[S], number: int, needs: Permission, source: PermissionSource
    ) -> Authorized[S]:
        person = self.request.actor
        return access.authorize(session, self.workspace, person, about, number, needs, self.now, source=source)

    def _is_in_approver_group(self) -> bool:
        """Whether a group vouches for the person; False where people link accounts, which then decide."""
        if self.app.setup.linking:
            return False
        if not self.app.approver_groups:
            raise NotAllowedError(_NOBODY)
        team_id = (self.request.actor_team_id or None) if self.workspace.is_organisation else None
        user = self.request.actor.id
        if not any(user in self.slack.group_members(group, team_id=team_id) for group in self.app.approver_groups):
            raise NotAllowedError(_NOT_IN_GROUP)
        return True

    def _refresh(self, unknown: PermissionUnknownError) -> None:
        github, repository, account = self.app.github, unknown.repository, unknown.account
        if github is None or repository.installation_id is None:
            raise NotAllowedError(_NOBODY)
        target = Target(repository.installation_id, repository.full_name)
        fetched_at = self.now
        permission = github.permission_of(target, account.login, account.id)
        teams = frozenset(
            f"{organisation}/{team}"
            for organisation, team in unknown.teams
            if github.is_in_team(target, organisation, team, account.login)
        )
        with self.app.db.begin() as session:
            account_link.put_permission(session, unknown, permission, teams, fetched_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One word of `/flakeguard`.

    `usage` is what follows the word, `says` what it does in one line, `also` the button or shortcut that does the same.
    """

    name: str
    usage: str
    says: str
    examples: tuple[str, ...]
    run: Callable[[SlackContext, Typed], None]
    also: Action | ShortcutId
