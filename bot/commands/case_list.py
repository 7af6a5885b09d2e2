"""Lists of cases: what is quarantined, proposed, expiring or broken, and the tests behind a storm card."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from bot.analysis.case_profile import ListedCase
from bot.analysis.model import RepositoryId
from bot.analysis.quarantine.escalation import EXPIRES_SOON
from bot.analysis.quarantine.lifecycle import Quarantine, State
from bot.commands.request import parser
from bot.commands.request.context import Command, SlackContext
from bot.commands.request.parser import Typed
from bot.errors import InvalidInputError
from bot.queries import case as case_query
from bot.queries import case_item, case_state
from bot.queries.access import Authorized
from bot.slack.ids import OUTDATED, Action, InRepository
from bot.slack.payloads import BlockAction
from bot.slack.views import case_list, storm
from bot.slack.views.case_list import ListKind
from bot.store.conversation import storm as storm_store
from bot.store.database import Session
from bot.store.decisions import quarantine as quarantine_store
from bot.store.workspaces.repository import Repository


def on_quarantined(context: SlackContext, _action: BlockAction) -> None:
    """List what is quarantined."""
    _show(context, ListKind.QUARANTINED)


def on_proposed(context: SlackContext, _action: BlockAction) -> None:
    """List what waits for an approver."""
    _show(context, ListKind.PROPOSED)


def on_expiring(context: SlackContext, _action: BlockAction) -> None:
    """List what ends soon."""
    _show(context, ListKind.EXPIRING)


def on_broken(context: SlackContext, _action: BlockAction) -> None:
    """List what is broken."""
    _show(context, ListKind.BROKEN)


def on_storm_tests(context: SlackContext, action: BlockAction, authorized: Authorized[Repository]) -> None:
    """List the tests of a storm, each with its menu."""
    with context.begin() as session:
        stored = storm_store.get(session, InRepository.decode(action.value).number)
        if stored.repository_id != authorized.repository.id:
            raise InvalidInputError(OUTDATED)
        ranked = case_state.rank(session, stored.repository_id, stored.case_ids, case_list.MAX_ROWS)
        rows = case_query.list_rows(session, [case.id for case, _ in ranked], context.now)
    context.answer(storm.tests(len(stored.case_ids), rows))


def _run(context: SlackContext, typed: Typed) -> None:
    word = (typed.words[0] if typed.words else ListKind.QUARANTINED).lower()
    if word not in set(ListKind):
        near = parser.closest(word, [kind.value for kind in ListKind])
        hint = f"Did you mean list {near}?" if near else f"One of: {', '.join(ListKind)}."
        message = f"I cannot list {word[:40]}. {hint}"
        raise InvalidInputError(message)
    _show(context, ListKind(word))


def _show(context: SlackContext, kind: ListKind) -> None:
    now = context.now
    with context.begin() as session:
        repository_ids = context.visible(session)
        if kind is ListKind.BROKEN:
            rows, total = _broken(session, repository_ids, now)
        else:
            quarantines = _quarantines(session, repository_ids, kind, now)
            rows = case_query.list_quarantined(session, quarantines[: case_list.MAX_ROWS], now)
            total = len(quarantines)
    context.answer(case_list.case_list(kind, rows, total))


def _quarantines(
    session: Session, repository_ids: Sequence[RepositoryId], kind: ListKind, now: datetime
) -> Sequence[Quarantine]:
    if kind is ListKind.PROPOSED:
        return quarantine_store.list_open(session, repository_ids, [State.PROPOSED])
    in_force = quarantine_store.list_open(session, repository_ids, [State.ACTIVE, State.SUSPENDED])
    if kind is ListKind.QUARANTINED:
        return in_force
    return [one for one in in_force if one.expires_at is not None and one.expires_at <= now + EXPIRES_SOON]


def _broken(session: Session, repository_ids: Sequence[RepositoryId], now: datetime) -> tuple[list[ListedCase], int]:
    items = case_item.list_broken(session, repository_ids)
    shown = items[: case_list.MAX_ROWS]
    rows = case_query.list_rows(session, [item.lead for item in shown], now)
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
