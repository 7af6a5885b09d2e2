"""The clock: what recurs. Every process has the same schedule in memory; what it starts is harmless twice."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, timedelta

from apscheduler.schedulers.background import BackgroundScheduler

from bot import telemetry
from bot.analysis.model import Status
from bot.errors import FlakeGuardError
from bot.jobs.context import Context
from bot.services import digest, escalation, judge, learning, quarantine, rebuild
from bot.store import queue
from bot.store.conversation import channel_schedule as channel_schedule_store
from bot.store.conversation import home as home_store
from bot.store.conversation import message as message_store
from bot.store.conversation import notice as notice_store
from bot.store.decisions import mute as mute_store
from bot.store.runs import case_order as case_order_store
from bot.store.runs import delivery as delivery_store
from bot.store.scores import score as score_store

_KEEP = timedelta(days=30)
_KEEP_SUCCEEDED = timedelta(days=1)
_log = telemetry.logger(__name__)


class Clock:
    """The recurring jobs of one process."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._scheduler = BackgroundScheduler(timezone=UTC, job_defaults={"coalesce": True, "max_instances": 1})
        self._every(1, self.enqueue)
        self._every(20, self.digests)
        self._every(300, self.escalate)
        self._every(60, self.expire)
        self._every(60, self.rescore, at_once=True)
        self._every(60, self.compute_features)
        self._every(15, self.watch_queue)
        self._every(3600, self.age)
        self._every(6 * 3600, self.clean_up)

    def start(self) -> None:
        """Begin to tick."""
        self._scheduler.start()

    def stop(self) -> None:
        """Stop ticking."""
        if self._scheduler.running:
            self._scheduler.shutdown(wait=True)

    def enqueue(self) -> None:
        """Queue the notices that have become due."""
        with self._context.db.begin() as session:
            channel_schedule_store.enqueue_due(session, self._context.clock())
            notice_store.enqueue_due(session, self._context.clock())

    def digests(self) -> None:
        """Ask for the digests that are due."""
        with self._context.db.begin() as session:
            digest.put_due(session, self._context.clock())

    def escalate(self) -> None:
        """Escalate proposals and suspensions that wait for a decision, and remind of quarantines that end soon."""
        with self._context.db.begin() as session:
            escalations = escalation.escalate(session, self._context.clock())
            reminders = escalation.remind(session, self._context.clock())
        if escalations or reminders:
            _log.info("decisions escalated", escalations=escalations, reminders=reminders)

    def expire(self) -> None:
        """End the quarantines whose time is over."""
        with self._context.db.begin() as session:
            ended = quarantine.expire_due(session, self._context.clock())
        if ended:
            _log.info("quarantines expired", number=ended)

    def rescore(self) -> None:
        """Queue the repositories whose scores are of another model, and those whose job was lost."""
        with self._context.db.begin() as session:
            asked = rebuild.request_outdated(session, self._context.clock())
        if asked:
            _log.info("repositories to be scored again", number=len(asked))

    def compute_features(self) -> None:
        """Queue the computation of features for new labels."""
        with self._context.db.begin() as session:
            learning.enqueue_features(session)

    def age(self) -> None:
        """End the statuses that end with time."""
        with self._context.db.begin() as session:
            repository_ids = score_store.list_repositories(session, Status.INFRA)
        ended = 0
        for repository_id in repository_ids:
            with self._context.db.begin() as session:
                ended += judge.end_infra(session, repository_id, self._context.clock())
        if ended:
            _log.info("statuses ended with time", number=ended)

    def watch_queue(self) -> None:
        """Measure how much waits."""
        with self._context.db.begin() as session:
            counted = queue.count(session)
        for state in ("todo", "doing"):
            telemetry.queue_jobs.labels(state=state).set(counted.get(state, 0))

    def clean_up(self) -> None:
        """Delete old deliveries and jobs, mutes that are over, and what nobody has opened for a month."""
        with self._context.db.begin() as session:
            delivery_store.forget(session, self._context.clock() - _KEEP)
            queue.forget_ended(session, self._context.clock() - _KEEP_SUCCEEDED, self._context.clock() - _KEEP)
            mute_store.forget_over(session, self._context.clock())
            home_store.forget(session, self._context.clock() - _KEEP)
            message_store.forget_shared_links(session, self._context.clock() - _KEEP)
            case_order_store.forget_old(session)

    def _every(self, seconds: int, action: Callable[[], None], *, at_once: bool = False) -> None:
        def tick() -> None:
            try:
                action()
            except FlakeGuardError as error:
                _log.warning("tick failed", action=action.__name__, reason=str(error))

        first = {"next_run_time": self._context.clock()} if at_once else {}
        self._scheduler.add_job(tick, "interval", seconds=seconds, id=action.__name__, **first)
