"""Plays CI: a commit becomes a workflow run, the shop's tests really run, and their reports become artifacts."""

from __future__ import annotations

import hashlib
import io
import logging
import threading
import zipfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from bot.sandbox.github import server
from bot.sandbox.github.model import Artifact, Commit, PullRequest, RefusalError, WorkflowRun
from bot.sandbox.github.server import GitHubServer
from bot.sandbox.shop import suite
from bot.sandbox.shop.suite import Report, Suite, World

VARIANTS = ("linux-py3.11", "linux-py3.13")
SHUFFLED = "linux-py3.13"
"""The variant that runs the tests in an order of chance."""
LIVE_FLAKE = "tests/test_checkout.py::test_total_with_discount"
LIVE_SERVICE = "discounts"
_LAST_VAN = 22
_SEEDS = 40
_SECOND = timedelta(seconds=1)
_RETRIES = 20
_RETRY_SECONDS = 0.5
_SERVER_ERROR = 500
_FORBIDDEN = 403
_BREAKS = {
    "shipping": "tests/test_shipping.py::test_free_shipping_from_fifty",
    "tax": "tests/test_tax.py::test_price_with_tax[FR-12.00]",
    "search": "tests/test_search.py::test_finding_ignores_case",
}
_AGAIN = (
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
    """What a run meets beside its code: chance, and services that are slow (by variant) or down.

    `only` draws chance again until nothing fails but these tests and what the code breaks; None takes it as it comes.
    """

    seed: int = 1
    slow: dict[str, tuple[str, ...]] = field(default_factory=dict)
    down: tuple[str, ...] = ()
    only: frozenset[str] | None = None


CALM = Conditions(only=frozenset())
"""Nothing fails but what the code breaks."""
FLAKING = Conditions(slow={SHUFFLED: (LIVE_SERVICE,)}, only=frozenset({LIVE_FLAKE}))
"""The discount service is slow, so the flake of the live part fails, and nothing else."""


class Ci:
    """Runs the workflow of a commit or a pull request and says so by webhooks."""

    def __init__(self, github: GitHubServer) -> None:
        self._github = github
        self._suites = {variant: Suite() for variant in VARIANTS}
        self._code: dict[str, tuple[str, ...]] = {}
        self._failed: dict[int, set[str]] = {}
        self._lock = threading.RLock()
        self._threads: list[threading.Thread] = []
        self._again = 0
        github.files.update(suite.sources())
        github.on_rerun = self._rerun_later

    def commit(
        self,
        message: str,
        author: str,
        at: datetime,
        *,
        branch: str = "main",
        code: tuple[str, ...] = (),
    ) -> Commit:
        """Push a commit; `code` names the changes that break something as of it."""
        with self._lock:
            parent = next((one.sha for one in self._github.commits() if one.branch in {branch, "main"}), "")
            number = self._github.number("commit")
            sha = hashlib.sha1(f"{number}:{branch}:{message}".encode(), usedforsecurity=False).hexdigest()
            self._code[sha] = code
            return self._github.put_commit(Commit(sha, message, author, branch, at, parent))

    def open_pull_request(self, title: str, commit: Commit) -> PullRequest:
        """Open a pull request of a branch on which this commit is."""
        base = self._github.commit("main").sha
        number = self._github.number("pull")
        at = commit.created_at
        return self._github.put_pull_request(
            PullRequest(number, title, commit.author_login, commit.branch, commit.sha, base, "open", at, at)
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
        steps: bool = True,
    ) -> WorkflowRun:
        """Run CI for a commit, as a push or for a pull request, and return the completed run.

        It takes `seconds` in the payloads; `steps` announces it as requested and in progress first.
        """
        at = started_at or server.now()
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
        return self._execute(run, conditions, VARIANTS, seconds, steps=steps)

    def rerun(
        self,
        run_id: int,
        failed_only: bool,
        conditions: Conditions = CALM,
        *,
        started_at: datetime | None = None,
        seconds: int = 1,
        steps: bool = True,
    ) -> WorkflowRun:
        """Run a completed run again as its next attempt: all its variants, or those that failed.

        A run that still goes on is refused.
        """
        with self._lock:
            before = self._github.run(run_id)
            if before.status != "completed":
                message = "This workflow is already running"
                raise RefusalError(_FORBIDDEN, message)
            at = max(started_at or server.now(), before.updated_at + _SECOND)
            run = replace(
                before,
                run_attempt=before.run_attempt + 1,
                status="queued",
                conclusion=None,
                run_started_at=at,
                updated_at=at,
            )
            self._github.put_run(run)
            failed = self._failed.get(run_id, set())
        variants = tuple(variant for variant in VARIANTS if variant in failed) if failed_only and failed else VARIANTS
        return self._execute(run, conditions, variants, seconds, steps=steps)

    def run_again(self, seconds: int = 1) -> WorkflowRun:
        """Push the next commit to main; its run fails with the flake of the live part, and with nothing else."""
        with self._lock:
            message, author = _AGAIN[self._again % len(_AGAIN)]
            self._again += 1
        code = self._code.get(self._github.commit("main").sha, ())
        return self.run(self.commit(message, author, server.now(), code=code), FLAKING, seconds=seconds)

    def wait(self, seconds: float = 30.0) -> None:
        """Wait for runs that go on in the background."""
        for thread in list(self._threads):
            thread.join(seconds)

    def close(self) -> None:
        """Wait for what runs and end the test processes."""
        self.wait()
        for one in self._suites.values():
            one.close()

    def _rerun_later(self, run_id: int, failed_only: bool) -> None:
        """Run again without making whoever asked wait."""
        self._threads = [thread for thread in self._threads if thread.is_alive()]
        thread = threading.Thread(target=self._rerun_logged, args=(run_id, failed_only), name="ci", daemon=True)
        self._threads.append(thread)
        thread.start()

    def _rerun_logged(self, run_id: int, failed_only: bool) -> None:
        try:
            self.rerun(run_id, failed_only)
        except (RefusalError, RuntimeError, OSError):
            _log.exception("The run could not be run again.")

    def _execute(
        self, queued: WorkflowRun, conditions: Conditions, variants: tuple[str, ...], seconds: int, *, steps: bool
    ) -> WorkflowRun:
        github = self._github
        with self._lock:
            github.put_run(queued)
            if steps:
                github.announce_run("requested", queued)
            running = github.put_run(replace(queued, status="in_progress"))
            if steps:
                github.announce_run("in_progress", running)
            with ThreadPoolExecutor(len(variants)) as pool:
                reports = list(pool.map(lambda variant: self._test(running, variant, conditions), variants))
            done_at = running.run_started_at + timedelta(seconds=seconds)
            for variant, report in zip(variants, reports, strict=True):
                github.put_artifact(
                    Artifact(
                        id=github.number("artifact"),
                        run_id=running.id,
                        name=f"junit-{variant}",
                        data=_zip(report),
                        created_at=done_at,
                    )
                )
                self._remember(running, variant, failed=bool(report.failed))
            conclusion = "failure" if any(report.failed for report in reports) else "success"
            done = replace(running, status="completed", conclusion=conclusion, updated_at=done_at)
            github.put_run(done)
        self.deliver(done)
        return done

    def deliver(self, run: WorkflowRun) -> None:
        """Announce a completed run; a receiver that is not there yet is asked again."""
        delivery = self._github.announce_run("completed", run)
        for _ in range(_RETRIES):
            if delivery.status and delivery.status < _SERVER_ERROR:
                return
            if not self._github.webhooks.bot_url:
                return
            threading.Event().wait(_RETRY_SECONDS)
            delivery = self._github.redeliver(delivery.id)

    def _test(self, run: WorkflowRun, variant: str, conditions: Conditions) -> Report:
        """Run the tests of one variant."""
        code = self._code.get(run.head_sha, ())
        seed = int.from_bytes(hashlib.sha256(f"{conditions.seed}:{run.run_attempt}:{variant}".encode()).digest()[:4])
        at = run.run_started_at
        if conditions.only is not None:
            at = at.replace(hour=min(at.hour, _LAST_VAN - 1))  # the test that fails late in the evening is not wanted
        world = World(
            seed=seed,
            now=at,
            slow=conditions.slow.get(variant, ()),
            down=conditions.down,
            code=code,
            shuffle=variant == SHUFFLED,
        )
        report = self._suites[variant].run(world)
        if conditions.only is None:
            return report
        wanted = conditions.only | _broken(code)
        for more in range(1, _SEEDS):
            if wanted.issuperset(report.failed):
                break
            report = self._suites[variant].run(replace(world, seed=seed + more))
        return report

    def _remember(self, run: WorkflowRun, variant: str, *, failed: bool) -> None:
        variants = self._failed.setdefault(run.id, set())
        variants.discard(variant)
        if failed:
            variants.add(variant)


def _broken(code: tuple[str, ...]) -> frozenset[str]:
    return frozenset(_BREAKS[name] for name in code)


def _zip(report: Report) -> bytes:
    """The artifact that a run uploads: the report in a zip."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("reports/junit.xml", report.xml)
    return packed.getvalue()
