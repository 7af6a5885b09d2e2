"""What the health of the connections says, on the real database."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from bot.analysis.connection import AccountConnection, Component, Connection, Queue, ServiceConnection, Setup
from bot.analysis.model import Channel
from bot.queries import connection
from bot.store import queue
from bot.store.conversation import channel_pause as channel_pause_store
from bot.store.database import Database
from bot.store.runs import delivery as delivery_store
from bot.store.workspaces import workspace as workspace_store
from tests.store.run_recorder import REPOSITORY, RunRecorder


def connections(db: Database, setup: Setup, now: datetime) -> dict[Component, Connection]:
    with db.begin() as session:
        workspace = workspace_store.put_by_token(session, sees_all=True, now=now)
        parts = connection.of_person(session, Channel(workspace.id, "U0ANA"), [REPOSITORY], setup, now)
    return {_part(one): one for one in parts}


def _part(one: Connection) -> Component:
    if isinstance(one, ServiceConnection):
        return one.part
    return Component.ACCOUNT if isinstance(one, AccountConnection) else Component.WORKER


def test_nothing_has_happened_yet_in_a_new_installation(db: Database) -> None:
    assert connections(db, Setup(), datetime.now(UTC)) == {
        Component.SLACK: ServiceConnection(part=Component.SLACK, missing=(), last_at=None),
        Component.GITHUB_APP: ServiceConnection(part=Component.GITHUB_APP, missing=(), last_at=None),
        Component.GITHUB_WEBHOOK: ServiceConnection(part=Component.GITHUB_WEBHOOK, missing=(), last_at=None),
        Component.WORKER: Queue(0, timedelta()),
    }


def test_a_part_says_when_it_last_worked_and_what_is_paused(db: Database) -> None:
    recorder = RunRecorder(db)
    recorder.run({"t0": "."})
    later = recorder.now + timedelta(hours=3)
    with db.begin() as session:
        delivery_store.put(session, "d-1", "ping", b"{}", "c", later - timedelta(minutes=2))
        workspace = workspace_store.put_by_token(session, sees_all=True, now=later)
        channel_pause_store.put(session, Channel(workspace.id, "C0GONE"), "it was archived", later)
    parts = connections(db, Setup(), later)
    assert parts[Component.GITHUB_WEBHOOK] == ServiceConnection(
        part=Component.GITHUB_WEBHOOK, missing=(), last_at=later - timedelta(minutes=2)
    )
    app = parts[Component.GITHUB_APP]
    assert isinstance(app, ServiceConnection)
    assert app.last_at is not None
    assert parts[Component.SLACK] == ServiceConnection(
        part=Component.SLACK, missing=(), last_at=None, paused_channels=1
    )


def test_what_is_not_set_is_named_and_the_account_is_asked_for_where_it_can_be_linked(db: Database) -> None:
    parts = connections(db, Setup(("GITHUB_APP_ID",), linking=True), datetime.now(UTC))
    assert parts[Component.GITHUB_APP] == ServiceConnection(
        part=Component.GITHUB_APP, missing=("GITHUB_APP_ID",), last_at=None
    )
    assert not parts[Component.GITHUB_APP].ok
    assert parts[Component.ACCOUNT] == AccountConnection(None)
    assert not parts[Component.ACCOUNT].ok


def test_a_job_that_is_due_for_long_says_that_no_worker_runs(db: Database) -> None:
    with db.begin() as session:
        queue.defer(session, queue.INGEST, lock="one", delivery_id="d-1")
        queue.defer(session, queue.INGEST, lock="two", at=datetime.now(UTC) + timedelta(days=1), delivery_id="d-2")
    soon, late = datetime.now(UTC) + timedelta(minutes=1), datetime.now(UTC) + timedelta(minutes=30)
    waiting = connections(db, Setup(), soon)[Component.WORKER]
    assert isinstance(waiting, Queue)
    assert (waiting.due, waiting.ok) == (1, True)
    assert timedelta(seconds=50) < waiting.oldest_age < timedelta(seconds=70)
    assert not connections(db, Setup(), late)[Component.WORKER].ok
