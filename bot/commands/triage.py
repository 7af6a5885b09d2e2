"""Asking: help, the health of a repository, one test, lists, and the App Home."""

from __future__ import annotations

from datetime import timedelta

from bot.analysis.lifecycle import Quarantine, State
from bot.analysis.model import CaseId, CaseProfile, Status
from bot.commands.door import Body, Door, now
from bot.commands.parser import closest, parse
from bot.errors import InvalidInputError, NotFoundError
from bot.services import access, profiles
from bot.slack import answers, home, modals
from bot.slack.answers import CaseRow, ListKind
from bot.slack.blockkit import Message
from bot.slack.names import Action
from bot.store import audit, cases, quarantines, repositories
from bot.store.database import Session

_EXPIRING = timedelta(days=3)
_DEEDS = {
    "quarantine:propose": "proposed a quarantine",
    "quarantine:approve": "approved the quarantine",
    "quarantine:reject": "rejected the quarantine",
    "quarantine:withdraw": "withdrew the proposal",
    "quarantine:lift": "lifted the quarantine",
    "quarantine:expire": "ended the quarantine, its time is over",
    "quarantine:suspend": "suspended the quarantine",
    "quarantine:resume": "resumed the quarantine",
    "case:label": "said it is not flaky",
}
_MAX_ROWS = 20


def on_command(door: Door, body: Body) -> None:
    """Answer `/flakeguard`."""
    typed = parse(body.text)
    match typed.word:
        case "" | "help":
            on_help(door, body)
        case "status":
            _status(door, body, typed.rest)
        case "test":
            _test(door, body, typed.rest)
        case "quarantine":
            _quarantine(door, body, typed.rest)
        case "list":
            _list(door, body, _kind(typed.rest or ListKind.QUARANTINED))
        case word:
            door.answer(body, answers.closest(word, closest(word, ["help", "status", "test", "quarantine", "list"])))


def on_help(door: Door, body: Body) -> None:
    """Show what waits, and what can be asked."""
    with door.db.begin() as session:
        waiting = _rows(door, session, State.PROPOSED)
    door.answer(body, answers.help_menu(waiting))


def on_status(door: Door, body: Body) -> None:
    """Show the health of every repository."""
    _status(door, body, "")


def on_details(door: Door, body: Body) -> None:
    """Show everything about one case."""
    with door.db.begin() as session:
        message = _details(session, profiles.of_case(session, CaseId(body.subject)))
    door.answer(body, message)


def on_quarantined(door: Door, body: Body) -> None:
    """List what is quarantined."""
    _list(door, body, ListKind.QUARANTINED)


def on_proposed(door: Door, body: Body) -> None:
    """List what waits for an approver."""
    _list(door, body, ListKind.PROPOSED)


def on_expiring(door: Door, body: Body) -> None:
    """List what ends soon."""
    _list(door, body, ListKind.EXPIRING)


def on_broken(door: Door, body: Body) -> None:
    """List what is broken."""
    _list(door, body, ListKind.BROKEN)


def on_home(door: Door, user: str) -> None:
    """Show a person their App Home."""
    with door.db.begin() as session:
        waiting = _rows(door, session, State.PROPOSED)
        quarantined = _rows(door, session, State.ACTIVE, State.SUSPENDED)
        shown = [repositories.get(session, one) for one in door.visible(session)[:5]]
        health = [_health(session, repository) for repository in shown]
    connections = [home.Connection(name=name, ok=False, detail="not set") for name in door.missing]
    state = home.HomeState(
        waiting=tuple(waiting),
        quarantined=tuple(quarantined),
        repositories=health,
        connections=tuple(connections) or (home.Connection(name="Slack and GitHub", ok=True, detail="connected"),),
    )
    door.slack.publish_home(user, home.home(state, now()))


def _status(door: Door, body: Body, name: str) -> None:
    with door.db.begin() as session:
        if name:
            chosen = [access.find_repository(session, door.workspace, name)]
        else:
            chosen = [repositories.get(session, one) for one in door.visible(session)[:3]]
        if not chosen:
            raise NotFoundError(_NONE)
        shown = [answers.status(_health(session, repository)) for repository in chosen]
    for message_ in shown:
        door.answer(body, message_)


def _health(session: Session, repository: repositories.Repository) -> answers.RepositoryHealth:
    standing = profiles.standing(session, repository, now())
    held = quarantines.list_open(session, [repository.id])
    return answers.RepositoryHealth(
        repository=standing.repository,
        counts=standing.counts,
        quarantined=sum(one.state is not State.PROPOSED for one in held),
        proposed=sum(one.state is State.PROPOSED for one in held),
        runs_last_day=standing.runs_last_day,
        failed_runs_last_day=standing.failed_runs_last_day,
        last_run_at=standing.last_run_at,
        top=standing.top,
    )


def _test(door: Door, body: Body, words: str) -> None:
    with door.db.begin() as session:
        found = profiles.search(session, door.visible(session), _name(words, "test"))
        message = _details(session, found[0]) if len(found) == 1 else answers.pick(words, found)
    door.answer(body, message)


def _quarantine(door: Door, body: Body, words: str) -> None:
    with door.db.begin() as session:
        found = profiles.search(session, door.visible(session), _name(words, "quarantine"))
    if len(found) == 1:
        door.open(body, modals.quarantine(found[0], modals.Target.of(found[0], channel=body.where)))
    else:
        door.answer(body, answers.pick(words, found, Action.QUARANTINE_OPEN))


def _list(door: Door, body: Body, kind: ListKind) -> None:
    with door.db.begin() as session:
        match kind:
            case ListKind.QUARANTINED:
                rows = _rows(door, session, State.ACTIVE, State.SUSPENDED)
            case ListKind.PROPOSED:
                rows = _rows(door, session, State.PROPOSED)
            case ListKind.EXPIRING:
                soon = now() + _EXPIRING
                rows = [
                    row
                    for row in _rows(door, session, State.ACTIVE, State.SUSPENDED)
                    if row.quarantine and row.quarantine.expires_at and row.quarantine.expires_at <= soon
                ]
            case ListKind.BROKEN:
                rows = [
                    CaseRow(profiles.of_case(session, case_id))
                    for repository_id in door.visible(session)
                    for case_id in cases.list_by_status(session, repository_id, Status.BROKEN, _MAX_ROWS)
                ]
    door.answer(body, answers.case_list(kind, rows))


def _rows(door: Door, session: Session, *states: State) -> list[CaseRow]:
    held: list[Quarantine] = list(quarantines.list_open(session, door.visible(session), states))
    return [CaseRow(profiles.of_case(session, one.case_id), one) for one in held[: _MAX_ROWS + 1]]


def _details(session: Session, profile: CaseProfile) -> Message:
    trail = [
        answers.AuditLine(entry.created_at, entry.actor.name, _DEEDS.get(entry.tag, entry.tag), entry.reason)
        for entry in audit.list_case(session, profile.repository_id, profile.case_id)
    ]
    return answers.case_details(profile, profiles.latest_quarantine(session, profile), trail, now())


def _kind(word: str) -> ListKind:
    try:
        return ListKind(word.lower())
    except ValueError:
        message = f"List what? One of: {', '.join(ListKind)}."
        raise InvalidInputError(message) from None


def _name(words: str, command: str) -> str:
    if not words:
        message = f"Name the test, or a part of its name: /flakeguard {command} test_total"
        raise InvalidInputError(message)
    return words


_NONE = "No repository is connected to this workspace yet; install the GitHub App on one."
