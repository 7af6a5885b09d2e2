"""Records runs of a repository through the real ingestion, one hour apart, in a few words."""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Self

from bot.analysis.model import (
    CaseId,
    CaseRun,
    Channel,
    FailureText,
    Identity,
    Outcome,
    RepositoryId,
    Result,
    RunId,
    RunReport,
    VariantReport,
)
from bot.analysis.run import Run
from bot.jobs import workflow_run
from bot.services import ingest
from bot.store.cases import case as case_store
from bot.store.database import Database
from bot.store.workspaces import repository as repository_store

REPOSITORY = RepositoryId(77)
VARIANT = "ci/default"
START = datetime(2026, 3, 2, 8, tzinfo=UTC)
_OUTCOMES = {".": Outcome.PASSED, "F": Outcome.FAILED, "E": Outcome.ERRORED, "s": Outcome.SKIPPED}


class RunRecorder:
    """Records runs of one repository; `now` is an hour after the latest one; what nobody subscribed
    to is posted in `default_channel`.
    """

    def __init__(self, db: Database, repository_id: RepositoryId = REPOSITORY) -> None:
        self.db = db
        self.repository_id = repository_id
        self.now = START
        self.default_channel: Channel | None = None
        self._number = 0
        self._attempt = 1
        with db.begin() as session:
            repository_store.put(
                session,
                repository_id,
                installation_id=None,
                full_name=f"acme/shop-{repository_id}",
                default_branch="main",
                private=False,
            )

    def in_database(self, db: Database) -> Self:
        """A recorder of the same history in a copy of its database."""
        other = copy.copy(self)
        other.db = db
        return other

    def run(  # noqa: PLR0913  # each tells a run in a word
        self,
        outcomes: Mapping[str, str],
        *,
        branch: str = "main",
        sha: str | None = None,
        messages: Mapping[str, str] | None = None,
        order: Sequence[str] = (),
        again: bool = False,
        shards: tuple[str, ...] = (),
        complete: bool = True,
        runners: Mapping[str, str] | None = None,
    ) -> RunId:
        """Record one run: by test name its results, such as `.` passed, `F.` failed then passed; in `order`, if given.

        A name may begin with its file, as in `tests/test_cart.py::total`. `again` makes it the next attempt of the run
        before, on the same commit. `runners` are what ran the tests.
        """
        names = order or list(outcomes)
        on = runners or {}
        ran = tuple(
            self._case(name, outcomes[name], messages or {})._replace(runner=on.get(name, "")) for name in names
        )
        return self._record((VariantReport(VARIANT, shards, ran, complete),), branch, "", sha, "", again=again)

    def variants(
        self,
        outcomes: Mapping[str, Mapping[str, str]],
        *,
        branch: str = "main",
        event: str = "",
        sha: str | None = None,
        base_sha: str = "",
        partial: Collection[str] = (),
        again: bool = False,
        conclusion: str = "",
    ) -> RunId:
        """Record one run of several variants, by variant what `run` takes; the `partial` ones were read in part."""
        variants = tuple(
            VariantReport(
                variant,
                (),
                tuple(self._case(name, results, {}) for name, results in of.items()),
                variant not in partial,
            )
            for variant, of in outcomes.items()
        )
        return self._record(variants, branch, event, sha, base_sha, again=again, conclusion=conclusion)

    def _record(
        self,
        variants: tuple[VariantReport, ...],
        branch: str,
        event: str,
        sha: str | None,
        base_sha: str,
        *,
        again: bool,
        conclusion: str = "",
    ) -> RunId:
        self._number += not again
        self._attempt = self._attempt + 1 if again else 1
        head = sha or hashlib.sha1(b"%d" % self._number, usedforsecurity=False).hexdigest()
        failed = any(one.outcome.is_failure for variant in variants for case in variant.cases for one in case.results)
        with self.db.begin() as session:
            run = Run(
                repository_id=self.repository_id,
                github_run_id=1000 + self._number,
                attempt=self._attempt,
                number=self._number,
                workflow="CI",
                workflow_path=".github/workflows/ci.yml",
                event=event or ("push" if branch == "main" else "pull_request"),
                head_sha=head,
                head_branch=branch,
                base_sha=base_sha or None,
                conclusion=conclusion or ("failure" if failed else "success"),
                url="https://github.invalid/run",
                started_at=self.now,
                completed_at=self.now + timedelta(minutes=5),
            )
            run_id = ingest.begin(session, run, self.now)
        with self.db.begin() as session:
            workflow_run.record(
                session, self.repository_id, run_id, RunReport(variants, (), 1), self.default_channel, self.now
            )
        self.now += timedelta(hours=1)
        return run_id

    def case_id(self, name: str) -> CaseId:
        """The number of a test recorded before."""
        file, own = _placed(name)
        with self.db.begin() as session:
            ids, titles = case_store.list_titles(session, self.repository_id)
        return CaseId(ids[titles.index(f"{file}::{own}")])

    def _case(self, name: str, results: str, messages: Mapping[str, str]) -> CaseRun:
        file, own = _placed(name)
        key = hashlib.blake2b(f"{file}::{own}".encode(), digest_size=16).digest()
        return CaseRun(
            Identity(file, file.removesuffix(".py").replace("/", "."), own, "pytest", "", key),
            tuple(
                Result(
                    retry,
                    _OUTCOMES[letter],
                    0.5,
                    FailureText("AssertionError", messages.get(name, f"assert {name} == 1"), "")
                    if letter in "FE"
                    else None,
                )
                for retry, letter in enumerate(results)
            ),
        )


def _placed(name: str) -> tuple[str, str]:
    file, separator, own = name.rpartition("::")
    return (file, own) if separator else (f"tests/test_{name.partition('.')[0]}.py", name)
