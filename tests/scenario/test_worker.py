"""The queue and its worker: no job is lost, and none is in the way of another that does the same."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import sqlalchemy as sa

from bot.analysis.model import Channel, RepositoryId, WorkspaceId
from bot.github.client import GitHub
from bot.jobs.context import Context
from bot.jobs.worker import Worker
from bot.sandbox.github.server import GitHubServer
from bot.slack.registry import Registry
from bot.store import queue
from bot.store.conversation import channel_schedule as channel_schedule_store
from bot.store.database import Database
from bot.store.runs import delivery as delivery_store
from bot.store.workspaces import repository as repository_store
from tests.scenario.running_app import wait

PLACE = Channel(WorkspaceId(1), "C0CIFLAKES")


def clock() -> datetime:
    return datetime.now(UTC)


def jobs(db: Database) -> list[tuple[str, str]]:
    with db.begin() as session:
        rows = session.execute(sa.text("select task_name, status::text from procrastinate_jobs order by id"))
        return [(row[0], row[1]) for row in rows]


def open_jobs(db: Database) -> list[tuple[str, str]]:
    return [one for one in jobs(db) if one[1] in {"todo", "doing"}]


def waiting(db: Database) -> list[tuple[int, bool]]:
    """Of each job: how often it was tried, and whether it waits for a later time."""
    with db.begin() as session:
        rows = session.execute(
            sa.text("select attempts, status = 'todo' and scheduled_at > now() from procrastinate_jobs")
        )
        return [(row[0], row[1]) for row in rows]


def enqueue(db: Database) -> None:
    with db.begin() as session:
        channel_schedule_store.enqueue(session, PLACE)


def lose(db: Database) -> None:
    """Leave what waits as a worker that was killed leaves it."""
    with db.begin() as session:
        session.execute(sa.text("update procrastinate_jobs set status = 'doing' where status = 'todo'"))


@pytest.fixture
def worker(db: Database) -> Iterator[Worker]:
    registry = Registry(lambda _workspace: "xoxb-none", base_url="http://127.0.0.1:9/")
    one = Worker(Context(db, None, registry, None, clock=clock))
    yield one
    one.stop()


def test_the_job_of_a_lost_worker_is_done_again(db: Database, worker: Worker) -> None:
    enqueue(db)
    lose(db)
    worker.start()
    assert wait(lambda: not open_jobs(db), 20), jobs(db)
    assert jobs(db) == [(queue.CHANNEL, "succeeded")]


def test_the_job_of_a_lost_worker_gives_way_to_the_one_that_waits_for_the_same(db: Database, worker: Worker) -> None:
    enqueue(db)
    lose(db)
    enqueue(db)
    worker.start()
    assert wait(lambda: not open_jobs(db), 20), jobs(db)
    assert jobs(db) == [(queue.CHANNEL, "succeeded")]


def test_a_job_that_fails_gives_its_place_and_its_wait_to_the_one_that_was_asked_for_meanwhile(db: Database) -> None:
    repository = RepositoryId(8001)
    with db.begin() as session:
        repository_store.put(
            session, repository, installation_id=7001, full_name="acme/shop", default_branch="main", private=False
        )
    asked = threading.Event()

    def ask() -> None:
        with db.begin() as session:
            key = f"policy:{repository}"
            queue.defer(session, queue.POLICY, lock=key, key=key, repository_id=repository)

    class Away(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            if not asked.is_set():
                asked.set()
                ask()
            self.send_response(429)
            self.send_header("Retry-After", "3600")
            self.end_headers()

        def log_message(self, *_words: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Away)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    github = GitHub(1, GitHubServer().private_key, f"http://127.0.0.1:{server.server_port}", clock)
    worker = Worker(
        Context(db, github, Registry(lambda _workspace: "", base_url="http://127.0.0.1:9/"), None, clock=clock)
    )
    ask()
    worker.start()
    try:
        assert wait(lambda: asked.is_set() and waiting(db) == [(1, True)], 20), (jobs(db), waiting(db))
    finally:
        worker.stop()
        github.close()
        server.shutdown()
        server.server_close()


def test_a_job_that_two_processes_take_up_again_is_done_once(db: Database) -> None:
    registry = Registry(lambda _workspace: "xoxb-none", base_url="http://127.0.0.1:9/")
    workers = [Worker(Context(db, None, registry, None, clock=clock)) for _ in range(3)]
    for number in range(20):
        with db.begin() as session:
            channel_schedule_store.enqueue(session, Channel(WorkspaceId(1), f"C{number}"))
    lose(db)
    for one in workers:
        one.start()
    try:
        assert wait(lambda: not open_jobs(db), 30), jobs(db)
        assert {status for _, status in jobs(db)} == {"succeeded"}
        assert all(one.is_alive for one in workers)
    finally:
        for one in workers:
            one.stop()


def test_a_delivery_whose_last_attempt_fails_unexpectedly_keeps_its_error_and_can_be_purged(
    db: Database, worker: Worker
) -> None:
    payload = json.dumps(
        {
            "action": "created",
            "installation": {"id": 2**70, "account": {"id": 1, "login": "acme"}},  # more than a bigint of PostgreSQL
            "repositories": [{"id": 8001, "full_name": "acme/shop"}],
        }
    )
    with db.begin() as session:
        delivery_store.put(session, "d-1", "installation", payload.encode(), "c-1", clock())
        queue.defer(session, queue.INGEST, lock="installation", delivery_id="d-1")
        session.execute(sa.text("update procrastinate_jobs set attempts = 5"))
    worker.start()
    assert wait(lambda: not open_jobs(db), 20), jobs(db)
    assert jobs(db) == [(queue.INGEST, "failed")]
    with db.begin() as session:
        delivery = delivery_store.get(session, "d-1")
        assert (delivery.processed, delivery.error) == (True, "Unexpected error: DataError.")
        assert delivery_store.forget(session, clock() + timedelta(seconds=1)) == 1


def test_a_delivery_that_will_be_tried_again_is_not_processed_yet(db: Database, worker: Worker) -> None:
    payload = json.dumps({"action": "deleted", "installation": {"id": 2**70}})
    with db.begin() as session:
        delivery_store.put(session, "d-1", "installation", payload.encode(), "c-1", clock())
        queue.defer(session, queue.INGEST, lock="installation", delivery_id="d-1")
    worker.start()
    assert wait(lambda: waiting(db) == [(1, True)], 20), waiting(db)
    with db.begin() as session:
        assert not delivery_store.get(session, "d-1").processed
