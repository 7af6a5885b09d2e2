"""The order in which the cases of a run ran, each order kept once, and that of the latest whole run of a workflow."""

from __future__ import annotations

import hashlib
import zlib
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray
from sqlalchemy.dialects.postgresql import distinct_on, insert

from bot.analysis.case_profile import NamedOrder
from bot.analysis.failures.order_dependence import OrderSuspect
from bot.analysis.model import CaseId, RepositoryId, RunId
from bot.store import record, relation
from bot.store.database import Session
from bot.store.tables.judging import baselines, order_suspects, orders
from bot.store.tables.results import cases, run_orders

KEPT = 200
"""Runs per variant whose order is kept: enough to tell a suspect by, at most 4 bytes per case and run."""


def put(
    session: Session, repository_id: RepositoryId, run_id: RunId, by_variant: Mapping[str, NDArray[np.int32]]
) -> None:
    """Keep the order in which the cases of variants ran, those skipped left out."""
    orders_as_bytes = {variant: order.astype("<i4").tobytes() for variant, order in by_variant.items()}
    digests = {variant: hashlib.blake2b(data, digest_size=16).digest() for variant, data in orders_as_bytes.items()}
    packed = {digests[variant]: data for variant, data in orders_as_bytes.items()}
    if not packed:
        return
    session.execute(
        insert(orders).on_conflict_do_nothing(),
        [
            {"repository_id": repository_id, "digest": digest, "case_ids": zlib.compress(data, 1)}
            for digest, data in packed.items()
        ],
    )
    session.execute(
        insert(run_orders).on_conflict_do_nothing(),
        [
            {"repository_id": repository_id, "run_id": run_id, "variant": variant, "digest": digest}
            for variant, digest in digests.items()
        ],
    )


def list_by_variant(
    session: Session, repository_id: RepositoryId, run_ids: Sequence[RunId]
) -> dict[str, list[tuple[RunId, NDArray[np.int32]]]]:
    """The order of each of these runs that is kept, by variant, in order of run; equal orders share one array."""
    rows = session.execute(
        sa.select(run_orders.c.variant, run_orders.c.run_id, run_orders.c.digest)
        .where(relation.is_of_runs(run_orders, repository_id, run_ids))
        .order_by(run_orders.c.variant, run_orders.c.run_id)
    ).all()
    wanted = {bytes(row[2]) for row in rows}
    packed = session.execute(
        sa.select(orders.c.digest, orders.c.case_ids).where(
            orders.c.repository_id == repository_id, orders.c.digest.in_(wanted)
        )
    )
    unpacked = {bytes(digest): np.frombuffer(zlib.decompress(data), dtype="<i4") for digest, data in packed}
    orders_of_variant: dict[str, list[tuple[RunId, NDArray[np.int32]]]] = defaultdict(list)
    for variant, run_id, digest in rows:
        # One that was being forgotten while this run was stored is gone.
        if (order := unpacked.get(bytes(digest))) is not None:
            orders_of_variant[variant].append((RunId(run_id), order))
    return orders_of_variant


def forget_old(session: Session) -> None:
    """Delete the orders of all but the newest runs of each variant of each repository."""
    newest = run_orders.c.run_id.desc()
    position = sa.func.row_number().over(
        partition_by=(run_orders.c.repository_id, run_orders.c.variant), order_by=newest
    )
    ranked = sa.select(
        run_orders.c.repository_id, run_orders.c.run_id, run_orders.c.variant, position.label("position")
    ).subquery()
    session.execute(
        sa.delete(run_orders).where(
            run_orders.c.repository_id == ranked.c.repository_id,
            run_orders.c.run_id == ranked.c.run_id,
            run_orders.c.variant == ranked.c.variant,
            ranked.c.position > KEPT,
        )
    )
    session.execute(
        sa.delete(orders).where(
            ~sa.exists().where(
                run_orders.c.repository_id == orders.c.repository_id, run_orders.c.digest == orders.c.digest
            )
        )
    )


def replace_suspects(
    session: Session, repository_id: RepositoryId, suspects: Iterable[tuple[str, OrderSuspect]], now: datetime
) -> None:
    """Store the order-dependent suspects of a repository, each with its variant, in place of those before."""
    session.execute(sa.delete(order_suspects).where(order_suspects.c.repository_id == repository_id))
    rows = [
        {
            "repository_id": repository_id,
            "case_id": suspect.case,
            "variant": variant,
            "kind": suspect.kind,
            "follows": list(suspect.follows),
            "candidates": suspect.candidates,
            "failed": suspect.failed,
            "passed": suspect.passed,
            "chance": suspect.chance,
            "updated_at": now,
        }
        for variant, suspect in suspects
    ]
    record.insert_all(session, order_suspects, rows)


def list_suspects(
    session: Session, repository_ids: Collection[RepositoryId], case_ids: Collection[CaseId]
) -> dict[CaseId, NamedOrder]:
    """What is known of the cases whose failures hang on the order; of several variants the surest."""
    query = (
        sa.select(order_suspects.c.case_id, *record.columns(order_suspects, NamedOrder))
        .ext(distinct_on(order_suspects.c.case_id))
        .where(relation.is_of_cases(order_suspects, repository_ids, case_ids))
        .order_by(order_suspects.c.case_id, order_suspects.c.chance, order_suspects.c.variant)
    )
    suspects = [dict(row) for row in session.execute(query).mappings()]
    if not suspects:
        return {}
    followed = {number for suspect in suspects for number in suspect["follows"]}
    named = session.execute(
        sa.select(cases.c.id, cases.c.title).where(cases.c.repository_id.in_(repository_ids), cases.c.id.in_(followed))
    )
    titles = {row[0]: row[1] for row in named}
    for suspect in suspects:
        suspect["follows"] = tuple(titles[number] for number in suspect["follows"] if number in titles)
    return {suspect.pop("case_id"): NamedOrder(**suspect) for suspect in suspects}


@dataclass(frozen=True, slots=True)
class Baseline:
    """The run, and by variant its cases in the order in which they ran."""

    run_id: RunId
    orders: Mapping[str, Sequence[int]]


def find_baseline(session: Session, repository_id: RepositoryId, workflow_path: str) -> Baseline | None:
    """The baseline of a workflow; None before its first whole run."""
    rows = session.execute(
        sa.select(baselines.c.run_id, baselines.c.variant, baselines.c.case_ids).where(
            baselines.c.repository_id == repository_id, baselines.c.workflow_path == workflow_path
        )
    ).all()
    return Baseline(RunId(rows[0][0]), {row[1]: row[2] for row in rows}) if rows else None


def put_baseline(session: Session, repository_id: RepositoryId, workflow_path: str, baseline: Baseline) -> None:
    """Store the baseline of a workflow in the place of the one before."""
    is_of_workflow = sa.and_(baselines.c.repository_id == repository_id, baselines.c.workflow_path == workflow_path)
    session.execute(sa.delete(baselines).where(is_of_workflow))
    common = {"repository_id": repository_id, "workflow_path": workflow_path, "run_id": baseline.run_id}
    rows = [{**common, "variant": variant, "case_ids": list(order)} for variant, order in baseline.orders.items()]
    record.insert_all(session, baselines, rows)
