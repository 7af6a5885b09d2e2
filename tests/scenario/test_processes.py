"""Several processes at once, each with its own connections, as an installation that grew has them."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from multiprocessing.synchronize import Barrier, Event
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from bot.analysis.channel_schedule import DigestTime
from bot.analysis.notice import DigestNotice
from bot.jobs.context import Context
from bot.jobs.schedule import Clock
from bot.jobs.worker import Worker
from bot.services import subscription
from bot.slack.registry import Registry
from bot.store.database import Database
from tests.scenario.posted import PostedChannel
from tests.scenario.running_app import wait
from tests.store.subscribed import NAMES

PROCESSES = 4


def run_process(url: str, slack: str, token: str, begin: Barrier, end: Event, ticks: Any) -> None:  # noqa: ANN401  # a Value
    """A clock that ticks as fast as it can, and a worker that says what is due."""
    db = Database(url, pool_size=4)
    context = Context(
        db, None, Registry(lambda _workspace: token, base_url=slack), None, clock=lambda: datetime.now(UTC)
    )
    clock, worker = Clock(context), Worker(context)
    begin.wait(60)
    clock.digests()
    worker.start()
    while not end.is_set():
        clock.digests()
        clock.enqueue()
        with ticks.get_lock():
            ticks.value += 1
        end.wait(0.05)
    worker.stop()
    db.close()


@pytest.fixture
def ladder(db: Database) -> Iterator[PostedChannel]:
    made = PostedChannel(db)
    made.slack.settings = replace(made.slack.settings, honors_client_msg_id=False)
    yield made
    made.sandbox.stop()


def test_four_processes_that_ask_for_a_due_digest_at_once_say_it_once(ladder: PostedChannel, database_url: str) -> None:
    now = datetime.now(UTC)
    ladder.now = now
    ladder.turn_flaky(NAMES[:2])
    at = (now - timedelta(minutes=1)).time().replace(second=0, microsecond=0)
    with ladder.db.begin() as session:
        subscription.set_digest(session, ladder.channel, DigestTime(at), ZoneInfo("UTC"), now - timedelta(hours=1))
    spawned = multiprocessing.get_context("spawn")
    begin, end, ticks = spawned.Barrier(PROCESSES), spawned.Event(), spawned.Value("i", 0)
    told = (database_url, f"{ladder.sandbox.url}/slack/api/", ladder.slack.bot_token, begin, end, ticks)
    processes = [spawned.Process(target=run_process, args=told) for _ in range(PROCESSES)]
    for process in processes:
        process.start()
    try:
        assert wait(lambda: digests(ladder), 90), "no digest"
        enough = ticks.value + 5 * PROCESSES
        assert wait(lambda: ticks.value > enough, 60), "the processes stopped"
    finally:
        end.set()
        for process in processes:
            process.join(60)
    assert [process.exitcode for process in processes] == [0] * PROCESSES
    assert len(digests(ladder)) == 1
    assert len(ladder.stored(DigestNotice)) == 1
    assert len(ladder.slack.messages(ladder.channel.id)) == 3, "two cards and the digest"


def digests(ladder: PostedChannel) -> list[str]:
    found = ladder.slack.messages(ladder.channel.id)
    return [one.text for one in found if "flake digest" in str(one.blocks)]
