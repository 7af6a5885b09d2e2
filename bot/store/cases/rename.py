"""A case under a new name: the names are exchanged, and what was recorded under the new one follows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import sqlalchemy as sa

from bot.analysis.identity.rename import NamedCase
from bot.analysis.model import CaseId, Channel, RepositoryId, WorkspaceId
from bot.analysis.notice import CardNotice
from bot.store import record, relation
from bot.store.database import Session
from bot.store.runs.result import hash_cases
from bot.store.tables.conversation import messages
from bot.store.tables.deciding import audit, mutes, quarantines
from bot.store.tables.judging import cluster_cases, labels, scores, status_changes
from bot.store.tables.results import cases, failures, run_results, runs

_NAMES = ("key", "file", "class_name", "name", "suite", "scope", "title")
_FOLLOWING = (failures, quarantines, labels, audit, status_changes)


@dataclass(frozen=True, slots=True)
class Sighting:
    """Some cases in one run."""

    head_sha: str
    on_default_branch: bool
    case_ids: frozenset[CaseId]


def list_named(session: Session, repository_id: RepositoryId, case_ids: Iterable[int]) -> list[NamedCase]:
    """The names of cases, in order of case."""
    query = sa.select(*record.columns(cases, NamedCase)).where(
        cases.c.repository_id == repository_id, record.is_any(cases.c.id, case_ids)
    )
    return record.list_all(session, NamedCase, query.order_by(cases.c.id))


def list_former(session: Session, repository_id: RepositoryId) -> dict[bytes, tuple[CaseId, CaseId]]:
    """The former names of cases by their key: the number of the name, and of the case that goes on."""
    query = sa.select(cases.c.key, cases.c.id, cases.c.renamed_into).where(
        cases.c.repository_id == repository_id, cases.c.renamed_into.is_not(None)
    )
    return {bytes(row[0]): (CaseId(row[1]), CaseId(row[2])) for row in session.execute(query)}


def list_sightings(
    session: Session, repository_id: RepositoryId, new: Sequence[CaseId], old: Sequence[CaseId], head_sha: str
) -> list[Sighting]:
    """The stored runs that have any of the new cases, or any of the old ones at a commit, with those of both they have.

    No run before the first that had a new case is looked at for them.
    """
    since = (
        sa.select(sa.func.min(cases.c.first_seen_at))
        .where(cases.c.repository_id == repository_id, record.is_any(cases.c.id, new))
        .scalar_subquery()
    )
    has_new = run_results.c.case_ids.overlap(list(new))
    rows = session.execute(
        sa.select(runs.c.head_sha, runs.c.on_default_branch, run_results.c.case_ids)
        .join(run_results, relation.run_of(run_results))
        .where(
            runs.c.repository_id == repository_id,
            sa.or_(
                sa.and_(runs.c.started_at >= since, has_new),
                sa.and_(runs.c.head_sha == head_sha, run_results.c.case_ids.overlap(list(old))),
            ),
        )
    )
    wanted = {*new, *old}
    return [Sighting(row[0], row[1], frozenset(wanted.intersection(map(CaseId, row[2])))) for row in rows]


def list_continued(session: Session, repository_id: RepositoryId) -> set[CaseId]:
    """The cases that have a former name."""
    rows = session.execute(
        sa.select(cases.c.renamed_into)
        .where(cases.c.repository_id == repository_id, cases.c.renamed_into.is_not(None))
        .distinct()
    )
    return {CaseId(row[0]) for row in rows}


def exchange_names(session: Session, repository_id: RepositoryId, pairs: Mapping[CaseId, CaseId]) -> None:
    """Give each case (the first of a pair) the name of the second, which becomes its former name.

    The published id stays with the case; what were former names of the second are now of the first.
    """
    query = sa.select(cases.c.id, *(cases.c[name] for name in _NAMES)).where(
        cases.c.repository_id == repository_id, record.is_any(cases.c.id, [*pairs, *pairs.values()])
    )
    names = {
        CaseId(case_id): {f"new_{name}": value for name, value in zip(_NAMES, values, strict=True)}
        for case_id, *values in session.execute(query)
    }
    this = sa.and_(cases.c.repository_id == repository_id, cases.c.id == sa.bindparam("number"))
    # A key is unique at every moment, so the second gives its own up before the first takes it.
    session.execute(
        sa.update(cases).where(this).values(key=sa.bindparam("free")),
        [{"number": new, "free": b"renamed " + names[new]["new_key"]} for new in pairs.values()],
    )
    renaming = sa.update(cases).where(this).values({name: sa.bindparam(f"new_{name}") for name in _NAMES})
    session.execute(renaming, [{"number": old, **names[new]} for old, new in pairs.items()])
    session.execute(
        renaming.values(renamed_into=sa.bindparam("into")),
        [{"number": new, "into": old, **names[old]} for old, new in pairs.items()],
    )
    session.execute(
        sa.update(cases)
        .where(cases.c.repository_id == repository_id, cases.c.renamed_into == sa.bindparam("second"))
        .values(renamed_into=sa.bindparam("first")),
        [{"first": old, "second": new} for old, new in pairs.items()],
    )


def move_records(
    session: Session, repository_id: RepositoryId, pairs: Mapping[CaseId, CaseId], since: datetime
) -> bool:
    """Let what was recorded of the second case of each pair, from `since` on, be of the first.

    Returns whether any result was: scores are not moved, they are to be computed again from the results.
    """
    new = list(pairs.values())
    moved = _move_results(session, repository_id, {second: first for first, second in pairs.items()}, since)
    rows = [{"first": first, "second": second} for first, second in pairs.items()]
    for table in _FOLLOWING:
        session.execute(
            sa.update(table)
            .where(table.c.repository_id == repository_id, table.c.case_id == sa.bindparam("second"))
            .values(case_id=sa.bindparam("first")),
            rows,
        )
    for table in (scores, cluster_cases, mutes):
        session.execute(sa.delete(table).where(relation.is_of_cases(table, [repository_id], new)))
    _move_cards(session, repository_id, pairs)
    return moved


def _move_results(
    session: Session, repository_id: RepositoryId, first_of: Mapping[CaseId, CaseId], since: datetime
) -> bool:
    rows = session.execute(
        sa.select(
            run_results.c.run_id,
            run_results.c.variant,
            run_results.c.case_ids,
            run_results.c.outcomes,
            run_results.c.durations,
            run_results.c.runners,
        )
        .join(runs, relation.run_of(run_results))
        .where(
            run_results.c.repository_id == repository_id,
            runs.c.started_at >= since,
            run_results.c.case_ids.overlap(list(first_of)),
        )
    ).all()
    moved = []
    for run_id, variant, case_ids, outcomes, durations, runners in rows:
        ids = np.array([first_of.get(CaseId(case_id), case_id) for case_id in case_ids], dtype=np.int32)
        order = np.argsort(ids, kind="stable")
        moved.append(
            {
                "of_run": run_id,
                "of_variant": variant,
                "case_ids": ids[order].tolist(),
                "outcomes": np.frombuffer(outcomes, dtype=np.uint8)[order].tobytes(),
                "durations": np.array(durations, dtype=np.float32)[order].tolist(),
                "runners": None if runners is None else np.frombuffer(runners, dtype=np.uint8)[order].tobytes(),
                "cases_hash": hash_cases(ids[order]),
            }
        )
    if moved:
        session.execute(
            sa.update(run_results).where(
                run_results.c.repository_id == repository_id,
                run_results.c.run_id == sa.bindparam("of_run"),
                run_results.c.variant == sa.bindparam("of_variant"),
            ),
            moved,
        )
    return bool(moved)


def _move_cards(session: Session, repository_id: RepositoryId, pairs: Mapping[CaseId, CaseId]) -> None:
    """Give the cards of the second case to the first, in channels where that has none; others are not updated again."""
    first_of = {second: first for first, second in pairs.items()}
    query = sa.select(messages.c.key, messages.c.case_id, messages.c.workspace_id, messages.c.channel).where(
        relation.is_of_cases(messages, [repository_id], first_of)
    )
    moves = {}
    for key, case_id, workspace_id, channel_id in session.execute(query):
        channel, second = Channel(WorkspaceId(workspace_id), channel_id), CaseId(case_id)
        if key == CardNotice(repository_id=repository_id, case_id=second, channel=channel).key():
            first = CardNotice(repository_id=repository_id, case_id=first_of[second], channel=channel)
            moves[first.key()] = {"old": key, "new": first.key(), "first": first.case_id}
    taken = set(session.execute(sa.select(messages.c.key).where(messages.c.key.in_(moves))).scalars())
    if free := [move for key, move in moves.items() if key not in taken]:
        session.execute(
            sa.update(messages)
            .where(messages.c.key == sa.bindparam("old"))
            .values(key=sa.bindparam("new"), case_id=sa.bindparam("first")),
            free,
        )
