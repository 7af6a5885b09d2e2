"""A workflow run: what failed, what each failure is, and running it again."""

from __future__ import annotations

from bot.analysis.model import RepositoryId, RunId
from bot.commands import parser, subject
from bot.commands.command import Command
from bot.commands.context import Body, Door, now
from bot.commands.entitlement import entitled
from bot.commands.parser import Typed
from bot.errors import ConflictError, InvalidInputError, NotFoundError, PermanentUpstreamError, UserError
from bot.github.client import GitHub, Target
from bot.queries import access, commit
from bot.services import notice, rerun
from bot.slack.block_kit import Message, View
from bot.slack.ids import Action, Shortcut
from bot.slack.views import confirmation, form, response
from bot.slack.views import run as run_answers
from bot.store.database import Session
from bot.store.runs import run as run_store
from bot.store.workspaces import repository as repository_store

_SCOPES = ("failed", "all")


def on_run_open(door: Door, body: Body) -> None:
    """Ask for the link of a run."""
    door.open(body, confirmation.ask_run())


def on_run_form(door: Door, body: Body) -> View | None:
    """Say what failed in the run of a link, in place of the form."""
    address = form.RunForm.decode(body.view.state.values).address
    with door.db.begin() as session:
        message = _answer(session, _find(door, session, address))
    return confirmation.as_view("Run", message)


def on_shortcut(door: Door, body: Body) -> None:
    """Say what failed in the run that a message speaks of."""
    with door.db.begin() as session:
        message = _answer(session, _find(door, session, body.message.everything))
    door.answer(body, message)


def on_rerun_failed(door: Door, body: Body) -> None:
    """Run the failed jobs of a run again; the card it was asked on offers it no more."""
    _rerun_ours(door, body, whole=False)
    if (case_id := body.card_case) is not None:
        with door.db.begin() as session:
            repository = access.require_case(session, door.workspace, case_id)
            notice.cards(session, repository.id, case_id, now())


def on_rerun_all(door: Door, body: Body) -> None:
    """Run every job of a run again."""
    _rerun_ours(door, body, whole=True)


def _rerun_ours(door: Door, body: Body, *, whole: bool) -> None:
    with door.db.begin() as session:
        run = run_store.find(session, RepositoryId(body.subject), RunId(body.number))
    if run is None:
        message = "This run is not known any more."
        raise NotFoundError(message)
    _rerun(door, body, run, whole=whole)


def _rerun(door: Door, body: Body, run: run_store.StoredRun, *, whole: bool) -> None:
    """Run it again, with the brake; GitHub is asked outside of the transaction."""
    github = door.github
    if github is None:
        message = "GitHub is not configured here, so nothing can be run again."
        raise UserError(message)
    with door.db.begin() as session:
        repository = repository_store.get(session, run.repository_id)
    if repository.installation_id is None:
        message = f"The GitHub App is not installed on {repository.full_name}."
        raise UserError(message)
    target = Target(repository.installation_id, repository.full_name)
    failed = github.count_failed_jobs(target, run.github_run_id)
    if not whole and not failed:
        message = f"No job of run {run.number} of {repository.full_name} failed in its latest attempt."
        raise ConflictError(message)
    with entitled(door, body, repository.id) as (session, actor):
        rerun.grant(session, run, failed, actor, now())
    run_again(door, github, target, run, whole=whole)
    what = "Every job" if whole else "Every failed job"
    door.answer(body, response.done(f"{what} of run {run.number} of {repository.full_name} runs again."))


def run_again(door: Door, github: GitHub, target: Target, run: run_store.StoredRun, *, whole: bool) -> None:
    """Ask GitHub to run what was granted; what it refuses for good may be asked for again."""
    try:
        if whole:
            github.rerun_all_jobs(target, run.github_run_id)
        else:
            github.rerun_failed_jobs(target, run.github_run_id)
    except PermanentUpstreamError:
        with door.db.begin() as session:
            rerun.take_back(session, run)
        raise


def _find(door: Door, session: Session, text: str) -> run_store.StoredRun:
    """The run whose link stands in a text."""
    address = parser.run_address(text)
    if address is None:
        message = "There is no link to a workflow run in it, such as https://github.com/acme/shop/actions/runs/7."
        raise InvalidInputError(message)
    repository = subject.named(door, session, address.repository)
    run = run_store.find_attempt(session, repository.id, address.run_id, address.attempt)
    if run is None:
        message = f"FlakeGuard has not heard of this run of {repository.full_name} yet; ask again in a minute."
        raise NotFoundError(message)
    return run


def _answer(session: Session, run: run_store.StoredRun) -> Message:
    repository = repository_store.get(session, run.repository_id)
    found = commit.of_run(session, run, now())
    return run_answers.run(
        run_answers.RunAnswer(
            run_id=run.id,
            repository_id=run.repository_id,
            repository=repository.full_name,
            number=run.number,
            attempt=run.attempt,
            url=run.url,
            sha=run.head_sha,
            read=run.ingested_at is not None,
            conclusion=run.conclusion or "",
            cases=found.cases,
            failures=found.failures,
            unread=len(found.faults),
        )
    )


def _run(door: Door, body: Body, typed: Typed) -> None:
    if not typed.rest:
        on_run_open(door, body)
        return
    with door.db.begin() as session:
        message = _answer(session, _find(door, session, typed.rest))
    door.answer(body, message)


def _run_again(door: Door, body: Body, typed: Typed) -> None:
    scope = typed.words[-1].lower() if len(typed.words) > 1 else _SCOPES[0]
    if scope not in _SCOPES:
        message = f"Run again what? {' or '.join(_SCOPES)}, not {scope[:40]}."
        raise InvalidInputError(message)
    with door.db.begin() as session:
        run = _find(door, session, typed.rest)
    _rerun(door, body, run, whole=scope == "all")


COMMANDS = (
    Command(
        name="run",
        usage="<run url>",
        says="what failed in a workflow run and what each failure is",
        examples=("run https://github.com/acme/shop/actions/runs/7",),
        run=_run,
        also=Shortcut.RUN,
    ),
    Command(
        name="rerun",
        usage="<run url> [failed|all]",
        says="run the failed jobs of a run again, or all of them",
        examples=("rerun https://github.com/acme/shop/actions/runs/7 failed",),
        run=_run_again,
        also=Action.RERUN_FAILED,
    ),
)
