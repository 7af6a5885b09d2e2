"""The app as scenarios run it: the sandbox, a running bot, and a CI that reports what it is told."""

from __future__ import annotations

import hashlib
import io
import itertools
import ssl
import time
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Self
from xml.sax.saxutils import quoteattr

import httpx
import pytest

from bot.analysis.model import CaseId, Channel, RepositoryId
from bot.analysis.notice import CardNotice
from bot.analysis.quarantine.lifecycle import Quarantine
from bot.sandbox.github.model import PEOPLE, Artifact, CheckRun, Commit, WorkflowRun
from bot.sandbox.server import Sandbox
from bot.sandbox.slack.model import Message, SlackSettings
from bot.slack import ids
from bot.store import queue
from bot.store.database import Database
from bot.store.decisions import quarantine as quarantine_store
from bot.store.workspaces import account_link as account_link_store
from bot.store.workspaces import repository as repository_store
from bot.store.workspaces import workspace as workspace_store
from bot.store.workspaces.account_link import AccountLink
from bot.store.workspaces.repository import Repository
from bot.store.workspaces.workspace import Workspace
from tests.conftest import database_name
from tests.presence import present
from tests.scenario.running_bot import BotProcess, BotThread, run_command
from tests.scenario.snapshot import Snapshot, free_ports

CHANNEL = "C0CIFLAKES"
ANA, BEN, CHLOE = "U0ANA", "U0BEN", "U0CHLOE"
TESTS = (
    "test_total",
    "test_discount",
    "test_login",
    "test_logout",
    "test_stock",
    "test_order",
    "test_refund",
    "test_tax",
)

_SANDBOX_PORT, _BOT_PORT = itertools.islice(free_ports(), 2)
"""The same for every scenario of a process, since stored messages and runs hold addresses."""
_HTTP = httpx.Client(timeout=2, trust_env=False, verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))
PATIENT = SlackSettings(rate_limits=False, response_seconds=30, trigger_seconds=30)
"""Slack waits three seconds, which a busy machine may need for a request that is not about time."""


class RunningApp:
    """Everything a scenario acts on."""

    def __init__(
        self,
        database_url: str,
        *,
        snapshot: Snapshot | None = None,
        linked: bool = True,
        own_process: bool = False,
        slack_settings: SlackSettings = PATIENT,
    ) -> None:
        """`linked`: everybody has linked their GitHub account already. `own_process`: the bot can be killed."""
        self._linked = linked
        self._own_process = own_process
        self.sandbox = Sandbox(_SANDBOX_PORT, slack_settings)
        self.github, self.slack = self.sandbox.github, self.sandbox.slack
        self._database_url = database_url
        self._environment: dict[str, str] = {}
        self._bot: BotThread | BotProcess | None = None
        self.url = f"http://127.0.0.1:{_BOT_PORT}"
        self._clock = datetime.now(UTC) - timedelta(hours=2)
        if snapshot is not None:
            snapshot.restore(self.sandbox)
            self._clock = snapshot.at
        self.sandbox.start()
        self.sandbox.bot_url = self.url

    def snapshot(self) -> Snapshot:
        """Wait until all is read and said, end the bot, and return what there is."""
        assert wait(self.is_idle, 120)
        self.close()
        return Snapshot(database_name(self._database_url), self.sandbox, self._clock)

    def __enter__(self) -> Self:
        self.start_bot()
        return self

    def __exit__(self, *_raised: object) -> None:
        self.close()

    @cached_property
    def db(self) -> Database:
        """What the bot stored."""
        return Database(self._database_url, pool_size=2)

    def set(self, **environment: str) -> Self:
        """Change the settings of the bot that is started next."""
        self._environment |= environment
        return self

    def start_bot(self) -> None:
        self._bot = BotProcess(self._variables()) if self._own_process else BotThread(self._variables())
        if not wait(self._answers, 60):
            self.close()
            pytest.fail("the bot did not start")
        if self._linked:
            self.link_everybody()

    def stop_bot(self) -> None:
        if self._bot is not None:
            self._bot.stop()
            self._bot = None

    def kill_bot(self) -> None:
        assert isinstance(self._bot, BotProcess)
        self._bot.kill()
        self._bot = None

    def run_command(self, *words: str) -> str:
        """Run a command of the bot to its end, with the bot's settings; returns what it printed."""
        return run_command(words, self._variables())

    def _variables(self) -> dict[str, str]:
        return {
            **self.sandbox.environment(_BOT_PORT),
            "DATABASE_URL": self._database_url,
            "PORT": str(_BOT_PORT),
            "LOG_LEVEL": "WARNING",
            **self._environment,
        }

    def link_everybody(self) -> None:
        """Leave what linking leaves; that it is done by the person is for its own scenarios to show."""
        with self.db.begin() as session:
            workspace = present(workspace_store.find_by_token(session))
            for user in PEOPLE:
                link = AccountLink(workspace.id, f"U0{user.login.upper()}", user.id, user.login)
                account_link_store.put(session, link, datetime.now(UTC))

    def workspace(self) -> Workspace:
        """What the bot stored of the workspace, which it knows."""
        with self.db.begin() as session:
            return present(workspace_store.find_by_token(session))

    def channel(self, channel_id: str) -> Channel:
        """A channel or a person of the workspace."""
        return Channel(self.workspace().id, channel_id)

    @cached_property
    def repository_id(self) -> RepositoryId:
        """Our number of the repository, which is known."""
        return present(self.find_repository()).id

    def find_repository(self) -> Repository | None:
        """What the bot stored of the repository; None before it heard of it."""
        with self.db.begin() as session:
            return repository_store.find_by_name(session, "acme/shop")

    def open_quarantines(self) -> Sequence[Quarantine]:
        """The quarantines that are proposed or in force."""
        with self.db.begin() as session:
            return quarantine_store.list_open(session, [self.repository_id])

    def close(self) -> None:
        self.stop_bot()
        self.sandbox.stop()
        self.db.close()

    def run(
        self,
        commit: str,
        failing: Mapping[str, str] | tuple[str, ...] = (),
        *,
        again: WorkflowRun | None = None,
        at: datetime | None = None,
        data: bytes | None = None,
    ) -> WorkflowRun:
        """Run CI on a commit of main, or once more on a run, with these tests failing; its webhooks are sent."""
        self._clock = at or self._clock + timedelta(seconds=40)
        sha = _sha(commit)
        if again is None:
            self.github.put_commit(
                Commit(sha=sha, message=commit, author_login="ana", branch="main", created_at=self._clock)
            )
            number = self.github.number("run")
            run = WorkflowRun(
                id=5000 + number,
                run_number=number,
                run_attempt=1,
                name="CI",
                path=".github/workflows/ci.yml",
                event="push",
                status="in_progress",
                conclusion=None,
                head_sha=sha,
                head_branch="main",
                html_url=f"{self.sandbox.url}/acme/shop/actions/runs/{5000 + number}",
                run_started_at=self._clock,
                created_at=self._clock,
                updated_at=self._clock,
                actor_login="ana",
            )
        else:
            run = replace(
                again,
                run_attempt=again.run_attempt + 1,
                status="in_progress",
                conclusion=None,
                run_started_at=self._clock,
                updated_at=self._clock,
            )
        self.github.put_run(run)
        self._clock += timedelta(seconds=20)
        self.github.put_artifact(
            Artifact(
                id=self.github.number("artifact"),
                run_id=run.id,
                name="junit-linux",
                data=data or report(failing),
                created_at=self._clock,
            )
        )
        self._clock += timedelta(seconds=5)
        run = replace(run, status="completed", conclusion="failure" if failing else "success", updated_at=self._clock)
        self.github.put_run(run)
        assert self.github.announce_run("completed", run).status == 202
        return run

    def make_flaky(self, test: str = "test_total", healthy: int = 12) -> None:
        """A history of commits of its own in which a test fails and passes on the same code, twice."""
        self.make_suspicious(test, healthy)
        self.turn_flaky(test)

    def make_suspicious(self, test: str = "test_total", healthy: int = 12) -> None:
        """The first part of that history, after which the test is suspected only."""
        for number in range(healthy):
            self.run(f"healthy {number} of {test}")
        self._flake(f"the first time of {test}", test)

    def turn_flaky(self, test: str = "test_total") -> None:
        """The rest of it."""
        self._flake(f"the second time of {test}", test)

    def _flake(self, commit: str, test: str) -> None:
        failed = self.run(commit, (test,))
        self.run(commit, again=failed)
        self.run(f"after {commit}")

    def is_idle(self) -> bool:
        """Whether no job runs, and none waits whose time has come."""
        with self.db.begin() as session:
            due, _ = queue.due(session, datetime.now(UTC))
            return not due and "doing" not in queue.count(session)

    def minutes_since_first_run(self) -> int:
        """How long ago the history of the repository began."""
        first = min(run.created_at for run in self.github.runs())
        return (datetime.now(UTC) - first) // timedelta(minutes=1)

    def check(self, run: WorkflowRun) -> CheckRun | None:
        check_runs = self.github.check_runs(run.head_sha, "FlakeGuard")
        assert len(check_runs) <= 1, "more than one check run of a commit"
        return check_runs[0] if check_runs else None

    def cards(self) -> list[Message]:
        """The cards of the channel, without what threads broadcast into it."""
        return [one for one in self.slack.messages(CHANNEL) if not one.thread_ts and "fc_" in str(one.blocks)]

    @staticmethod
    def case_id(card: Message) -> CaseId:
        """The case that a card is about."""
        block_ids = [str(block.get("block_id")) for block in card.blocks]
        return next(filter(None, map(ids.case_of_card, block_ids)))

    def card_notice(self, card: Message) -> CardNotice:
        """What asked for a card of the channel."""
        return CardNotice(
            repository_id=self.repository_id, case_id=self.case_id(card), channel=self.channel(card.channel)
        )

    def _answers(self) -> bool:
        try:
            return _HTTP.get(f"{self.url}/health/ready").status_code == 200
        except httpx.HTTPError:
            return False


def _sha(commit: str) -> str:
    return hashlib.sha1(commit.encode(), usedforsecurity=False).hexdigest()


def report(failing: Mapping[str, str] | tuple[str, ...]) -> bytes:
    """A zip with one JUnit report."""
    cases = []
    for name in TESTS:
        body = ""
        if name in failing:
            message = failing[name] if isinstance(failing, Mapping) else "AssertionError: assert 1299 == 1300"
            body = (
                f"<failure message={quoteattr(message)} type='AssertionError'>tests/test_shop.py:8: in {name}</failure>"
            )
        where = "file='tests/test_shop.py' classname='tests.test_shop'"
        cases.append(f"<testcase {where} name='{name}' time='0.01'>{body}</testcase>")
    xml = f"<testsuites><testsuite name='pytest'>{''.join(cases)}</testsuite></testsuites>"
    into = io.BytesIO()
    with zipfile.ZipFile(into, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("report.xml", xml)
    return into.getvalue()


def wait(condition: Callable[[], object], seconds: float = 30) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.05)
    return bool(condition())
