"""A workflow run: what failed, what each failure is, and running it again."""

from __future__ import annotations

from bot.analysis.model import RunId
from bot.analysis.run import StoredRun
from bot.commands.request import parser, repository_name
from bot.commands.request.context import Command, SlackContext
from bot.commands.request.parser import Typed
from bot.errors import InvalidInputError, NotFoundError, UserError
from bot.github.client import GitHub, Target
from bot.queries import commit
from bot.queries.access import About, Authorized, Permission
from bot.services import notice, rerun
from bot.slack import form
from bot.slack.block_kit import Message, View
from bot.slack.ids import Action, InRepository, ShortcutId, case_of_card
from bot.slack.payloads import BlockAction, MessageShortcut, ViewSubmission
from bot.slack.views import confirmation, response
from bot.slack.views import run as run_view
from bot.store.database import Session
from bot.store.runs import run as run_store
from bot.store.workspaces import repository as repository_store
from bot.store.workspaces.repository import Repository

_SCOPES = ("failed", "all")


def on_run_open(context: SlackContext, _action: BlockAction) -> None:
    """Ask for the link of a run."""
    context.open(confirmation.ask_run())


def on_run_form(context: SlackContext, submission: ViewSubmission) -> View:
    """Say what failed in the run of a link, in place of the form."""
    address = form.decode_run(submission.view.state.values)
    with context.begin() as session:
        message = _answer(context, session, _find(context, session, address))
    return confirmation.as_view("Run", message)


def on_shortcut(context: SlackContext, shortcut: MessageShortcut) -> None:
    """Say what failed in the run that a message links to."""
    with context.begin() as session:
        message = _answer(context, session, _find(context, session, shortcut.message.everything))
    context.answer(message)


def on_rerun_failed(context: SlackContext, action: BlockAction, authorized: Authorized[Repository]) -> None:
    """Rerun the failed jobs of a run, and take the button off the card."""
    _rerun_stored(context, action, authorized.repository, whole=False)
    case_id = case_of_card(action.block_id)
    if case_id is not None:
        with context.authorize(About.CASE, case_id) as (session, case):
            notice.cards(session, case.repository.id, [case_id], context.now)


def on_rerun_all(context: SlackContext, action: BlockAction, authorized: Authorized[Repository]) -> None:
    """Run every job of a run again."""
    _rerun_stored(context, action, authorized.repository, whole=True)


def github_of(context: SlackContext, repository: Repository) -> tuple[GitHub, Target]:
    """GitHub's client for a repository.

    Raises:
        UserError: GitHub is not connected.
    """
    if context.app.github is None:
        message = "GitHub is not configured here, so nothing can be run again."
        raise UserError(message)
    if repository.installation_id is None:
        message = f"The GitHub App is not installed on {repository.full_name}."
        raise UserError(message)
    return context.app.github, Target(repository.installation_id, repository.full_name)


def writer(context: SlackContext, repository: Repository) -> rerun.Authorize:
    """How a rerun asks whether the person of the request may write to the repository."""
    return lambda: context.authorize(About.REPOSITORY, repository.id, Permission.WRITE)


def _rerun_stored(context: SlackContext, action: BlockAction, repository: Repository, *, whole: bool) -> None:
    with context.begin() as session:
        run = run_store.find(session, repository.id, RunId(InRepository.decode(action.value).number))
    if run is None:
        message = "This run is not known any more."
        raise NotFoundError(message)
    _rerun(context, run, repository, whole=whole)


def _rerun(context: SlackContext, run: StoredRun, repository: Repository, *, whole: bool) -> None:
    github, target = github_of(context, repository)
    rerun.run(github, target, context.begin, writer(context, repository), run, context.now, whole=whole)
    what = "Every job" if whole else "Every failed job"
    context.answer(response.done(f"{what} of run {run.number} of {repository.full_name} runs again."))


def _find(context: SlackContext, session: Session, text: str) -> StoredRun:
    """The run whose link stands in a text."""
    address = parser.run_address(text)
    if address is None:
        message = "There is no link to a workflow run in it, such as https://github.com/acme/shop/actions/runs/7."
        raise InvalidInputError(message)
    repository = repository_name.find(context, session, address.repository)
    run = run_store.find_attempt(session, repository.id, address.run_id, address.attempt)
    if run is None:
        message = f"FlakeGuard does not know this run of {repository.full_name} yet; ask again in a minute."
        raise NotFoundError(message)
    return run


def _answer(context: SlackContext, session: Session, run: StoredRun) -> Message:
    repository = repository_store.get(session, run.repository_id)
    state = commit.of_run(session, run, context.now)
    return run_view.run(
        run_view.RunAnswer(
            run_id=run.id,
            repository_id=run.repository_id,
            repository=repository.full_name,
            number=run.number,
            attempt=run.attempt,
            url=run.url,
            sha=run.head_sha,
            read=run.ingested_at is not None,
            failed=run.failed,
            cases=state.cases,
            failures=state.failures,
            unread=len(state.faults),
        )
    )


def _run(context: SlackContext, typed: Typed) -> None:
    if not typed.rest:
        context.open(confirmation.ask_run())
        return
    with context.begin() as session:
        message = _answer(context, session, _find(context, session, typed.rest))
    context.answer(message)


def _run_rerun(context: SlackContext, typed: Typed) -> None:
    scope = typed.words[-1].lower() if len(typed.words) > 1 else _SCOPES[0]
    if scope not in _SCOPES:
        message = f"Run again what? {' or '.join(_SCOPES)}, not {scope[:40]}."
        raise InvalidInputError(message)
    with context.begin() as session:
        run = _find(context, session, typed.rest)
        repository = repository_store.get(session, run.repository_id)
    _rerun(context, run, repository, whole=scope == "all")


COMMANDS = (
    Command(
        name="run",
        usage="<run url>",
        says="what failed in a workflow run and what each failure is",
        examples=("run https://github.com/acme/shop/actions/runs/7",),
        run=_run,
        also=ShortcutId.RUN,
    ),
    Command(
        name="rerun",
        usage="<run url> [failed|all]",
        says="run the failed jobs of a run again, or all of them",
        examples=("rerun https://github.com/acme/shop/actions/runs/7 failed",),
        run=_run_rerun,
        also=Action.RERUN_FAILED,
    ),
)
