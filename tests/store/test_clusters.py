"""Clusters and order-dependent suspects, from recorded runs to items."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest

from bot.analysis.audit import AuditAction
from bot.analysis.model import Actor, ActorKind, ClusterKind, OrderKind, Status
from bot.analysis.quarantine.proposal import Proposal
from bot.queries import case as profiles
from bot.queries import case_item, owner
from bot.services import cluster, quarantine
from bot.store import embedded, queue
from bot.store.database import Database
from bot.store.decisions import audit as audit_store
from bot.store.runs import case_order as case_order_store
from tests.store import deciding
from tests.store.recorded import Recorded, recording
from tests.store.run_recorder import RunRecorder

ANA = Actor(ActorKind.SLACK, "U01", "Ana")
MODULES = ("cart", "tax", "stock", "mail", "search")


def _refresh(recorder: RunRecorder) -> list[case_item.CaseItem]:
    with recorder.db.begin() as session:
        cluster.refresh(session, recorder.repository_id, recorder.now)
        return case_item.list_of(session, recorder.repository_id, recorder.now)


def _passing(per_module: int = 4) -> dict[str, str]:
    return {f"{module}.{number}": "." for module in MODULES for number in range(per_module)}


def _mail_goes_down(recorder: RunRecorder) -> None:
    """Sixty runs, in three of which the whole module `mail` fails."""
    for number in range(60):
        down = {f"mail.{case}": "E" for case in range(4)} if number in {12, 30, 48} else {}
        recorder.run(_passing() | down)


@pytest.fixture(scope="module")
def recorded(server: embedded.Server, template: str) -> Iterator[Recorded]:
    with recording(server, template, _mail_goes_down) as recorded:
        yield recorded


def test_cases_that_flake_together_are_one_item_with_one_owner(db: Database) -> None:
    recorder = RunRecorder(db)
    dice = random.Random(5)  # noqa: S311  # a simulation
    for _ in range(120):
        ran = _passing()
        if dice.random() < 0.08:
            ran |= {"cart.0": "F.", "stock.1": "F."}
        if dice.random() < 0.08:
            ran |= {"mail.2": "F."}
        recorder.run(ran)
    items = _refresh(recorder)
    together, alone = items
    assert (together.cluster and together.cluster.kind, together.case_ids) == (
        ClusterKind.TOGETHER,
        tuple(sorted((recorder.case_id("cart.0"), recorder.case_id("stock.1")))),
    )
    assert (alone.cluster, alone.case_ids, alone.status) == (None, (recorder.case_id("mail.2"),), Status.FLAKY)
    proposal = Proposal(case_id=recorder.case_id("cart.0"), days=14, reason="It flakes.")
    with db.begin() as session:
        quarantine_id = deciding.propose(session, recorder.repository_id, proposal, ANA, recorder.now)
        quarantine.assign(session, deciding.of_quarantine(session, quarantine_id, ANA), "@shop/checkout", recorder.now)
        named = owner.of_cases(session, [recorder.repository_id], together.case_ids)
    assert set(named.values()) == {("@shop/checkout",)}
    assert len(named) == 2
    recorder.run(_passing())
    (cluster, _) = (item.cluster for item in _refresh(recorder))
    assert cluster is not None
    assert cluster.owner == "@shop/checkout"
    with db.begin() as session:
        profile = profiles.of_case(session, recorder.case_id("stock.1"), recorder.now)
        trail = audit_store.list_case(session, recorder.repository_id, recorder.case_id("stock.1"))
    assert profile.cluster is not None
    assert (profile.cluster.size, profile.cluster.owner) == (2, "@shop/checkout")
    assert profile.cluster.others == ("tests/test_cart.py::cart.0",)
    assert (AuditAction.ASSIGN_CASE, "@shop/checkout") in [(event.action, event.reason) for event in trail]


def test_a_module_that_goes_down_as_a_whole_again_and_again_is_one_item(recorded: Recorded) -> None:
    with recorded.copy() as recorder:
        (item,) = _refresh(recorder)
    assert item.cluster is not None
    assert (item.cluster.kind, item.cluster.title) == (ClusterKind.FIXTURE, "tests/test_mail.py")
    assert len(item.case_ids) == 4


def test_an_outage_joins_nothing(db: Database) -> None:
    recorder = RunRecorder(db)
    for number in range(60):
        everything_fails = number in {10, 25, 40, 55}
        recorder.run(dict.fromkeys(_passing(20), "F" if everything_fails else "."))
    assert _refresh(recorder) == []


def test_a_case_that_fails_after_another_is_named_with_it(db: Database) -> None:
    recorder = RunRecorder(db)
    dice = random.Random(2)  # noqa: S311  # a simulation
    names = list(_passing(6))
    for _ in range(40):
        dice.shuffle(names)
        pollutes = names.index("stock.3") < names.index("cart.0")
        recorder.run({name: "F" if name == "cart.0" and pollutes else "." for name in names}, order=tuple(names))
    _refresh(recorder)
    with db.begin() as session:
        profile = profiles.of_case(session, recorder.case_id("cart.0"), recorder.now)
    assert profile.order is not None
    assert (profile.order.kind, profile.order.follows) == (OrderKind.AFTER, ("tests/test_stock.py::stock.3",))


def test_equal_orders_are_kept_once_and_old_ones_are_forgotten(db: Database) -> None:
    recorder = RunRecorder(db)
    for number in range(12):
        recorder.run(_passing() | {"cart.0": "F." if number % 3 == 0 else "."})
    with db.begin() as session:
        assert session.exec_driver_sql("select count(*) from orders").scalar_one() == 1
        assert session.exec_driver_sql("select count(*) from run_orders").scalar_one() == 12
    with db.begin() as session:
        session.exec_driver_sql(
            "insert into run_orders select repository_id, run_id + number, variant, 'other' from run_orders,"
            " generate_series(100, 400, 100) number"
        )
        for number in range(case_order_store.KEPT):
            session.exec_driver_sql(
                "insert into run_orders values (%s, %s, 'ci/default', 'newer')",
                (recorder.repository_id, 10_000 + number),
            )
        case_order_store.forget_old(session)
        assert session.exec_driver_sql("select count(*) from run_orders").scalar_one() == case_order_store.KEPT
        assert session.exec_driver_sql("select count(*) from orders").scalar_one() == 0


def test_a_refresh_asked_for_by_many_runs_waits_in_the_queue_once(db: Database) -> None:
    recorder = RunRecorder(db)
    for _ in range(5):
        recorder.run(_passing() | {"cart.0": "F"})
    with db.begin() as session:
        waiting = session.exec_driver_sql(
            "select count(*) from procrastinate_jobs where task_name = %s", (queue.CLUSTERS,)
        ).scalar_one()
    assert waiting == 1


def test_cases_of_one_cluster_are_gathered_in_the_place_of_the_first(recorded: Recorded) -> None:
    with recorded.copy() as recorder:
        _refresh(recorder)
        mail = [recorder.case_id(f"mail.{number}") for number in range(3)]
        cart = recorder.case_id("cart.0")
        with recorder.db.begin() as session:
            gathered = case_item.group(session, [recorder.repository_id], [mail[1], cart, mail[0]])
            assert case_item.group(session, [recorder.repository_id], []) == []
    assert gathered == [(mail[1], mail[0]), (cart,)]
