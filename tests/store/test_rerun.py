"""A rerun is recorded before GitHub is called, and forgotten when GitHub refuses it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest

from bot.analysis.model import Actor, ActorKind
from bot.errors import NotAllowedError, PermanentUpstreamError
from bot.queries.access import Authorized
from bot.services import rerun
from bot.store.database import Database, Session
from bot.store.decisions import check_run as check_run_store
from bot.store.runs import run as run_store
from bot.store.workspaces import repository as repository_store
from bot.store.workspaces.repository import Repository
from tests.store.deciding import authorize
from tests.store.run_recorder import REPOSITORY, RunRecorder

BEN = Actor(ActorKind.SLACK, "U0BEN", "ben")


@dataclass
class SuspendedApp:
    """GitHub after the installation was suspended: it lists jobs and starts none."""

    started: int = 0

    def count_failed_jobs(self, _target: str, _run_id: int) -> int:
        return 1

    def rerun_failed_jobs(self, _target: str, _run_id: int) -> None:
        self.started += 1
        message = "GitHub refused."
        raise PermanentUpstreamError(message, code="403")

    def rerun_all_jobs(self, target: str, run_id: int) -> None:
        self.rerun_failed_jobs(target, run_id)


def test_a_rerun_that_github_refuses_may_be_requested_again_whatever_became_of_the_permission(db: Database) -> None:
    recorder = RunRecorder(db)
    run_id = recorder.run({"total": "F"})
    with db.begin() as session:
        attempt = run_store.get(session, REPOSITORY, run_id)
    github = SuspendedApp()
    for count in (1, 2):
        authorizations = iter([True, False])

        @contextmanager
        def writer(left: Iterator[bool] = authorizations) -> Iterator[tuple[Session, Authorized[Repository]]]:
            if not next(left):
                message = "You may not do this."
                raise NotAllowedError(message)
            with db.begin() as session:
                yield session, authorize(session, repository_store.get(session, REPOSITORY), "", BEN)

        with pytest.raises(PermanentUpstreamError):
            rerun.run(github, "acme/shop", db.begin, writer, attempt, recorder.now)
        assert github.started == count
        with db.begin() as session:
            assert check_run_store.count_reruns(session, REPOSITORY, attempt.github_run_id) == 0
