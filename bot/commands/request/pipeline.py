"""What every request passes before its handler: members only, once only, authorized; and how errors are answered."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, Protocol, TypeVar

from bot import telemetry
from bot.analysis.model import Channel
from bot.analysis.notice import CardNotice
from bot.analysis.quarantine.lifecycle import Quarantine
from bot.commands.request import invitation
from bot.commands.request.context import RepeatedRequestError, SlackContext
from bot.errors import ConflictError, FlakeGuardError, InvalidInputError, NotAllowedError, UserError
from bot.queries.access import About, Authorized, NotLinkedError, Permission
from bot.slack import ids
from bot.slack.block_kit import Message, View
from bot.slack.form_metadata import CaseMetadata
from bot.slack.payloads import BlockAction, Request, ViewSubmission
from bot.slack.views import response
from bot.store.cases.case import Case
from bot.store.conversation import message as message_store
from bot.store.conversation import notice as notice_store
from bot.store.conversation.message import PostedMessage
from bot.store.database import Session
from bot.store.workspaces.repository import Repository

_log = telemetry.logger(__name__)
_TAKEN_BACK = (
    "FlakeGuard cannot act in this workspace any more. Somebody who manages it has to install FlakeGuard again."
)
P_contra = TypeVar("P_contra", bound=Request, contravariant=True)
C = TypeVar("C", bound=BlockAction | ViewSubmission)
S = TypeVar("S", bound=Repository | Case | Quarantine)


class Listener(Protocol[P_contra]):
    """Something that serves one kind of payload; a view takes the place of the form that was submitted."""

    @property
    def name(self) -> str:
        """What the log calls it."""

    def serve(self, context: SlackContext, payload: P_contra) -> View | None:
        """Serve a request."""


@dataclass(frozen=True, slots=True)
class Answer(Generic[P_contra]):
    """A request about nothing in particular."""

    handler: Callable[[SlackContext, P_contra], View | None]

    @property
    def name(self) -> str:
        """What the log calls it."""
        return self.handler.__name__

    def serve(self, context: SlackContext, payload: P_contra) -> View | None:
        """Run the handler, once for a request."""
        with context.begin():
            pass
        return self.handler(context, payload)


@dataclass(frozen=True, slots=True)
class AnswerAbout(Generic[C, S]):
    """A request about a subject that the person may see; the handler may use the network."""

    handler: Callable[[SlackContext, C, Authorized[S]], View | None]
    about: About[S]

    @property
    def name(self) -> str:
        """What the log calls it."""
        return self.handler.__name__

    def serve(self, context: SlackContext, payload: C) -> View | None:
        """Authorize the request, then run the handler."""
        with context.authorize(self.about, _number(payload, self.about)) as (session, authorized):
            _adopt_card(context, session, payload, authorized)
        return self.handler(context, payload, authorized)


@dataclass(frozen=True, slots=True)
class Decision(Generic[C, S]):
    """A decision about a subject, made in the transaction that authorizes it; no network.

    The message that the handler returns is shown to the person after the commit. `on_conflict` is called after the
    transaction where the decision came too late or something is missing for it.
    """

    handler: Callable[[C, Authorized[S], Session, datetime], Message | None]
    about: About[S]
    needs: Permission = Permission.SEE
    on_conflict: Callable[[SlackContext, Authorized[S], ConflictError], None] | None = None

    @property
    def name(self) -> str:
        """What the log calls it."""
        return self.handler.__name__

    def serve(self, context: SlackContext, payload: C) -> View | None:
        """Authorize and decide."""
        authorized: Authorized[S] | None = None
        try:
            with context.authorize(self.about, _number(payload, self.about), self.needs) as (session, authorized):
                _adopt_card(context, session, payload, authorized)
                message = self.handler(payload, authorized, session, context.now)
        except ConflictError as error:
            if authorized is None or self.on_conflict is None:
                raise
            self.on_conflict(context, authorized, error)
            return None
        if message is not None:
            context.answer(message)
        return None


@dataclass(frozen=True, slots=True)
class Sender:
    """Whom Slack names as the sender of a request; empty where it does not."""

    enterprise_id: str
    team_id: str


def serve(listener: Listener[P_contra], context: SlackContext, sender: Sender, payload: P_contra) -> None:
    """Serve a request, and answer what went wrong: Bolt swallows the errors of lazy listeners."""
    with telemetry.correlated(telemetry.new_id(), actor=context.request.actor.subject, workspace=context.workspace.id):
        try:
            admit(context, sender)
            listener.serve(context, payload)
        except RepeatedRequestError:
            return
        except NotLinkedError as error:
            _log.info("request refused: no linked account", handler=listener.name)
            why = str(error)
            attempt(lambda: invitation.invite(context, why))
        except Exception as error:  # noqa: BLE001  # the last translator: nothing may be lost silently
            _answer(context, explain(error, listener.name))


def admit(context: SlackContext, sender: Sender) -> None:
    """Raise NotAllowedError where the workspace took its token back, or for a guest of a shared channel."""
    if not context.workspace.has_token:
        raise NotAllowedError(_TAKEN_BACK)
    if not context.workspace.has_member(sender.enterprise_id, context.request.actor_team_id or sender.team_id):
        message = "Only members of the workspace that installed FlakeGuard can use it."
        raise NotAllowedError(message)


def explain(error: Exception, handler: str) -> str:
    """Log an error, and say it to the person: an unexpected one by the id it is logged under."""
    if isinstance(error, FlakeGuardError):
        _log.info("request refused", reason=str(error), handler=handler)
        return str(error) if isinstance(error, UserError) else "That did not work just now. Try again."
    incident = telemetry.new_id()
    _log.error("request failed", incident=incident, handler=handler, exc_info=error)
    return f"Something went wrong on our side. It was logged as {incident}."


def attempt(answer: Callable[[], None]) -> None:
    """Give an answer; that it cannot be given is only logged, since there is nobody left to tell."""
    try:
        answer()
    except FlakeGuardError as error:
        _log.warning("answer could not be given", reason=str(error))


def _answer(context: SlackContext, text: str) -> None:
    def answer() -> None:
        with context.begin():  # where the handler's transaction was rolled back, nothing says yet that it was served
            pass
        context.answer(response.error(text))

    attempt(answer)


def _number(payload: BlockAction | ViewSubmission, about: About[S]) -> int:
    """The id of what a request is about: in the value of a button, or in the metadata of a form."""
    if isinstance(payload, BlockAction):
        return ids.subject(payload.value)
    target = CaseMetadata.decode(payload.view.private_metadata)
    number = target.quarantine_id if about is About.QUARANTINE else target.case_id
    if number is None:
        raise InvalidInputError(ids.OUTDATED)
    return number


def _adopt_card(
    context: SlackContext, session: Session, payload: BlockAction | ViewSubmission, authorized: Authorized[S]
) -> None:
    """Remember a card that was posted and then forgotten by a crash, so that no second one is posted."""
    match authorized.subject:
        case Case():
            case_id = authorized.subject.id
        case Quarantine():
            case_id = authorized.subject.case_id
        case _:
            return
    if not isinstance(payload, BlockAction) or not payload.channel_id or not payload.is_on_card_of(case_id):
        return
    channel = Channel(context.workspace.id, payload.channel_id)
    card = CardNotice(repository_id=authorized.repository.id, case_id=case_id, channel=channel)
    message = PostedMessage(channel, payload.container.message_ts, case_id)
    if message_store.insert_if_new(session, card.key(), message, card.repository_id, context.now):
        notice_store.put(session, card, context.now)
