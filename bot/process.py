"""What a process of FlakeGuard does: serve until it is stopped, or one task."""

from __future__ import annotations

import signal
import socket
import threading
from collections.abc import Iterator, Sequence
from types import FrameType

from bot import app, telemetry
from bot.app import Bot
from bot.config import Settings
from bot.errors import ConfigurationError
from bot.jobs import rescore
from bot.jobs.worker import Worker
from bot.store.scores import rescore as rescore_store

_log = telemetry.logger(__name__)


def serve(settings: Settings) -> None:
    """Run the bot until it gets a signal to stop: HTTP, Slack, the worker and the clock in one process."""
    # uvicorn gives the signal back once it has shut down; by then it must end us by the way of `finally`.
    signal.signal(signal.SIGTERM, _end)
    signal.signal(signal.SIGINT, _end)
    with Bot(settings) as bot:
        bot.prepare()
        app.server(bot).run(sockets=[_listen(settings)])


def work(settings: Settings) -> None:
    """Run one more worker until it gets a signal to stop."""
    with Bot(settings) as bot:
        bot.prepare()
        worker = Worker(bot.context)
        stopping = threading.Event()

        def stop(_number: int, _frame: FrameType | None) -> None:
            stopping.set()

        signal.signal(signal.SIGTERM, stop)
        signal.signal(signal.SIGINT, stop)
        worker.start()
        _log.info("worker ready")
        while worker.is_alive and not stopping.wait(1):
            pass
        worker.stop()


def migrate(settings: Settings) -> None:
    """Bring the tables to the newest revision, and end."""
    with Bot(settings) as bot:
        bot.migrate()


def rebuild(settings: Settings, names: Sequence[str]) -> Iterator[tuple[str, int]]:
    """Re-score repositories, all when none is named; yields each with its number of runs when it is done.

    Raises:
        NotFoundError: a name is not known; nothing is done then.
    """
    with Bot(settings) as bot:
        bot.prepare()
        with bot.db.begin() as session:
            wanted = rescore.choose(session, names)
        for repository in wanted:
            with bot.db.begin() as session:
                rescore_store.put(session, [repository.id], "command", bot.context.clock())
            yield repository.full_name, rescore.rescore(bot.context, repository.id)


def rotate_keys(settings: Settings) -> int:
    """Seal every stored token with the newest key, and end; returns how many."""
    with Bot(settings) as bot:
        bot.prepare()
        return bot.tokens.reseal()


def _end(_number: int, _frame: FrameType | None) -> None:
    raise SystemExit(0)


def _listen(settings: Settings) -> socket.socket:
    try:
        return socket.create_server((settings.host, settings.port), backlog=1024)
    except OSError as error:
        message = f"PORT: {settings.host}:{settings.port} cannot be used ({error.strerror}); choose another one."
        raise ConfigurationError(message) from None
