"""What is quarantined, proposed, expiring or broken."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bot.analysis.case_profile import ListedCase
from bot.analysis.model import RepositoryId, Status
from bot.analysis.quarantine.escalation import EXPIRING
from bot.analysis.quarantine.lifecycle import Quarantine, State
from bot.commands import parser
from bot.commands.command import Command
from bot.commands.context import Body, Door, now
from bot.commands.parser import Typed
from bot.errors import InvalidInputError
from bot.queries import case, case_item
from bot.slack.ids import Action
from bot.slack.views import case_list
from bot.slack.views.case_list import ListKind
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
            found, total = case.list_quarantined(session, held[: case_list.MAX_ROWS], now()), len(held)
    door.answer(body, case_list.case_list(kind, found, total))


def _held(session: Session, present: Sequence[RepositoryId], kind: ListKind) -> Sequence[Quarantine]:
    if kind is ListKind.PROPOSED:
        return quarantine_store.list_open(session, present, [State.PROPOSED])
    held = quarantine_store.list_open(session, present, [State.ACTIVE, State.SUSPENDED])
    if kind is ListKind.QUARANTINED:
        return held
    soon = now() + EXPIRING
    return [one for one in held if one.expires_at is not None and one.expires_at <= soon]


def _broken(session: Session, present: Sequence[RepositoryId]) -> tuple[list[ListedCase], int]:
    items = [
        item
        for repository_id in present
        for item in case_item.list_of(session, repository_id, now())
        if item.status is Status.BROKEN
    ]
    shown = items[: case_list.MAX_ROWS]
    rows = case.list_rows(session, [item.lead for item in shown], now())
    listed = [replace(row, stands_for=len(item.case_ids)) for row, item in zip(rows, shown, strict=True)]
    return listed, sum(len(item.case_ids) for item in items)


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
