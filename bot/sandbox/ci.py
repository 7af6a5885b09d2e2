"""CI: a commit becomes a workflow run, which really runs the shop's tests and uploads their reports as artifacts."""

from __future__ import annotations

import hashlib
import io
import logging
import threading
import zipfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from bot.sandbox.github import errors, model
from bot.sandbox.github.errors import RestApiError
from bot.sandbox.github.model import Artifact, Commit, PullRequest, WorkflowRun
from bot.sandbox.github.server import GitHubServer
from bot.sandbox.shop import suite
from bot.sandbox.shop.suite import SuiteEnvironment, SuiteProcess, SuiteReport

VARIANTS = ("linux-py3.11", "linux-py3.13")
"""The variants of the workflow's matrix, one job each."""
SHUFFLED_VARIANT = "linux-py3.13"
"""The variant that runs the tests in random order."""
LIVE_FLAKE = "tests/test_checkout.py::test_total_with_discount"
_LIVE_SERVICE = "discounts"
_LAST_DISPATCH_HOUR = 22  # of the shop's van; test_order_arrives_the_day_after_tomorrow fails from then on
_SEEDS = 40
_SECOND = timedelta(seconds=1)
_REDELIVERIES = 20
_REDELIVERY_SECONDS = 0.5
_TESTS_BY_DEFECT = {
    "shipping": "tests/test_shipping.py::test_free_shipping_from_fifty",
    "tax": "tests/test_tax.py::test_price_with_tax[FR-12.00]",
    "search": "tests/test_search.py::test_finding_ignores_case",
}
_NEXT_COMMITS = (
    ("Show the delivery day in the cart", "ben"),
    ("Write thousands with a thin space", "ana"),
    ("Let customers name a gift", "chloe"),
    ("Describe the tea towels", "ana"),
    ("Load pictures later", "ben"),
    ("Say thank you after the order", "chloe"),
)
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Conditions:
    """What a run depends on beside its code: the seed, and services that are slow (by variant) or down.

    `only` tries further seeds until no tests fail but these and those that the code breaks; None takes the first seed.
    """

    seed: int = 1
    slow: dict[str, tuple[str, ...]] = field(default_factory=dict)
    down: tuple[str, ...] = ()
    only: frozenset[str] | None = None


CALM = Conditions(only=frozenset())
"""Nothing fails but what the code breaks."""
FLAKING = Conditions(slow={SHUFFLED_VARIANT: (_LIVE_SERVICE,)}, only=frozenset({LIVE_FLAKE}))
"""The discount service is slow, so that LIVE_FLAKE fails, and nothing else does."""


class Ci:
    """Runs the workflow for commits and pull requests and sends the webhooks about it."""

    def __init__(self, github: GitHubServer) -> None:
        self._github = github
        self._processes = {variant: SuiteProcess() for variant in VARIANTS}
        self._defects_by_sha: dict[str, tuple[str, ...]] = {}
        self._failed_variants: dict[int, set[str]] = {}
        self._lock = threading.RLock()
        self._threads: list[threading.Thread] = []
        self._next_commit = 0
        github.files.update(suite.sources())
        github.on_rerun = self._rerun_in_background

    def commit(
        self, message: str, author: str, at: datetime, *, branch: str = "main", defects: tuple[str, ...] = ()
    ) -> Commit:
        """Push a commit; `defects` names the defects that its code has."""
        with self._lock:
            parents = (commit for commit in self._github.commits() if commit.branch in {branch, "main"})
            parent = next((commit.sha for commit in parents), "")
            number = self._github.number("commit")
            sha = hashlib.sha1(f"{number}:{branch}:{message}".encode(), usedforsecurity=False).hexdigest()
            self._defects_by_sha[sha] = defects
            return self._github.put_commit(Commit(sha, message, author, branch, at, parent))

    def open_pull_request(self, title: str, commit: Commit) -> PullRequest:
        """Open a pull request with this commit as its head."""
        base_sha = self._github.commit("main").sha
        number, at = self._github.number("pull"), commit.created_at
        return self._github.put_pull_request(
            PullRequest(number, title, commit.author_login, commit.branch, commit.sha, base_sha, "open", at, at)
        )

    def push(self, pull: PullRequest, commit: Commit) -> PullRequest:
        """Move the head of a pull request to this commit."""
        return self._github.put_pull_request(replace(pull, head_sha=commit.sha, updated_at=commit.created_at))

    def merge(self, pull: PullRequest, at: datetime) -> PullRequest:
        """Close a pull request as merged."""
        return self._github.close_pull_request(pull.number, at, merged=True)

    def run(
        self,
        commit: Commit,
        conditions: Conditions = CALM,
        *,
        pull: PullRequest | None = None,
        started_at: datetime | None = None,
        seconds: int = 1,
        announce_start: bool = True,
    ) -> WorkflowRun:
        """Run the workflow for a pushed commit or a pull request, and return the completed run.

        `seconds` is its duration in the payloads. `announce_start` sends also the webhooks `requested` and
        `in_progress`.
        """
        at = started_at or model.now()
        run_id = self._github.number("run")
        run = WorkflowRun(
            id=run_id,
            run_number=self._github.number("run_number"),
            run_attempt=1,
            name="CI",
            path=".github/workflows/ci.yml",
            event="push" if pull is None else "pull_request",
            status="queued",
            conclusion=None,
            head_sha=commit.sha,
            head_branch=commit.branch,
            html_url=f"{self._github.base_url}/{self._github.repository.full_name}/actions/runs/{run_id}",
            run_started_at=at,
            created_at=at,
            updated_at=at,
            actor_login=commit.author_login,
            pull_request=None if pull is None else pull.number,
        )
        return self._execute(run, conditions, VARIANTS, seconds, announce_start=announce_start)

    def rerun(
        self,
        run_id: int,
        failed_only: bool,
        conditions: Conditions = CALM,
        *,
        started_at: datetime | None = None,
        seconds: int = 1,
        announce_start: bool = True,
    ) -> WorkflowRun:
        """Run all variants of a completed run again, or the failed ones, and return the completed attempt.

        Raises:
            RestApiError: the run is not completed.
        """
        with self._lock:
            previous = self._github.run(run_id)
            if previous.status != "completed":
                errors.fail(403, "This workflow is already running")
            at = max(started_at or model.now(), previous.updated_at + _SECOND)
            attempt = previous.run_attempt + 1
            run = replace(
                previous, run_attempt=attempt, status="queued", conclusion=None, run_started_at=at, updated_at=at
            )
            self._github.put_run(run)
            failed = self._failed_variants.get(run_id, set())
        variants = tuple(variant for variant in VARIANTS if variant in failed) if failed_only and failed else VARIANTS
        return self._execute(run, conditions, variants, seconds, announce_start=announce_start)

    def run_next_commit(self, seconds: int = 1) -> WorkflowRun:
        """Push a commit to main and run the workflow for it; LIVE_FLAKE fails, and no other test does."""
        with self._lock:
            message, author = _NEXT_COMMITS[self._next_commit % len(_NEXT_COMMITS)]
            self._next_commit += 1
        defects = self._defects_by_sha.get(self._github.commit("main").sha, ())
        return self.run(self.commit(message, author, model.now(), defects=defects), FLAKING, seconds=seconds)

    def wait(self, seconds: float = 30.0) -> None:
        """Wait for the runs in the background."""
        for thread in list(self._threads):
            thread.join(seconds)

    def close(self) -> None:
        """Wait for the runs in the background and end the test processes."""
        self.wait()
        for process in self._processes.values():
            process.close()

    def _rerun_in_background(self, run_id: int, failed_only: bool) -> None:
        def rerun() -> None:
            try:
                self.rerun(run_id, failed_only)
            except (RestApiError, RuntimeError, OSError):
                _log.exception("The run could not be run again.")

        self._threads = [thread for thread in self._threads if thread.is_alive()]
        thread = threading.Thread(target=rerun, name="ci", daemon=True)
        self._threads.append(thread)
        thread.start()

    def _execute(
        self,
        queued: WorkflowRun,
        conditions: Conditions,
        variants: Sequence[str],
        seconds: int,
        *,
        announce_start: bool,
    ) -> WorkflowRun:
        github = self._github
        with self._lock:
            github.put_run(queued)
            if announce_start:
                github.announce_run("requested", queued)
            running = github.put_run(replace(queued, status="in_progress"))
            if announce_start:
                github.announce_run("in_progress", running)
            with ThreadPoolExecutor(len(variants)) as pool:
                reports = list(pool.map(lambda variant: self._run_tests(running, variant, conditions), variants))
            completed_at = running.run_started_at + timedelta(seconds=seconds)
            for variant, report in zip(variants, reports, strict=True):
                github.put_artifact(
                    Artifact(
                        id=github.number("artifact"),
                        run_id=running.id,
                        name=f"junit-{variant}",
                        data=_zip(report),
                        created_at=completed_at,
                    )
                )
            failed = {variant for variant, report in zip(variants, reports, strict=True) if report.failed}
            self._failed_variants[running.id] = self._failed_variants.get(running.id, set()) - set(variants) | failed
            conclusion = "failure" if failed else "success"
            completed = replace(running, status="completed", conclusion=conclusion, updated_at=completed_at)
            github.put_run(completed)
        self._announce_completed(completed)
        return completed

    def _announce_completed(self, run: WorkflowRun) -> None:
        """Send the webhook `completed`, again and again if the bot is not up yet."""
        delivery = self._github.announce_run("completed", run)
        for _ in range(_REDELIVERIES):
            if 0 < delivery.status < 500 or not self._github.webhooks.bot_url:  # noqa: PLR2004 - HTTP's server errors
                return
            threading.Event().wait(_REDELIVERY_SECONDS)
            delivery = self._github.redeliver(delivery.id)

    def _run_tests(self, run: WorkflowRun, variant: str, conditions: Conditions) -> SuiteReport:
        defects = self._defects_by_sha.get(run.head_sha, ())
        digest = hashlib.sha256(f"{conditions.seed}:{run.run_attempt}:{variant}".encode()).digest()
        seed = int.from_bytes(digest[:4])
        now = run.run_started_at
        if conditions.only is not None:
            now = now.replace(hour=min(now.hour, _LAST_DISPATCH_HOUR - 1))  # so that the late-evening flake passes
        environment = SuiteEnvironment(
            seed=seed,
            now=now,
            slow=conditions.slow.get(variant, ()),
            down=conditions.down,
            defects=defects,
            shuffle=variant == SHUFFLED_VARIANT,
        )
        report = self._processes[variant].run(environment)
        if conditions.only is None:
            return report
        expected = conditions.only | {_TESTS_BY_DEFECT[defect] for defect in defects}
        for offset in range(1, _SEEDS):
            if expected.issuperset(report.failed):
                break
            report = self._processes[variant].run(replace(environment, seed=seed + offset))
        return report


def _zip(report: SuiteReport) -> bytes:
    """Return an artifact's zip with this report."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("reports/junit.xml", report.xml)
    return buffer.getvalue()
