"""The worker: takes jobs from the queue, runs them in threads, and decides which are retried."""

from __future__ import annotations

import asyncio
import math
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Final

import procrastinate
from procrastinate.exceptions import ConnectorException, UniqueViolation
from procrastinate.job_context import JobContext
from procrastinate.jobs import Job, Status
from procrastinate.manager import JobManager
from procrastinate.retry import BaseRetryStrategy, RetryDecision

from bot import telemetry
from bot.analysis.model import Channel, RepositoryId, WorkspaceId
from bot.errors import PermanentUpstreamError, UpstreamError, UserError
from bot.jobs import inbox, outbox, policy, rescore, upkeep
from bot.jobs.context import Context
from bot.store import queue
from bot.store.queue import HAND_ON

CONCURRENCY = {queue.DEFAULT: 4, queue.MESSAGES: 4}
"""Threads per queue, so that reading runs and waiting for Slack do not block each other."""
_THREADS = sum(CONCURRENCY.values())
_UPSTREAM_ATTEMPTS = 200
"""About three hours: as long as an outage of GitHub or Slack may last."""
_UNEXPECTED_ATTEMPTS = 5
_LONGEST_WAIT_SECONDS = 60.0
_POLL_SECONDS = 0.1  # no notification is sent when a lock that a job waits for is released
_HEARTBEAT_SECONDS = 3.0
_STALLED_SECONDS = 12.0
_GRACE_SECONDS = 15
_Arguments = dict[str, str | int]
_log = telemetry.logger(__name__)


class _RetryStrategy(BaseRetryStrategy):
    """Retries what failed upstream for hours, an unexpected error a few times, and what was refused never."""

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision | None:
        if isinstance(exception, UserError | PermanentUpstreamError):
            return None
        is_upstream = isinstance(exception, UpstreamError)
        if job.attempts >= (_UPSTREAM_ATTEMPTS if is_upstream else _UNEXPECTED_ATTEMPTS):
            return None
        wait = min(2.0 ** min(job.attempts, 10), _LONGEST_WAIT_SECONDS)
        if isinstance(exception, UpstreamError) and exception.retry_after is not None:
            wait = max(exception.retry_after, 1.0)
        return RetryDecision(retry_in={"seconds": math.ceil(wait)})


_RETRY: Final = _RetryStrategy()


class _JobManager(JobManager):
    """Drops the retry of a job whose equivalent is queued, and moves its delay to that job."""

    async def retry_job_by_id_async(
        self,
        job_id: int,
        retry_at: datetime,
        priority: int | None = None,
        queue: str | None = None,
        lock: str | None = None,
    ) -> None:
        try:
            await super().retry_job_by_id_async(job_id, retry_at, priority, queue, lock)
        except UniqueViolation:
            await self.connector.execute_query_async(HAND_ON, job_id=job_id, retry_at=retry_at)
            await self.finish_job_by_id_async(job_id, Status.FAILED, delete_job=True)


class Worker:
    """A worker in a thread of its own, with an event loop of its own."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._thread = threading.Thread(target=self._run, name="worker", daemon=True)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[None] | None = None
        self._stopping = threading.Event()
        self._ready = threading.Event()

    def start(self) -> None:
        """Start taking jobs."""
        self._thread.start()

    def stop(self, timeout: float = 20) -> None:
        """Take no more jobs, and wait for those that run."""
        self._stopping.set()
        self._ready.wait(5)
        if self._loop is not None and self._task is not None and self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._task.cancel)
            self._thread.join(timeout)

    def wait(self) -> None:
        """Block until the worker ends."""
        self._thread.join()

    @property
    def is_alive(self) -> bool:
        """Whether the worker takes jobs."""
        return self._thread.is_alive()

    def _run(self) -> None:
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._loop.set_default_executor(ThreadPoolExecutor(_THREADS + 1, thread_name_prefix="job"))
        while not self._stopping.is_set():
            connector = procrastinate.PsycopgConnector(
                conninfo=self._context.db.conninfo, min_size=1, max_size=_THREADS + 4
            )
            app = procrastinate.App(connector=connector)
            app.job_manager = _JobManager(connector)
            self._register(app)
            try:
                async with app.open_async():
                    await self._recover(app)
                    self._task = asyncio.create_task(self._work_all(app))
                    watch = asyncio.create_task(self._watch(app))
                    self._ready.set()
                    try:
                        await self._task
                    finally:
                        watch.cancel()
            except asyncio.CancelledError:
                return
            except Exception:  # noqa: BLE001  # the database may be away, and the worker has to survive that
                _log.exception("worker interrupted, it restarts")
                await asyncio.sleep(1)

    async def _work_all(self, app: procrastinate.App) -> None:
        async with asyncio.TaskGroup() as workers:
            for name in CONCURRENCY:
                workers.create_task(self._work(app, name))

    async def _work(self, app: procrastinate.App, name: str) -> None:
        await app.run_worker_async(
            queues=[name],
            name=name,
            concurrency=CONCURRENCY[name],
            install_signal_handlers=False,
            fetch_job_polling_interval=_POLL_SECONDS,
            update_heartbeat_interval=_HEARTBEAT_SECONDS,
            stalled_worker_timeout=_STALLED_SECONDS,
            shutdown_graceful_timeout=_GRACE_SECONDS,
        )

    async def _watch(self, app: procrastinate.App) -> None:
        """Return the jobs of workers that died to the queue, again and again."""
        while True:
            await asyncio.sleep(_HEARTBEAT_SECONDS)
            try:
                await self._recover(app)
            except ConnectorException as error:
                _log.warning("stalled jobs not looked for", reason=str(error))

    async def _recover(self, app: procrastinate.App) -> None:
        for job in await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=_STALLED_SECONDS):
            try:
                await app.job_manager.retry_job(job)
            except ConnectorException:  # another process was first
                continue
            _log.warning("stalled job returned to the queue", job=job.id, task=job.task_name)

    def _register(self, app: procrastinate.App) -> None:
        for name, handler in _HANDLERS.items():
            app.task(name=name, retry=_RETRY, pass_context=True)(self._task_of(name, handler))

    def _task_of(self, name: str, handler: Callable[[Context, _Arguments], object]) -> Callable[..., None]:
        def run(job_context: JobContext, correlation_id: str, **arguments: str | int) -> None:
            with telemetry.correlated(correlation_id):
                try:
                    handler(self._context, arguments)
                except Exception as error:
                    if isinstance(error, UpstreamError):
                        telemetry.jobs_total.labels(task=name, outcome="postponed").inc()
                        _log.warning("job will be retried", task=name, reason=str(error))
                    else:
                        telemetry.jobs_total.labels(task=name, outcome="failed").inc()
                        _log.exception("job failed", task=name)
                    is_last = _RETRY.get_retry_decision(exception=error, job=job_context.job) is None
                    if is_last and name == queue.INGEST:
                        inbox.give_up(self._context, str(arguments["delivery_id"]), error)
                    raise
                telemetry.jobs_total.labels(task=name, outcome="done").inc()

        return run


def _ingest(context: Context, arguments: _Arguments) -> None:
    inbox.process(context, str(arguments["delivery_id"]))


def _notice(context: Context, arguments: _Arguments) -> None:
    outbox.send(context, int(arguments["notice_id"]))


def _channel(context: Context, arguments: _Arguments) -> None:
    workspace_id = WorkspaceId(int(arguments["workspace_id"]))
    outbox.send_next(context, Channel(workspace_id, str(arguments["channel"])))


def _of_repository(handler: Callable[[Context, RepositoryId], object]) -> Callable[[Context, _Arguments], object]:
    return lambda context, arguments: handler(context, RepositoryId(int(arguments["repository_id"])))


_HANDLERS: Final[Mapping[str, Callable[[Context, _Arguments], object]]] = {
    queue.INGEST: _ingest,
    queue.NOTICE: _notice,
    queue.CHANNEL: _channel,
    queue.POLICY: _of_repository(policy.fetch),
    queue.REBUILD: _of_repository(rescore.rescore),
    queue.RECOVERY: _of_repository(rescore.release),
    queue.CLUSTERS: _of_repository(upkeep.refresh_clusters),
    queue.FEATURES: _of_repository(upkeep.compute_features),
    queue.LEARN: _of_repository(upkeep.learn),
}
