"""The worker: takes jobs from the queue, runs them in threads, decides what is tried again."""

from __future__ import annotations

import asyncio
import math
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import procrastinate
from procrastinate.exceptions import ConnectorException, UniqueViolation
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
"""Threads per queue: runs being read and a Slack that does not answer are never in each other's way."""
_THREADS = sum(CONCURRENCY.values())
_PATIENT_ATTEMPTS = 200
_UNEXPECTED_ATTEMPTS = 5
_LONGEST_WAIT = 60.0
_POLL = 0.1  # seconds; a job that waited for another one's lock is not notified of its end
_HEARTBEAT = 3.0
_STALLED = 12.0
_log = telemetry.logger(__name__)


class _Patience(BaseRetryStrategy):
    """What is worth another try: another service's trouble for hours, our own surprise a few times."""

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision | None:
        if isinstance(exception, UserError | PermanentUpstreamError):
            return None
        patient = isinstance(exception, UpstreamError)
        if job.attempts >= (_PATIENT_ATTEMPTS if patient else _UNEXPECTED_ATTEMPTS):
            return None
        wait = min(2.0 ** min(job.attempts, 10), _LONGEST_WAIT)
        if isinstance(exception, UpstreamError) and exception.retry_after is not None:
            wait = max(exception.retry_after, 1.0)
        return RetryDecision(retry_in={"seconds": math.ceil(wait)})


class _Jobs(JobManager):
    """The queue, in which a job that is to be tried again gives way, and its wait, to one that waits for the same."""

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
        """Begin to take jobs."""
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
            app.job_manager = _Jobs(connector)
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
            except Exception:  # noqa: BLE001  # the database may be away: the worker must come back with it
                _log.exception("worker interrupted, it starts again")
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
            fetch_job_polling_interval=_POLL,
            update_heartbeat_interval=_HEARTBEAT,
            stalled_worker_timeout=_STALLED,
            shutdown_graceful_timeout=15,
        )

    async def _watch(self, app: procrastinate.App) -> None:
        """Give the jobs of workers that died back to the queue."""
        while True:
            await asyncio.sleep(_HEARTBEAT)
            try:
                await self._recover(app)
            except ConnectorException as error:
                _log.warning("jobs of lost workers not looked for", reason=str(error))

    async def _recover(self, app: procrastinate.App) -> None:
        for job in await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=_STALLED):
            try:
                await app.job_manager.retry_job(job)
            except ConnectorException:  # another process was first
                continue
            _log.warning("job of a lost worker taken up again", job=job.id, task=job.task_name)

    def _register(self, app: procrastinate.App) -> None:
        self._task_of(app, queue.INGEST, lambda arguments: inbox.process(self._context, str(arguments["delivery_id"])))
        self._task_of(app, queue.NOTICE, lambda arguments: outbox.send(self._context, int(arguments["notice_id"])))
        self._task_of(app, queue.CHANNEL, lambda arguments: outbox.send_next(self._context, _channel(arguments)))
        self._task_of(app, queue.POLICY, lambda arguments: policy.fetch(self._context, _repository(arguments)))

        self._task_of(app, queue.REBUILD, lambda given: rescore.rescore(self._context, _repository(given)))
        self._task_of(app, queue.RECOVERY, lambda given: rescore.release(self._context, _repository(given)))
        self._task_of(
            app, queue.CLUSTERS, lambda given: upkeep.refresh_clusters(self._context, int(given["repository_id"]))
        )
        self._task_of(app, queue.LEARN, lambda given: upkeep.learn(self._context, int(given["repository_id"])))

    def _task_of(self, app: procrastinate.App, name: str, action: Callable[[dict[str, str | int]], object]) -> None:
        def run(correlation_id: str, **arguments: str | int) -> None:
            with telemetry.correlated(correlation_id):
                try:
                    action(arguments)
                except UpstreamError as error:
                    telemetry.jobs_total.labels(task=name, outcome="postponed").inc()
                    _log.warning("job postponed", task=name, reason=str(error))
                    raise
                except Exception:
                    telemetry.jobs_total.labels(task=name, outcome="failed").inc()
                    _log.exception("job failed", task=name)
                    raise
                telemetry.jobs_total.labels(task=name, outcome="done").inc()

        app.task(name=name, retry=_Patience())(run)


def _repository(arguments: dict[str, str | int]) -> RepositoryId:
    return RepositoryId(int(arguments["repository_id"]))


def _channel(arguments: dict[str, str | int]) -> Channel:
    return Channel(WorkspaceId(int(arguments["workspace_id"])), str(arguments["channel"]))
