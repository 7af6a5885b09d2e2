"""Background work on the scores of a repository: re-scoring it, and releasing recovered cases."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from bot import telemetry
from bot.analysis.model import Channel, RepositoryId
from bot.errors import NotFoundError
from bot.jobs.context import Context
from bot.services import automation, rebuild
from bot.services.rebuild import RepositoryReplay
from bot.store.database import Session
from bot.store.scores import rescore as rescore_store
from bot.store.workspaces import repository as repository_store

_log = telemetry.logger(__name__)


def choose(session: Session, names: Sequence[str]) -> list[repository_store.Repository]:
    """The repositories of these names, or every one that is present.

    Raises:
        NotFoundError: a name is not known.
    """
    if not names:
        return list(repository_store.list_present(session))
    found = {name: repository_store.find_by_name(session, name) for name in names}
    chosen = [one for one in found.values() if one is not None]
    if len(chosen) < len(found):
        unknown = ", ".join(name for name, one in found.items() if one is None)
        message = f"FlakeGuard does not know {unknown}; write owner/repo as GitHub does, or --all."
        raise NotFoundError(message)
    return chosen


def rescore(context: Context, repository_id: RepositoryId) -> int:
    """Re-score a repository from its stored runs if that was requested; returns the number of runs.

    A process killed at any point has changed nothing; the next try of the job starts over.
    """
    while True:
        with context.db.begin() as session:
            if not rescore_store.find(session, repository_id).is_pending:
                return 0
            replay = rebuild.begin(session, repository_id)
        reading = True
        while reading:
            with context.db.begin() as session:
                reading = rebuild.advance(session, replay) > 0
        with context.db.begin() as session:
            if finish(session, replay, context.default_channel_of(session), context.clock()):
                return len(replay.terms)


def finish(session: Session, replay: RepositoryReplay, channel: Channel | None, now: datetime) -> bool:
    """Replace the scores by those of a rebuild, and take back what runs that left them caused, in one transaction.

    Returns False, with nothing changed, if a rebuild was requested since this one began: it has to start again.
    """
    repository_id = replay.repository_id
    rebuilt = rebuild.finish(session, replay, now)
    if rebuilt is None:
        return False
    automation.suspend_broken(session, repository_id, rebuilt.changes, now)
    rebuild.announce(session, repository_id, rebuilt, channel, now)
    taken_back = automation.take_back(session, repository_id, replay.left_out, rebuilt.statuses, now)
    _log.info(
        "scores rebuilt",
        repository=repository_id,
        runs=len(replay.terms),
        left_out=len(replay.left_out),
        changes=len(rebuilt.changes),
        taken_back=taken_back,
    )
    return True


def release(context: Context, repository_id: RepositoryId) -> None:
    """Lift the quarantines of a repository whose cases are well again."""
    with context.db.begin() as session:
        released = automation.release_recovered(session, repository_id, context.clock())
    if released:
        _log.info("quarantines lifted by evidence", repository=repository_id, number=len(released))
