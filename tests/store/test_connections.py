"""What the health of the connections says, on the real database."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from bot.analysis.model import Channel
from bot.queries import connection
from bot.queries.connection import Setup
from bot.slack.views.repository import Connection
from bot.store import queue
from bot.store.conversation import channel_pause as channel_pause_store
from bot.store.database import Database
from bot.store.runs import delivery as delivery_store
from bot.store.workspaces import workspace as workspace_store
from tests.store.past import REPOSITORY, Past


def told(db: Database, setup: Setup, now: datetime) -> dict[str, Connection]:
    with db.begin() as session:
        workspace = workspace_store.put_by_token(session, sees_all=True, now=now)
        found = connection.of_person(session, Channel(workspace.id, "U0ANA"), [REPOSITORY], setup, now)
    return {one.name: one for one in found}


def test_nothing_has_happened_yet_in_a_new_installation(db: Database) -> None:
    found = told(db, Setup(), datetime.now(UTC))
    assert {name: one.detail for name, one in found.items()} == {
        "Slack": "no message yet",
        "GitHub App": "no run read yet",
        "GitHub webhook": "no delivery yet",
        "Worker": "no job waits",
    }


def test_a_part_says_when_it_last_worked_and_what_is_paused(db: Database) -> None:
    past = Past(db)
    past.run({"t0": "."})
    later = past.now + timedelta(hours=3)
    with db.begin() as session:
        delivery_store.insert_new(session, "d-1", "ping", b"{}", "c", later - timedelta(minutes=2))
        workspace = workspace_store.put_by_token(session, sees_all=True, now=later)
        channel_pause_store.put(session, Channel(workspace.id, "C0GONE"), "it was archived", later)
    found = told(db, Setup(), later)
    assert found["GitHub webhook"].detail == "last delivery 2 minutes ago"
    assert found["GitHub App"].detail.startswith("last run read ")
    assert found["Slack"].detail == "no message yet, 1 channel paused"


def test_what_is_not_set_is_named_and_the_account_is_asked_for_where_it_can_be_linked(db: Database) -> None:
    found = told(db, Setup(("GITHUB_APP_ID",), linking=True), datetime.now(UTC))
    assert (found["GitHub App"].ok, found["GitHub App"].detail) == (False, "set GITHUB_APP_ID")
    assert (found["Your GitHub account"].ok, found["Your GitHub account"].detail) == (False, "type /flakeguard connect")


def test_a_job_that_is_due_for_long_says_that_no_worker_runs(db: Database) -> None:
    with db.begin() as session:
        queue.defer(session, queue.INGEST, lock="one", delivery_id="d-1")
        queue.defer(session, queue.INGEST, lock="two", at=datetime.now(UTC) + timedelta(days=1), delivery_id="d-2")
    soon, late = datetime.now(UTC) + timedelta(minutes=1), datetime.now(UTC) + timedelta(minutes=30)
    assert told(db, Setup(), soon)["Worker"] == Connection(
        "Worker", ok=True, detail="1 job waits, the oldest for 1 minute"
    )
    assert told(db, Setup(), late)["Worker"].ok is False
