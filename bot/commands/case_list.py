"""What is quarantined, proposed, expiring or broken."""

from __future__ import annotations

from collections.abc import Sequence

from bot.analysis.model import RepositoryId, Status
from bot.analysis.quarantine.escalation import EXPIRING
from bot.analysis.quarantine.lifecycle import Quarantine, State
from bot.commands import parser
from bot.commands.command import Command
from bot.commands.context import Body, Door, now
from bot.commands.parser import Typed
from bot.errors import InvalidInputError
from bot.queries import case
from bot.services import cluster
from bot.slack.ids import Action
from bot.slack.views import case_list
from bot.slack.views.case_list import CaseRow, ListKind
from bot.store.database import Session
from bot.store.decisions import quarantine as quarantine_store


def on_quarantined(door: Door, body: Body) -> None:
    """List what is quarantined."""
    _show(door, body, ListKind.QUARANTINED)


def on_proposed(door: Door, body: Body) -> None:
    """List what waits for an approver."""
    _show(door, body, ListKind.PROPOSED)


def on_expiring(door: Door, body: Body) -> None:
    """List what ends soon."""
    _show(door, body, ListKind.EXPIRING)


def on_broken(door: Door, body: Body) -> None:
    """List what is broken."""
    _show(door, body, ListKind.BROKEN)


def rows(session: Session, held: Sequence[Quarantine]) -> list[CaseRow]:
    """A row for each quarantine."""
    return [CaseRow(case.of_case(session, one.case_id, now()), one) for one in held]


def _run(door: Door, body: Body, typed: Typed) -> None:
    word = (typed.words[0] if typed.words else ListKind.QUARANTINED).lower()
    if word not in set(ListKind):
        near = parser.closest(word, [kind.value for kind in ListKind])
        hint = f"Did you mean list {near}?" if near else f"One of: {', '.join(ListKind)}."
        message = f"I cannot list {word[:40]}. {hint}"
        raise InvalidInputError(message)
    _show(door, body, ListKind(word))


def _show(door: Door, body: Body, kind: ListKind) -> None:
    with door.db.begin() as session:
        present = door.visible(session)
        if kind is ListKind.BROKEN:
            found, total = _broken(session, present)
        else:
            held = _held(session, present, kind)
            found, total = rows(session, held[: case_list.MAX_ROWS]), len(held)
    door.answer(body, case_list.case_list(kind, found, total))


def _held(session: Session, present: Sequence[RepositoryId], kind: ListKind) -> Sequence[Quarantine]:
    if kind is ListKind.PROPOSED:
        return quarantine_store.list_open(session, present, [State.PROPOSED])
    held = quarantine_store.list_open(session, present, [State.ACTIVE, State.SUSPENDED])
    if kind is ListKind.QUARANTINED:
        return held
    soon = now() + EXPIRING
    return [one for one in held if one.expires_at is not None and one.expires_at <= soon]


def _broken(session: Session, present: Sequence[RepositoryId]) -> tuple[list[CaseRow], int]:
    found = [
        item
        for repository_id in present
        for item in cluster.list_items(session, repository_id, now())
        if item.status is Status.BROKEN
    ]
    shown = []
    for item in found[: case_list.MAX_ROWS]:
        profile = case.of_case(session, item.lead, now())
        shown.append(CaseRow(profile, case.latest_quarantine(session, profile), len(item.case_ids)))
    return shown, sum(len(item.case_ids) for item in found)


COMMANDS = (
    Command(
        name="list",
        usage="[quarantined|proposed|expiring|broken]",
        says="what is going on, with a menu for each test",
        examples=("list", "list proposed", "list expiring"),
        run=_run,
        also=Action.MENU_QUARANTINED,
    ),
)
