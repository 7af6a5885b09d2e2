"""Stored deliveries: what happens to one that fails, and who may use the buttons of a check run."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from bot.analysis.model import RepositoryId
from bot.analysis.run import Run
from bot.errors import NotFoundError
from bot.github.client import GitHub
from bot.jobs import inbox
from bot.jobs.context import Context
from bot.sandbox.github import model
from bot.sandbox.server import Sandbox
from bot.slack.registry import Registry
from bot.store.database import Database
from bot.store.runs import delivery as delivery_store
from bot.store.runs import run as run_store
from bot.store.workspaces import repository as repository_store

REPOSITORY_ID = RepositoryId(8001)
SHA = "a" * 40
REPOSITORY = {"id": REPOSITORY_ID, "full_name": "acme/shop", "private": False}
ANA = {"id": 501, "login": "ana"}
UNREADABLE = b"{}"
NOTHING_TO_DO = json.dumps({"repository": REPOSITORY, "ref": "refs/heads/main"}).encode()


@dataclass
class Inbox:
    """The inbox of a bot, beside a GitHub that notes which runs it was asked to run again."""

    db: Database
    sandbox: Sandbox
    context: Context
    reruns: list[int] = field(default_factory=list)

    def deliver(self, event: str, payload: bytes, *, key: str = "d-1") -> bool:
        """Store and process a delivery; False where it was not to be processed."""
        now = self.context.clock()
        with self.db.begin() as session:
            is_new = delivery_store.put(session, key, event, payload, "c-1", now)
        inbox.process(self.context, key)
        return is_new

    def click(self, button: str, sender: dict[str, object]) -> None:
        check = {"id": 3, "name": "FlakeGuard", "head_sha": SHA, "app": {"id": model.APP_ID}}
        payload = {
            "action": "requested_action",
            "repository": REPOSITORY,
            "installation": {"id": model.INSTALLATION_ID},
            "check_run": check,
            "requested_action": {"identifier": button},
            "sender": sender,
        }
        self.deliver("check_run", json.dumps(payload).encode(), key=f"click-{sender['id']}")

    def put_run(self, conclusion: str) -> None:
        """Record a finished run with GitHub and with the bot."""
        now = self.context.clock()
        run = model.WorkflowRun(
            id=77,
            run_number=5,
            run_attempt=1,
            name="CI",
            path=".github/workflows/ci.yml",
            event="push",
            status="completed",
            conclusion=conclusion,
            head_sha=SHA,
            head_branch="main",
            html_url="https://github.example/runs/77",
            run_started_at=now,
            created_at=now,
            updated_at=now,
            actor_login="ana",
        )
        self.sandbox.github.put_commit(model.Commit(SHA, "First", "ana", "main", now))
        self.sandbox.github.put_run(run)
        with self.db.begin() as session:
            repository_store.put(
                session,
                REPOSITORY_ID,
                installation_id=model.INSTALLATION_ID,
                full_name="acme/shop",
                default_branch="main",
                private=False,
            )
            run_store.put(
                session,
                Run(
                    repository_id=REPOSITORY_ID,
                    github_run_id=run.id,
                    attempt=1,
                    number=run.run_number,
                    workflow=run.name,
                    workflow_path=run.path,
                    event=run.event,
                    head_sha=SHA,
                    head_branch="main",
                    base_sha=None,
                    conclusion=conclusion,
                    url=run.html_url,
                    started_at=now,
                    completed_at=now,
                ),
            )


@pytest.fixture
def bot_inbox(db: Database) -> Iterator[Inbox]:
    sandbox = Sandbox()
    sandbox.start()
    github = GitHub(model.APP_ID, sandbox.github.private_key, f"{sandbox.url}/github/api/v3", lambda: datetime.now(UTC))
    registry = Registry(lambda _workspace: "xoxb-none", base_url="http://127.0.0.1:9/")
    context = Context(db, github, registry, None, clock=lambda: datetime.now(UTC))
    made = Inbox(db, sandbox, context)
    sandbox.github.on_rerun = lambda run_id, _failed_only: made.reruns.append(run_id)
    yield made
    github.close()
    sandbox.stop()


def test_a_delivery_that_fails_for_good_is_processed_and_forgotten_like_any_other(bot_inbox: Inbox) -> None:
    bot_inbox.deliver("push", UNREADABLE)
    with bot_inbox.db.begin() as session:
        assert delivery_store.get(session, "d-1").processed
        assert delivery_store.forget(session, bot_inbox.context.clock() + timedelta(seconds=1)) == 1
        with pytest.raises(NotFoundError):
            delivery_store.get(session, "d-1")


def test_a_delivery_about_an_unknown_repository_keeps_its_error(bot_inbox: Inbox) -> None:
    bot_inbox.click("rerun", ANA)
    with bot_inbox.db.begin() as session:
        assert "not known here" in (delivery_store.get(session, "click-501").error or "")


def test_github_delivers_again_what_failed_and_it_is_processed_then(bot_inbox: Inbox) -> None:
    assert bot_inbox.deliver("push", UNREADABLE)
    assert bot_inbox.deliver("push", NOTHING_TO_DO), "what failed is to be processed again"
    with bot_inbox.db.begin() as session:
        delivery = delivery_store.get(session, "d-1")
    assert (delivery.processed, delivery.error) == (True, None)
    assert not bot_inbox.deliver("push", NOTHING_TO_DO), "what was processed is not"


@pytest.mark.parametrize("conclusion", ["failure", "timed_out"])
def test_the_rerun_button_runs_again_what_failed_or_took_too_long(bot_inbox: Inbox, conclusion: str) -> None:
    bot_inbox.put_run(conclusion)
    bot_inbox.click("rerun", ANA)
    assert bot_inbox.reruns == [77]


def test_the_rerun_button_is_for_the_account_of_the_number_not_for_whoever_has_its_login(bot_inbox: Inbox) -> None:
    bot_inbox.put_run("failure")
    bot_inbox.click("rerun", {"id": 999, "login": "ana"})
    assert bot_inbox.reruns == []
